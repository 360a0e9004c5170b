"""Reads of the team: everybody's clocks, who has left, and the shifts of a month."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from pipelines.models import Person
from team.clock import CALENDAR, AnyClock, Clock, Clocks, Override, Pattern, Schedule, days, state_calendar
from team.models import DayOff, Employee, Rota


def clocks(person_ids: Iterable[int] | None = None) -> Clocks:
    """The clocks of these amoCRM users (None = of all): each by his rota and absences, else by company hours."""
    company = _company_pattern()
    client: AnyClock = CALENDAR if company is None else Clock(Schedule(company))
    shared: dict[Pattern, AnyClock] = {}
    people: dict[int, AnyClock] = {}
    for person_id, schedule in _schedules(person_ids).items():
        if schedule is None:
            continue
        if schedule.overrides:
            people[person_id] = Clock(schedule)
        else:
            people[person_id] = shared.setdefault(schedule.pattern, Clock(schedule))
    return Clocks(client, people)


def gone() -> dict[int, datetime | None]:
    """Who no longer works here, and since when: the day after «left on», or the removal from amoCRM.

    None for somebody switched off in amoCRM nobody knows when. A day in the future is there too: it will come.
    """
    found: dict[int, datetime | None] = dict(
        Person.objects.exclude(is_active=True, deleted_at=None).values_list("id", "deleted_at")
    )
    left = Employee.objects.exclude(left_on=None).exclude(person=None).values_list("person_id", "left_on")
    for person_id, left_on in left:
        assert person_id is not None and left_on is not None  # as filtered above
        moment = timezone.make_aware(datetime.combine(left_on + timedelta(days=1), time()))
        found[person_id] = min(moment, found.get(person_id) or moment)
    return found


def employment() -> dict[int, tuple[datetime | None, datetime | None]]:
    """From when until when people work here, of those of whom either is known; None: all along, for ever."""
    known = (
        Q(deleted_at__isnull=False) | Q(employee__hired_on__isnull=False) | Q(employee__left_on__isnull=False)
    )
    rows = Person.objects.filter(known).order_by()
    found = {}
    for person, removed_at, hired_on, left_on in rows.values_list(
        "id", "deleted_at", "employee__hired_on", "employee__left_on"
    ):
        hired_at = None if hired_on is None else timezone.make_aware(datetime.combine(hired_on, time()))
        left_at = removed_at
        if left_on is not None:
            moment = timezone.make_aware(datetime.combine(left_on + timedelta(days=1), time()))
            left_at = min(moment, removed_at or moment)
        found[person] = (hired_at, left_at)
    return found


class Shifts(NamedTuple):
    """Of some days: by the bare rota, worked up to today, and those still ahead that can be worked; their ``days``."""

    planned: int
    worked: int
    left: int
    days: tuple[date, ...]


def shifts(people: Collection[int], first: date, last: date, today: date) -> dict[int, Shifts]:
    """Shifts of these amoCRM users from ``first`` to ``last``, all days inclusive.

    Planned is the bare rota. Worked and left take absences away, add extra shifts, and count only between «hired on»
    and «left on»; today counts as worked. Without any rota there are none.
    """
    dates = Employee.objects.filter(person__in=people).values_list("person", "hired_on", "left_on")
    bounds = {person: (hired_on, left_on) for person, hired_on, left_on in dates}
    found = dict.fromkeys(people, Shifts(0, 0, 0, ()))
    for person, schedule in _schedules(people).items():
        if schedule is not None:
            hired_on, left_on = bounds[person]
            planned = sum(schedule.pattern.works(day) for day in days(first, last))
            here = [
                day
                for day in days(max(first, hired_on or first), min(last, left_on or last))
                if schedule.works(day)
            ]
            worked = sum(day <= today for day in here)
            found[person] = Shifts(planned, worked, len(here) - worked, tuple(here))
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one person. ``kind``: shift, off, holiday, or a kind of DayOff."""

    day: date
    kind: str


@dataclass(frozen=True, slots=True)
class GridRow:
    employee: Employee
    cells: list[Cell]


def rota_grid(first: date, last: date, people: Iterable[int] | None = None) -> list[GridRow]:
    """The days ``first`` to ``last`` of everybody who works then by a rota; ``people``: amoCRM users, None = all."""
    employees = Employee.objects.filter(is_active=True).exclude(left_on__lt=first).exclude(hired_on__gt=last)
    if people is not None:
        employees = employees.filter(person_id__in=list(people))
    exceptions: dict[int, list[DayOff]] = defaultdict(list)
    for exception in DayOff.objects.filter(first__lte=last, last__gte=first):
        exceptions[exception.employee_id].append(exception)
    company = _company_pattern()
    rows = []
    for employee in employees.select_related("rota"):
        pattern = _pattern(employee.rota) if employee.rota else company if employee.person_id else None
        if pattern is not None:
            cells = [Cell(day, _kind(day, pattern, exceptions[employee.pk])) for day in days(first, last)]
            rows.append(GridRow(employee, cells))
    return rows


def _kind(day: date, pattern: Pattern, exceptions: list[DayOff]) -> str:
    kinds = {exception.kind for exception in exceptions if exception.first <= day <= exception.last}
    if DayOff.Kind.EXTRA in kinds:
        return DayOff.Kind.EXTRA
    if pattern.works(day):
        return min(kinds, default="shift")
    if pattern.observes_holidays and day in state_calendar(day.year)[0]:
        return "holiday"
    return "off"


def _schedules(person_ids: Iterable[int] | None) -> dict[int, Schedule | None]:
    """Schedules by amoCRM user; None where there is neither a rota nor company hours."""
    employees = Employee.objects.exclude(person=None)
    if person_ids is not None:
        employees = employees.filter(person_id__in=list(person_ids))
    owners = list(employees.values_list("id", "person_id", "rota_id"))
    exceptions = DayOff.objects.filter(employee__in=[employee for employee, _, _ in owners])
    overrides: dict[int, list[Override]] = defaultdict(list)
    for employee, first, last, kind in exceptions.order_by("id").values_list(
        "employee_id", "first", "last", "kind"
    ):
        overrides[employee].append(Override(first, last, kind == DayOff.Kind.EXTRA))
    patterns = {rota.pk: _pattern(rota) for rota in Rota.objects.all()}
    company = _company_pattern()
    found: dict[int, Schedule | None] = {}
    for employee, person_id, rota_id in owners:
        pattern = patterns.get(rota_id, company)
        found[person_id] = None if pattern is None else Schedule(pattern, tuple(overrides[employee]))
    return found


def _company_pattern() -> Pattern | None:
    rota = Rota.objects.filter(is_company=True).first()
    return None if rota is None else _pattern(rota)


def _pattern(rota: Rota) -> Pattern:
    return Pattern(rota.pattern, rota.anchor, rota.starts, rota.ends, rota.time_zone, rota.observes_holidays)
