"""While many deals wait to be judged, findings, quality and money on pages are not the last word: they say so."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pipelines.models.judgement import BACKLOG, MOST_SEEN

FEW = 200  # deals that are judged before a reader has looked: what people do all day


def tell(backlog: Sequence[int], few: int = FEW) -> dict[str, Any]:
    """Context of ``parts/judging.html``; empty where fewer deals wait. ``left`` is None where it is not counted yet."""
    deals, requests, uncut = backlog
    if uncut:
        return {"left": None}
    return {"left": deals, "more": requests == MOST_SEEN} if deals >= few else {}


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """The words on an open page, which asks for them until the last deal has been judged."""
    with connection.cursor() as cursor:
        cursor.execute(BACKLOG)
        [found] = cursor.fetchone()
    return render(request, "parts/judging.html", {"judging": tell(found, few=1), "asked": True})
