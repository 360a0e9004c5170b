"""Working time: how much of it lies between two moments, when an amount of it has passed, and why.

Three clocks exist, and every rule names the one it means: the calendar (nothing stops it), the client's (company
hours) and the owner's (his shifts and absences). All moments are aware; results are in UTC.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

from team.patterns import Override as Override  # whoever makes clocks needs these, too
from team.patterns import Pattern as Pattern
from team.patterns import Schedule as Schedule
from team.patterns import Shift

FIRST_YEAR, LAST_YEAR = 2000, 2100  # outside of them nobody works: moments there are typing errors
HORIZON = 5  # years that `after` looks ahead before it answers «never»
NOTHING = timedelta()


class Counted(NamedTuple):
    """What one window of a shift contributes to an amount of working time: the part of it that counted."""

    day: date
    start: datetime
    end: datetime

    @property
    def amount(self) -> timedelta:
        return self.end - self.start


class AnyClock(Protocol):
    def worked(self, a: datetime, b: datetime) -> timedelta: ...
    def after(self, moment: datetime, duration: timedelta) -> datetime | None: ...
    def resumes(self, moment: datetime) -> datetime | None: ...
    def explain(self, a: datetime, b: datetime) -> list[Counted]: ...


class Clock:
    """The working time of a schedule. Windows are laid out by whole years, on demand, up to a hard cap."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._index = _Index((), 0, -1)

    def worked(self, a: datetime, b: datetime) -> timedelta:
        """Working time in ``[a, b)``; zero when ``b <= a``."""
        if b <= a:
            return NOTHING
        index = self._cover(a, b)
        return index.until_moment(b) - index.until_moment(a)

    def after(self, moment: datetime, duration: timedelta) -> datetime | None:
        """The least ``t`` with ``worked(moment, t) >= duration``: `moment` itself for nothing to wait for.

        None, «never», when the schedule has too few windows in the next five years.
        """
        if duration <= NOTHING:
            return moment
        index = self._cover(moment, moment)
        limit = min(moment.year + HORIZON, LAST_YEAR)
        while True:
            target = index.until_moment(moment) + duration
            place = bisect_left(index.sums, target)
            if place < len(index.sums):
                return index.ends[place] - (index.sums[place] - target)
            if index.last_year >= limit:
                return None
            index = self._lay_out(index.first_year, index.last_year + 1)

    def resumes(self, moment: datetime) -> datetime | None:
        """The first moment of a shift from `moment` on: itself within one. None when five years ahead hold no shift."""
        index = self._cover(moment, moment)
        limit = min(moment.year + HORIZON, LAST_YEAR)
        while True:
            place = bisect_right(index.ends, moment)
            if place < len(index.starts):
                return max(index.starts[place], moment)
            if index.last_year >= limit:
                return None
            index = self._lay_out(index.first_year, index.last_year + 1)

    def explain(self, a: datetime, b: datetime) -> list[Counted]:
        """The shifts that make up ``worked(a, b)``, each with the part of it that counted."""
        if b <= a:
            return []
        index = self._cover(a, b)
        place = bisect_right(index.ends, a)
        found = []
        for shift in index.shifts[place : bisect_left(index.starts, b)]:
            found.append(Counted(shift.day, max(shift.start, a), min(shift.end, b)))
        return found

    def _cover(self, a: datetime, b: datetime) -> "_Index":
        index = self._index
        if index.since <= a and b <= index.until:
            return index
        years = {min(max(year, FIRST_YEAR), LAST_YEAR) for year in (a.year - 1, b.year + 1)}
        if index.shifts or index.last_year >= index.first_year:
            years |= {index.first_year, index.last_year}
        return self._lay_out(min(years), max(years))

    def _lay_out(self, first_year: int, last_year: int) -> "_Index":
        shifts: list[Shift] = []
        # In order of their moments: with a rota of another time zone a day may begin before its yesterday has.
        for shift in sorted(
            self.schedule.shifts(date(first_year, 1, 1), date(last_year, 12, 31)),
            key=lambda shift: shift.start,
        ):
            # Where one window lies over the next, time counts once.
            start = max(shift.start, shifts[-1].end) if shifts else shift.start
            if start < shift.end:
                shifts.append(Shift(shift.day, start, shift.end))
        self._index = _Index(tuple(shifts), first_year, last_year)
        return self._index


class _Index:
    """Windows with prefix sums: ``sums[i]`` is the working time up to the end of window ``i``."""

    __slots__ = ("ends", "first_year", "last_year", "shifts", "since", "starts", "sums", "until")

    def __init__(self, shifts: tuple[Shift, ...], first_year: int, last_year: int) -> None:
        self.shifts, self.first_year, self.last_year = shifts, first_year, last_year
        self.starts = [shift.start for shift in shifts]
        self.ends = [shift.end for shift in shifts]
        self.sums: list[timedelta] = []
        passed = NOTHING
        for shift in shifts:
            passed += shift.end - shift.start
            self.sums.append(passed)
        empty = last_year < first_year
        # Local days reach into the neighbour year of UTC by less than two days.
        self.since = (
            _edge(first_year, 1, 3, FIRST_YEAR, datetime.min)
            if not empty
            else datetime.max.replace(tzinfo=UTC)
        )
        self.until = (
            _edge(last_year, 12, 29, LAST_YEAR, datetime.max)
            if not empty
            else datetime.min.replace(tzinfo=UTC)
        )

    def until_moment(self, moment: datetime) -> timedelta:
        place = bisect_right(self.starts, moment) - 1
        if place < 0:
            return NOTHING
        left = self.ends[place] - moment
        return self.sums[place] - left if left > NOTHING else self.sums[place]


def _edge(year: int, month: int, day: int, cap: int, beyond: datetime) -> datetime:
    return (beyond if year == cap else datetime(year, month, day)).replace(tzinfo=UTC)


class _Calendar:
    """The clock that nothing stops."""

    def worked(self, a: datetime, b: datetime) -> timedelta:
        return max(b - a, NOTHING)

    def after(self, moment: datetime, duration: timedelta) -> datetime | None:
        return moment + max(duration, NOTHING)

    def resumes(self, moment: datetime) -> datetime | None:
        return moment

    def explain(self, a: datetime, b: datetime) -> list[Counted]:
        return [Counted(a.date(), a, b)] if a < b else []


CALENDAR = _Calendar()


@dataclass(frozen=True)
class Clocks:
    """Every clock of one run. Who has no rota works company hours; without those the calendar counts."""

    client: AnyClock = CALENDAR
    people: Mapping[int, AnyClock] = field(default_factory=dict)
    calendar: AnyClock = CALENDAR

    def owner(self, person: int | None) -> AnyClock:
        return self.client if person is None else self.people.get(person, self.client)
