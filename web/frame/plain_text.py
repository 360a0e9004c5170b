"""Addresses that no database can look up: PostgreSQL's text holds no zero byte, so such an address asks for nothing."""

from collections.abc import Callable
from urllib.parse import unquote_plus

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """404 for a path and 400 for a query with a zero byte, before anybody asks for anything with it."""

    def answer(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path:
            raise Http404
        if "\0" in unquote_plus(request.META.get("QUERY_STRING", "")):
            says = _("An address may not hold a zero byte.")
            return HttpResponseBadRequest(says, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return answer
