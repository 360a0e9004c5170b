"""«Команда»: who works here, in which role, and on which days. Pay stands on other pages."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from babel import dates
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from pipelines.models import Deal, Person
from qc.models import Finding
from team import hours, rosters
from team.models import AmoUser, DayOff, Employee, HeadAssignment, Rota, RotaAssignment
from team.models.employees import today
from team.schedules import GridRow, rota_grid
from web.frame import listing, tables
from web.frame.scope import BadScope, read_month

# kind of a day → its word and the sign in the grid
KINDS: dict[str, tuple[Any, Any]] = {
    "shift": (gettext_lazy("shift"), ""),
    "short": (gettext_lazy("shorter shift"), "−"),
    "off": (gettext_lazy("day off"), ""),
    "holiday": (gettext_lazy("holiday"), gettext_lazy("H")),
    DayOff.Kind.VACATION: (DayOff.Kind.VACATION.label, gettext_lazy("V")),
    DayOff.Kind.SICK: (DayOff.Kind.SICK.label, gettext_lazy("S")),
    DayOff.Kind.SWAP: (DayOff.Kind.SWAP.label, "↔"),
    DayOff.Kind.EXTRA: (DayOff.Kind.EXTRA.label, "+"),
}
WORKED = {"shift", "short", DayOff.Kind.EXTRA}


@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Everybody for those who direct; a manager finds himself and his head, a head himself and his people."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    now = moment.now()
    this_day = now.astimezone(portal_zone()).date()
    try:
        shown, problems = read_month(request.GET, "month"), []
    except BadScope as problem:
        shown, problems = month_of(now, portal_zone()), [str(problem)]
    people, known = list(_visible(user)), rosters.read()
    grid = rota_grid(shown.first, shown.last, people, known)
    present = grid if now in shown else rota_grid(this_day, this_day, people, known)
    of_today = {row.employee.pk: cell.kind for row in present for cell in row.cells if cell.day == this_day}
    deals, findings = (_open_deals(user), _open_findings(user, now)) if user.directs else ({}, {})
    others = _other_users()
    rows = [
        _row(employee, of_today.get(employee.pk), others[employee.pk])
        | {"deals": deals.get(employee.person_id, 0), "findings": findings.get(employee.person_id, 0)}
        for employee in people
    ]
    if form := listing.asked_file(request):
        columns = COLUMNS if user.directs else COLUMNS[: -len(COUNTED)]
        return listing.export_rows(_("Team"), form, rows, columns, list, _shifts(grid, shown))
    context = {
        "verbs": listing.file_addresses(request),
        "people": rows,
        "on_shift": sum(kind in WORKED for kind in of_today.values()),
        "grid": [(row.employee, _cells(row), sum(cell.kind in WORKED for cell in row.cells)) for row in grid],
        "days": [
            (
                day,
                dates.format_date(day, "ccccc", locale=get_language() or "en"),
                day.weekday() > 4,
                day == this_day,
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
        "rotas": _rotas(),
        "strangers": _strangers() if user.administers else [],
        "problems": problems,
    }
    return render(request, "team/team.html", context, status=422 if problems else 200)


COUNTED: listing.Columns = (
    (gettext_lazy("Open deals"), lambda row: row["deals"] if row["employee"].person_id else None),
    (gettext_lazy("Open findings"), lambda row: row["findings"] if row["employee"].person_id else None),
)
COLUMNS: listing.Columns = (
    (gettext_lazy("Name"), lambda row: str(row["employee"])),
    (gettext_lazy("Role"), lambda row: row["employee"].get_role_display()),
    (gettext_lazy("Head"), lambda row: str(row["head"]) if row["head"] else None),
    (gettext_lazy("Rota"), lambda row: str(row["rota"]) if row["rota"] else None),
    (gettext_lazy("Today"), lambda row: str(row["today"]["label"]) if row["today"] else None),
    (gettext_lazy("Works here since"), lambda row: row["employee"].hired_on),
    (gettext_lazy("Left"), lambda row: row["employee"].left_on),
    *COUNTED,
)


def _shifts(grid: list[GridRow], shown: Period) -> tables.Table:
    """The month's rota as the grid shows it, a day a column."""
    rows = [
        [str(row.employee), *(str(KINDS[cell.kind][0]) for cell in row.cells)]
        + [sum(cell.kind in WORKED for cell in row.cells)]
        for row in grid
    ]
    heads = [_("Name"), *(f"{day:%d.%m.%Y}" for day in shown.days()), _("Shifts")]
    return tables.Table(f"{_('Rota')} {shown.label}", heads, rows)


