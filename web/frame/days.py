"""Days and hours on pages are those of the portal's zone, from the first moment of an answer to its last."""

from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.zone import portal_zone


def middleware(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def tell_time(request: HttpRequest) -> HttpResponse:
        try:
            zone = portal_zone()
        except DatabaseError:  # whoever needs the database will say so; health must answer without it
            return answer(request)
        with timezone.override(zone):
            return answer(request)

    return tell_time
