"""No question of a page keeps the database busy for ever: jobs may take their time, a web request may not."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

RETRY = 30  # seconds; what keeps the database busy now may be over then


def bound_statements() -> None:
    """For this process, from the next connection on: called by the WSGI server, never by jobs and commands."""
    connection_created.connect(_bound, dispatch_uid="statement limit")


def _bound(connection: Any, **kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{settings.STATEMENT_LIMIT}s"])


class Middleware:
    """Tells who has asked too much so, with 503, instead of as a fault of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not (isinstance(error, DatabaseError) and isinstance(error.__cause__, QueryCanceled)):
            return None
        says = _("This takes the database too long. Ask for a shorter period or for fewer people.")
        if request.path_info.startswith("/api/"):
            response: HttpResponse = JsonResponse({"detail": says}, status=503)
        else:
            response = render(request, "too_long.html", {"says": says}, status=503)
        response.headers["Retry-After"] = str(RETRY)
        return response
