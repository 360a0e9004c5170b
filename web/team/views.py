"""«Команда»: who works here, in which role, and on which days. Pay stands on other pages."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import dates
from django.conf import settings
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import moment
from core.periods import Period, month, month_of
from pipelines.models import Deal, Person
from qc.models import Finding
from qc.stalled import SHOWN
from team.models import DayOff, Employee
from team.schedules import GridRow, rota_grid

TZ = ZoneInfo(settings.TIME_ZONE)
# kind of a day → its word and the sign in the grid
KINDS: dict[str, tuple[Any, Any]] = {
    "shift": (gettext_lazy("shift"), ""),
    "off": (gettext_lazy("day off"), ""),
    "holiday": (gettext_lazy("state holiday"), gettext_lazy("H")),
    DayOff.Kind.VACATION: (DayOff.Kind.VACATION.label, gettext_lazy("V")),
    DayOff.Kind.SICK: (DayOff.Kind.SICK.label, gettext_lazy("S")),
    DayOff.Kind.SWAP: (DayOff.Kind.SWAP.label, "↔"),
    DayOff.Kind.EXTRA: (DayOff.Kind.EXTRA.label, "+"),
}
WORKED = {"shift", DayOff.Kind.EXTRA}


@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Everybody for those who direct; a manager finds himself and his head, a head himself and his people."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    now = moment.now()
    today = now.astimezone(TZ).date()
    try:
        shown = month(request.GET["month"], TZ) if request.GET.get("month") else month_of(now, TZ)
        problems = []
    except ValueError:
        shown = month_of(now, TZ)
        problems = [_("“%(value)s” is not a month such as 2026-11.") % {"value": request.GET["month"]}]
    people = list(_visible(user))
    ids = {employee.pk for employee in people}
    grid = [row for row in rota_grid(shown.first, shown.last) if row.employee.pk in ids]
    present = grid if now in shown else rota_grid(today, today)
    of_today = {row.employee.pk: cell.kind for row in present for cell in row.cells if cell.day == today}
    deals, findings = (_open_deals(user), _open_findings(user, now)) if user.directs else ({}, {})
    context = {
        "people": [
            _row(
                employee,
                of_today.get(employee.pk),
                deals.get(employee.person_id, 0),
                findings.get(employee.person_id, 0),
            )
            for employee in people
        ],
        "on_shift": sum(kind in WORKED for pk, kind in of_today.items() if pk in ids),
        "grid": [(row.employee, _cells(row), sum(cell.kind in WORKED for cell in row.cells)) for row in grid],
        "days": [
            (
                day,
                dates.format_date(day, "ccccc", locale=get_language() or "en"),
                day.weekday() > 4,
                day == today,
            )
            for day in shown.days()
        ],
        "kinds": [
            (kind, *KINDS[kind])
            for kind in KINDS
            if kind in {cell.kind for row in grid for cell in row.cells}
        ],
        "months": _months(shown),
        "shown": shown,
        "strangers": _strangers() if user.administers else [],
        "problems": problems,
    }
    return render(request, "team/team.html", context, status=422 if problems else 200)


def _visible(user: Employee) -> QuerySet[Employee]:
    everybody = Employee.objects.select_related("head", "rota").order_by(
        F("left_on").desc(nulls_first=True), "last_name", "first_name", "username"
    )
    if user.sees is None:
        return everybody
    return everybody.filter(Q(pk=user.pk) | Q(pk=user.head_id) | Q(head=user))


def _open_deals(user: Employee) -> dict[int | None, int]:
    rows = Deal.objects.open().visible_to(user).order_by().values_list("manager")
    return dict(rows.annotate(Count("pk")))


def _open_findings(user: Employee, now: datetime) -> dict[int | None, int]:
    """Those that everybody may see, as the list shows them."""
    rows = Finding.objects.visible_to(user).filter(mode__in=SHOWN).open(now).order_by().values_list("manager")
    return dict(rows.annotate(Count("pk")))


def _row(employee: Employee, kind: str | None, deals: int, findings: int) -> dict[str, Any]:
    return {
        "employee": employee,
        "left": employee.has_left,
        "today": None
        if kind is None or employee.has_left
        else {"kind": kind, "works": kind in WORKED, "label": KINDS[kind][0]},
        "deals": deals,
        "findings": findings,
    }


def _cells(row: GridRow) -> list[dict[str, Any]]:
    return [
        {"day": cell.day, "kind": cell.kind, "label": KINDS[cell.kind][0], "sign": KINDS[cell.kind][1]}
        for cell in row.cells
    ]


def _months(shown: Period) -> dict[str, str]:
    return {"back": shown.previous.label, "on": shown.next.label}


def _strangers() -> list[tuple[Person, str]]:
    """People of amoCRM who are nobody here, each with the address that adds them."""
    found = []
    for person in Person.objects.filter(employee=None, deleted_at=None, is_active=True):
        first, _space, last = person.name.partition(" ")
        query = {"person": person.pk, "first_name": first, "last_name": last, "username": f"amo{person.pk}"}
        found.append((person, f"{reverse('admin:team_employee_add')}?{urlencode(query)}"))
    return found
