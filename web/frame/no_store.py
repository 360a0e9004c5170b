"""Answers with people's money and names are kept by no cache on the way, nor by the browser of a shared computer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

NOWHERE = "private, no-store"


def middleware(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """What says otherwise itself stays; files of the frame do not come this way."""

    def keep_nowhere(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault("Cache-Control", NOWHERE)
        return response

    return keep_nowhere
