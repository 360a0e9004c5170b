"""Quality by person and stage over weeks, the load beside it: too much to do is told from not doing it."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import moment
from core.periods import Period
from core.zone import local_day, portal_zone
from metrics.discipline import Cell, Line, measure_compliance, measure_discipline
from pipelines.models import Person, Stage
from qc import queries
from team.models import Employee
from team.schedules import load_clocks
from web.frame import listing
from web.frame.permissions import for_heads

WEEKS = 13
FEW = 10  # checks below which a score is no number to compare by
SHOWS = ("density", "share")


@require_safe
@for_heads
def quality(request: HttpRequest) -> HttpResponse:
    """``show``: cases for 100 deal-days, or the share of the department's cases over the share of its deal-days."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    show = request.GET.get("show") or SHOWS[0]
    if show not in SHOWS:
        problem = _("There is no view “%(show)s”.") % {"show": show[:40]}
        return render(request, "review/quality.html", {"problems": [problem]}, status=422)
    now = moment.now()
    weeks = _weeks(now)
    found = measure_discipline(weeks, user.sees, load_clocks(user.sees), now)
    month = Period(weeks[-4].start, weeks[-1].end, "")
    counted = queries.quality(month, user.sees)
    timed = queries.quality_by_time(month, user.sees)
    names = dict(Person.objects.filter(pk__in=[one.key for one in found.people]).values_list("pk", "name"))
    stages = Stage.objects.in_bulk([one.key for one in found.stages if one.key])
    context: dict[str, Any] = {
        "show": show,
        "weeks": weeks,
        "views": [
            (label, reverse("review-quality") + (f"?show={name}" if name != SHOWS[0] else ""), name == show)
            for name, label in (("density", _("Per 100 deal-days")), ("share", _("Share of cases")))
        ],
        "people": [
            _row(names.get(one.key) or str(one.key), one, found.whole, weeks, {"manager": one.key}, show)
            | {
                "scores": _scores(counted.get(one.key, ())),
                "time": queries.time_score(timed.get(one.key, ())),
            }
            for one in found.people
            if one.whole.days >= 1
        ],
        "stages": [
            _row(stages[one.key].name, one, found.whole, weeks, {"stage": one.key}, show)
            for one in found.stages
            if one.key in stages and one.whole.days >= 1
        ],
        "whole": _row(_("Department"), found.whole, found.whole, weeks, {}, "density"),
        "touch": found.touch,
        "acts": found.acts,
        "compliance": measure_compliance(weeks[-2], user.sees, now),
        "compliance_week": weeks[-2],
    }
    if form := listing.asked_file(request):
        rows = [*context["people"], *context["stages"], context["whole"]]
        return listing.export_rows(_("Quality and load"), form, rows, _columns(weeks))
    context["verbs"] = listing.file_addresses(request)
    return render(request, "review/quality.html", context)


def _columns(weeks: list[Period]) -> listing.Columns:
    """Whose, then a week a column: findings per 100 deal-days, empty without any; then what the weeks rest on."""

    def of_week(place: int) -> Callable[[Any], Any]:
        return lambda row: row["cells"][place]["density"]

    return [
        (_("Whose"), lambda row: str(row["name"])),
        *((week.label, of_week(place)) for place, week in enumerate(weeks)),
        (_("Cases"), lambda row: sum(cell["cases"] for cell in row["cells"])),
        (_("Deal-days"), lambda row: sum(cell["days"] for cell in row["cells"])),
    ]


def _weeks(now: datetime) -> list[Period]:
    """From Monday to Monday, the last one still going on."""
    day = local_day(now)
    monday = day - timedelta(days=day.weekday())
    starts = [monday - timedelta(weeks=WEEKS - 1 - place) for place in range(WEEKS + 1)]
    edges = [datetime.combine(one, time(), portal_zone()) for one in starts]
    return [
        Period(start, end, one.isoformat()) for one, start, end in zip(starts, edges, edges[1:], strict=False)
    ]


def _row(
    name: str, line: Line, whole: Line, weeks: list[Period], chosen: dict[str, Any], show: str
) -> dict[str, Any]:
    cells = []
    highest = max((cell.density or 0 for cell in line.cells), default=0)
    for cell, all_, week in zip(line.cells, whole.cells, weeks, strict=True):
        query = {"since": week.start.date(), "until": week.end.date(), "state": "", "cases": 1, **chosen}
        cells.append(
            {
                "cases": cell.cases,
                "days": cell.days,
                "density": cell.density,
                "of_cases": _part(cell.cases, all_.cases),
                "of_days": _part(cell.days, all_.days),
                "heat": _heat(cell, all_, show) if highest else 0,
                "href": f"{reverse('findings')}?{urlencode(query)}" if cell.cases else "",
                "load": cell.load,
            }
        )
    return {"name": name, "cells": cells, "line": line}


def _part(one: float, whole: float) -> float | None:
    return one / whole if whole else None


def _heat(cell: Cell, whole: Cell, show: str) -> float:
    """Pale up to the department's rate, full at three times as much."""
    if cell.density is None or not whole.density:
        return 0
    return min(max(cell.density / whole.density - 1, 0) / 2, 1)


def _scores(scores: Any) -> dict[str, Any]:
    rows = list(scores)
    checks, broken = sum(one.opportunities for one in rows), sum(one.violations for one in rows)
    return {"score": queries.score(rows) if checks >= FEW else None, "checks": checks, "broken": broken}
