"""Everybody's schedule as it stands in the database: rotas from their dates, company hours, absences, calendars."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from team import hours
from team.calendars import Holidays
from team.holders import Holder
from team.models import CalendarDay, DayOff, HolidayCalendar, Rota, RotaAssignment
from team.patterns import Override, Pattern, Schedule, round_the_clock

BEGINNING, END = date.min, date.max
ONE_DAY = timedelta(days=1)
Steps = tuple[tuple[date, Pattern | None], ...]  # ascending from BEGINNING; None: nothing is known


@dataclass(frozen=True)
class Rosters:
    """Steps and absences by employee; ``company``: those of whom has no rota of his own."""

    company: Steps
    own: dict[int, Steps]
    absences: dict[int, list[DayOff]]

    def steps(self, employee: int) -> Steps:
        return self.own.get(employee, self.company)

    def of_person(self, held: Sequence[Holder]) -> Schedule | None:
        """The schedule of an amoCRM user: of whoever holds it on the day, of the company while nobody does."""
        steps: list[tuple[date, Pattern | None]] = []
        overrides: list[Override] = []
        edges = [BEGINNING]
        for holder in held:
            since, until = holder.since or BEGINNING, holder.until or END
            if edges[-1] < since:
                steps += clipped(self.company, edges[-1], since)
            steps += clipped(self.steps(holder.employee), since, until)
            for absence in self.absences.get(holder.employee, ()):
                first, last = max(absence.first, since), absence.last if until == END else until - ONE_DAY
                if first <= min(absence.last, last):
                    extra = absence.kind == DayOff.Kind.EXTRA
                    overrides.append(Override(first, min(absence.last, last), extra))
            edges.append(until)
        if edges[-1] < END:
            steps += clipped(self.company, edges[-1], END)
        return schedule(steps, overrides)


def read(employees: Iterable[int] | None = None) -> Rosters:
    """Of these employees; None = of all."""
    rows = RotaAssignment.objects.select_related("rota__calendar").ascending()
    days_off = DayOff.objects.order_by("id")
    if employees is not None:
        wanted = list(employees)
        rows = rows.filter(employee__in=wanted) | rows.filter(employee=None)
        days_off = days_off.filter(employee__in=wanted)
    said: dict[int | None, list[tuple[date, Rota | None]]] = defaultdict(list)
    for row in rows:
        said[row.employee_id].append((row.since or BEGINNING, row.rota))
    patterns = _patterns([rota for steps in said.values() for _, rota in steps if rota is not None])
    company = _steps(said.pop(None, []), patterns, ((BEGINNING, None),))
    own = {employee: _steps(steps, patterns, company) for employee, steps in said.items() if employee}
    absences: dict[int, list[DayOff]] = defaultdict(list)
    for day_off in days_off:
        absences[day_off.employee_id].append(day_off)
    return Rosters(company, own, dict(absences))


def pattern_on(steps: Steps, day: date) -> Pattern | None:
    return steps[bisect_right(steps, day, key=lambda step: step[0]) - 1][1]


def schedule(
    steps: Iterable[tuple[date, Pattern | None]], overrides: Iterable[Override] = ()
) -> Schedule | None:
    """None where nothing is known at any time."""
    known: list[tuple[date, Pattern | None]] = []
    for since, pattern in steps:
        if not known or known[-1][1] != pattern:
            known.append((since, pattern))
    zones = [pattern.time_zone for _, pattern in known if pattern is not None]
    if not zones:
        return None
    whole = round_the_clock(zones[0])
    first, *changes = [(since, pattern or whole) for since, pattern in known]
    return Schedule(first[1], tuple(overrides), tuple(changes))


def clipped(steps: Steps, since: date, until: date) -> Steps:
    """The steps of the days from ``since`` up to, not including, ``until``."""
    found = []
    for place, (begins, pattern) in enumerate(steps):
        ends = steps[place + 1][0] if place + 1 < len(steps) else END
        if max(begins, since) < min(ends, until):
            found.append((max(begins, since), pattern))
    return tuple(found)


def _steps(said: Sequence[tuple[date, Rota | None]], patterns: dict[int, Pattern], otherwise: Steps) -> Steps:
    """What is said, and where nothing is, or no rota, the other steps."""
    edges = [BEGINNING, *(since for since, _ in said), END]
    steps: Steps = clipped(otherwise, BEGINNING, edges[1])
    for (since, rota), until in zip(said, edges[2:], strict=True):
        steps += clipped(otherwise, since, until) if rota is None else ((since, patterns[rota.pk]),)
    return steps


def _patterns(rotas: Iterable[Rota]) -> dict[int, Pattern]:
    """One pattern for each rota, so that its windows are laid out once for everybody."""
    by_key = {rota.pk: rota for rota in rotas}
    days: dict[int, list[CalendarDay]] = defaultdict(list)
    calendars = {rota.calendar_id: rota.calendar for rota in by_key.values() if rota.calendar is not None}
    if calendars:
        for day in CalendarDay.objects.filter(calendar__in=list(calendars)):
            days[day.calendar_id].append(day)
    holidays = {key: holidays_of(calendar, days[calendar.pk]) for key, calendar in calendars.items()}
    return {key: pattern_of(rota, holidays.get(rota.calendar_id)) for key, rota in by_key.items()}


def holidays_of(calendar: HolidayCalendar, days: Iterable[CalendarDay]) -> Holidays:
    said: dict[str, list[CalendarDay]] = defaultdict(list)
    for day in days:
        said[day.kind].append(day)
    return Holidays(
        calendar.country,
        frozenset(day.day for day in said[CalendarDay.Kind.REST]),
        frozenset(day.day for day in said[CalendarDay.Kind.WORK]),
        tuple((day.day, day.minutes) for day in said[CalendarDay.Kind.SHORT]),
        calendar.eve_minutes,
    )


def pattern_of(rota: Rota, holidays: Holidays | None) -> Pattern:
    special = sorted((int(place) - 1, hours.spans(kept)) for place, kept in rota.special.items())
    return Pattern(
        rota.pattern,
        rota.anchor,
        rota.starts,
        rota.ends,
        rota.time_zone,
        holidays,
        hours.spans(rota.breaks),
        tuple(special),
    )


def supersede(old: Rota, new: Rota, since: date) -> None:
    """Whoever works by the old rota on the day or comes to it later works by the new one from then on."""
    for row in RotaAssignment.objects.on(since):
        if row.rota_id == old.pk and row.since != since:
            RotaAssignment.objects.create(employee=row.employee, rota=new, since=since)
    RotaAssignment.objects.filter(rota=old, since__gte=since).update(rota=new)
