"""Reads of the team: everybody's clocks, who has left, and the shifts of a month."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from core.zone import first_of_day
from pipelines.models import Person
from team import rosters
from team.calendars import days
from team.clock import CALENDAR, AnyClock, Clock, Clocks, Schedule
from team.holders import Holder, holders
from team.models import DayOff, Employee
from team.patterns import Hours, Pattern


def load_clocks(person_ids: Iterable[int] | None = None) -> Clocks:
    """The clocks of these amoCRM users (None = of all): of each by rota and absences of whoever holds it on the day."""
    held = _held(person_ids)
    everybody = rosters.read({one.employee for by_person in held.values() for one in by_person})
    shared: dict[Schedule, AnyClock] = {}
    people: dict[int, AnyClock] = {}
    for person, by_person in held.items():
        schedule = everybody.of_person(by_person)
        if schedule is not None:
            people[person] = shared.setdefault(schedule, Clock(schedule))
    company = rosters.schedule(everybody.company)
    client = CALENDAR if company is None else shared.get(company) or Clock(company)
    return Clocks(client, people)


def departures() -> dict[int, datetime | None]:
    """Who no longer works here, and since when: the day after «left on», or the removal from amoCRM.

    Of an amoCRM user with several holders the last one decides; one that is nobody's any more has gone. None for
    somebody switched off in amoCRM nobody knows when. A day in the future is there too: it will come.
    """
    found: dict[int, datetime | None] = dict(
        Person.objects.exclude(is_active=True, deleted_at=None).values_list("id", "deleted_at")
    )
    for person, held in _held(None).items():
        last = held[-1]
        ends = [last.left_on + timedelta(days=1)] if last.left_on else []
        if last.until is not None:
            ends.append(last.until)
        if ends:
            moment = first_of_day(max(min(ends), last.since or date.min))
            found[person] = min(moment, found.get(person) or moment)
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
        hired_at = None if hired_on is None else first_of_day(hired_on)
        left_at = removed_at
        if left_on is not None:
            moment = first_of_day(left_on + timedelta(days=1))
            left_at = min(moment, removed_at or moment)
        found[person] = (hired_at, left_at)
    return found


class Shifts(NamedTuple):
    """Of some days: by the bare rota, worked up to today, and those still ahead that can be worked; their ``days``."""

    planned: int
    worked: int
    left: int
    days: tuple[date, ...]


def count_shifts(people: Collection[int], first: date, last: date, today: date) -> dict[int, Shifts]:
    """Shifts of these amoCRM users from ``first`` to ``last``, all days inclusive.

    Planned is the bare rota of each day. Worked and left take absences away, add extra shifts, and count only between
    «hired on» and «left on»; today counts as worked. Without any rota there are none.
    """
    return _count(people, _held(people), first, last, today)


def count_own_shifts(people: Collection[int], first: date, last: date, today: date) -> dict[int, Shifts]:
    """The same of the employees whose main amoCRM users these are, on all days, whoever holds those by then."""
    rows = Employee.objects.filter(person__in=people).values_list("person", "pk", "hired_on", "left_on")
    held = {row[0]: [Holder(row[0], row[1], None, None, row[2], row[3], row[0])] for row in rows if row[0]}
    return _count(people, held, first, last, today)


def _count(
    people: Collection[int], held: Mapping[int, Sequence[Holder]], first: date, last: date, today: date
) -> dict[int, Shifts]:
    everybody = rosters.read({one.employee for by_person in held.values() for one in by_person})
    found = dict.fromkeys(people, Shifts(0, 0, 0, ()))
    for person, by_person in held.items():
        schedule = everybody.of_person(by_person)
        if schedule is None:
            continue
        planned = sum(_shift_planned(schedule.pattern_on(day), day) for day in days(first, last))
        here: list[date] = []
        for one in by_person:
            begins = max(first, one.since or first, one.hired_on or first)
            ends = min(last, one.left_on or last, one.until - timedelta(days=1) if one.until else last)
            here += [
                day for day in days(begins, ends) if schedule.pattern_on(day).planned and schedule.works(day)
            ]
        worked = sum(day <= today for day in here)
        found[person] = Shifts(planned, worked, len(here) - worked, tuple(here))
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one person. ``kind``: shift, short, off, holiday, or a kind of DayOff; ``hours``: of the shift."""

    day: date
    kind: str
    hours: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True)
class GridRow:
    employee: Employee
    cells: list[Cell]


def rota_grid(
    first: date, last: date, among: Iterable[Employee] | None = None, known: rosters.Rosters | None = None
) -> list[GridRow]:
    """The days ``first`` to ``last`` of everybody (or ``among`` those who are read already, in their order) who works
    then by a rota. ``known``: rosters of all, for whoever draws a second grid."""
    everybody = rosters.read() if known is None else known
    rows = []
    for employee in Employee.objects.filter(is_active=True) if among is None else among:
        gone = employee.left_on is not None and employee.left_on < first
        if gone or not employee.is_active or (employee.hired_on is not None and employee.hired_on > last):
            continue
        steps = everybody.own.get(employee.pk, everybody.company if employee.person_id else ())
        if any(pattern is not None for _, pattern in rosters.clipped(steps, first, last + timedelta(days=1))):
            absences = everybody.absences.get(employee.pk, [])
            cells = [_cell(day, rosters.pattern_on(steps, day), absences) for day in days(first, last)]
            rows.append(GridRow(employee, cells))
    return rows


def _cell(day: date, pattern: Pattern | None, absences: list[DayOff]) -> Cell:
    if pattern is None:
        return Cell(day, "off")
    kinds = {absence.kind for absence in absences if absence.first <= day <= absence.last}
    hours = pattern.hours(day)
    if DayOff.Kind.EXTRA in kinds:
        return Cell(day, DayOff.Kind.EXTRA, hours or pattern.hours_if_worked(day))
    if hours:
        usual = "short" if pattern.is_shorter(day) else "shift"
        return Cell(day, min(kinds, default=usual), () if kinds else hours)
    if pattern.holidays is not None and pattern.holidays.rest(day):
        return Cell(day, "holiday")
    return Cell(day, "off")


def _shift_planned(pattern: Pattern, day: date) -> bool:
    return pattern.planned and pattern.works(day)


def _held(person_ids: Iterable[int] | None) -> dict[int, list[Holder]]:
    found: dict[int, list[Holder]] = defaultdict(list)
    for one in holders(person_ids):
        found[one.person].append(one)
    return dict(found)