def _visible(user: Employee) -> QuerySet[Employee]:
    rotas, heads = (
        RotaAssignment.objects.select_related("rota"),
        HeadAssignment.objects.select_related("head"),
    )
    everybody = Employee.objects.prefetch_related(
        Prefetch("rota_assignments", rotas), Prefetch("head_assignments", heads)
    ).order_by(F("left_on").desc(nulls_first=True), "last_name", "first_name", "username")
    if user.sees is None:
        return everybody
    present = HeadAssignment.objects.on(today())
    near = Q(pk__in=present.filter(employee=user).values("head"))
    near |= Q(pk__in=present.filter(head=user).values("employee"))
    return everybody.filter(near | Q(pk=user.pk))


def _open_deals(user: Employee) -> dict[int | None, int]:
    rows = Deal.objects.open().visible_to(user).order_by().values_list("manager")
    return dict(rows.annotate(Count("pk")))


def _open_findings(user: Employee, now: datetime) -> dict[int | None, int]:
    """Those that everybody may see, as the list shows them."""
    rows = Finding.objects.shown_to(user).open(now).order_by().values_list("manager")
    return dict(rows.annotate(Count("pk")))


def _row(employee: Employee, kind: str | None, others: list[str]) -> dict[str, Any]:
    rotas = sorted(employee.rota_assignments.all(), key=lambda row: row.since or date.min)
    return {
        "employee": employee,
        "rota": employee.rota,
        "changes": [(row.since, row.rota) for row in rotas if row.since is not None and row.since > today()],
        "head": employee.head,
        "others": others,
        "left": employee.has_left,
        "today": None
        if kind is None or employee.has_left
        else {"kind": kind, "works": kind in WORKED, "label": KINDS[kind][0]},
    }


def _cells(row: GridRow) -> list[dict[str, Any]]:
    return [
        {"day": cell.day, "kind": cell.kind, "label": KINDS[cell.kind][0], "sign": KINDS[cell.kind][1]}
        | {"hours": ", ".join(f"{_clock(start)}–{_clock(end)}" for start, end in cell.hours)}
        for cell in row.cells
    ]


def _other_users() -> dict[int, list[str]]:
    """Names of today's further amoCRM users by employee."""
    found: dict[int, list[str]] = defaultdict(list)
    for row in AmoUser.objects.on(today()).select_related("person"):
        if row.employee_id is not None:
            found[row.employee_id].append(row.person.name)
    return found


def _rotas() -> list[dict[str, Any]]:
    """Every rota in words; how many work by it today."""
    working = Q(assignments__in=RotaAssignment.objects.on(today()), assignments__employee__is_active=True)
    of_company = Q(assignments__employee=None, assignments__isnull=False)
    rows = Rota.objects.select_related("calendar").annotate(
        people=Count("assignments", filter=working),
        company=ArrayAgg("assignments__since", filter=of_company, default=[]),
    )
    return [
        {
            "rota": rota,
            "hours": f"{rota.starts:%H:%M}–{rota.ends:%H:%M}",
            "breaks": hours.write(rota.breaks),
            "special": [
                (place, hours.write(rota.special[str(place)])) for place in sorted(map(int, rota.special))
            ],
            "on": rota.pattern.count("1"),
            "company": sorted(rota.company, key=lambda since: since or date.min),
        }
        for rota in rows
    ]


def _clock(hour: timedelta) -> str:
    minutes = int(hour.total_seconds()) // 60
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _months(shown: Period) -> dict[str, str]:
    return {"back": shown.previous.label, "on": shown.next.label}


def _strangers() -> list[tuple[Person, str]]:
    """People of amoCRM who are nobody here, each with the address that adds them."""
    found = []
    for person in Person.objects.filter(employee=None, holders=None, deleted_at=None, is_active=True):
        first, _gap, last = person.name.partition(" ")
        query = {"person": person.pk, "first_name": first, "last_name": last, "username": f"amo{person.pk}"}
        found.append((person, f"{reverse('admin:team_employee_add')}?{urlencode(query)}"))
    return found
