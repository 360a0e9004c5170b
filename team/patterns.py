"""When somebody works: hours of each day of a repeating pattern, by whose holidays, from which date, and what differs.

Hours are spans of local time; here they become time since the midnight that begins their day, so that a night shift
simply runs past 24 hours. An edge is the first moment at which the clock on the wall shows it or more, also when the
clocks are changed.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from team.calendars import Holidays, days

DAY = timedelta(days=1)
Span = tuple[time, time]  # local; an end not after the start is of the next day
Hours = tuple[timedelta, timedelta]  # from and to, since the midnight that begins the day


class Shift(NamedTuple):
    """One window of work: the local date it belongs to (it may end on the next) and its moments in UTC."""

    day: date
    start: datetime
    end: datetime


class Override(NamedTuple):
    """Days, both inclusive, that differ from the pattern: worked although off, or off although worked."""

    first: date
    last: date
    works: bool


@dataclass(frozen=True)
class Pattern:
    """A repeating pattern of days (``1`` is a shift) and the local hours of a shift.

    ``ends`` not after ``starts`` means the next day. ``breaks`` are cut out of every shift. ``special`` gives days of
    the pattern, counted from 0, hours of their own: a shorter Friday. With ``holidays`` nobody works on their days of
    rest, and a pattern of whole weeks also works on a weekend day that the state made a working one.
    """

    days: str
    anchor: date
    starts: time
    ends: time
    time_zone: str
    holidays: Holidays | None = None
    breaks: tuple[Span, ...] = ()
    special: tuple[tuple[int, tuple[Span, ...]], ...] = ()
    planned: bool = True  # False: nobody has said when work is done, so every hour counts and no shift does

    def works(self, day: date) -> bool:
        return bool(self.hours(day))

    def hours(self, day: date) -> tuple[Hours, ...]:
        """The local hours of this day by pattern and holidays; none on a day off."""
        place = (day - self.anchor).days % len(self.days)
        on = self.days[place] == "1"
        if self.holidays is not None:
            if self.holidays.rest(day):
                return ()
            on = on or (len(self.days) % 7 == 0 and self.holidays.works_instead(day))
        return self._of_place(place, day) if on else ()

    def hours_if_worked(self, day: date) -> tuple[Hours, ...]:
        """The local hours of an extra shift on this day."""
        return self._of_place((day - self.anchor).days % len(self.days), day)

    def is_shorter(self, day: date) -> bool:
        """The holidays take a part of the shift of this day."""
        return self.holidays is not None and self.works(day) and self.holidays.shorter_by(day) > 0

    def windows(self, day: date, extra: bool = False) -> tuple[Shift, ...]:
        """The windows of this day in UTC; ``extra``: though it is a day off."""
        known = self._kept.get((day, extra))
        if known is None:
            spans = self.hours_if_worked(day) if extra else self.hours(day)
            known = self._kept[day, extra] = tuple(self._windows(day, spans))
        return known

    def _windows(self, day: date, spans: Iterable[Hours]) -> Iterator[Shift]:
        for start, end in spans:
            begins, ends = self._moment(day, start), self._moment(day, end)
            if begins < ends:  # a change of the clocks can leave a window out
                yield Shift(day, begins, ends)

    def _moment(self, day: date, hour: timedelta) -> datetime:
        return first_moment(datetime.combine(day, time()) + hour, self._zone)

    def _of_place(self, place: int, day: date) -> tuple[Hours, ...]:
        spans = self._special.get(place, self._usual)
        less = 0 if self.holidays is None else self.holidays.shorter_by(day)
        return shortened(spans, timedelta(minutes=less)) if less else spans

    @cached_property
    def _usual(self) -> tuple[Hours, ...]:
        return without(laid(((self.starts, self.ends),)), self.breaks)

    @cached_property
    def _special(self) -> dict[int, tuple[Hours, ...]]:
        return {place: without(laid(spans), self.breaks) for place, spans in self.special}

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @cached_property
    def _kept(self) -> dict[tuple[date, bool], tuple[Shift, ...]]:
        """Windows laid out once for everybody who works by this pattern."""
        return {}


def round_the_clock(time_zone: str) -> Pattern:
    """Where nobody has said when work is done: every hour counts."""
    return Pattern("1", date(2000, 1, 1), time(), time(), time_zone, planned=False)


@dataclass(frozen=True)
class Schedule:
    """A pattern, those that took its place from a date on (ascending), and one person's overrides.

    A day is judged by the pattern of its date, so a change leaves earlier days as they were. An extra shift beats an
    absence on the same day.
    """

    pattern: Pattern
    overrides: tuple[Override, ...] = ()
    changes: tuple[tuple[date, Pattern], ...] = ()

    def pattern_on(self, day: date) -> Pattern:
        place = bisect_right(self.changes, day, key=lambda change: change[0])
        return self.changes[place - 1][1] if place else self.pattern

    def works(self, day: date) -> bool:
        return bool(self.windows(day))

    def windows(self, day: date) -> tuple[Shift, ...]:
        pattern = self.pattern_on(day)
        if self.overrides and pattern.planned:
            said = [override.works for override in self.overrides if override.first <= day <= override.last]
            if said:
                return (pattern.windows(day) or pattern.windows(day, extra=True)) if any(said) else ()
        return pattern.windows(day)

    def shifts(self, first: date, last: date) -> Iterator[Shift]:
        """The windows of the days ``first`` to ``last``, both inclusive, by their days."""
        return (shift for day in days(first, last) for shift in self.windows(day))


def laid(spans: Iterable[Span]) -> tuple[Hours, ...]:
    """One day's spans in their order: what begins before its predecessor has ended is of the next day."""
    found: list[Hours] = []
    for starts, ends in spans:
        start, end = since_midnight(starts), since_midnight(ends)
        while found and start < found[-1][1]:
            start += DAY
        while end <= start:
            end += DAY
        found.append((start, end))
    return tuple(found)


def without(spans: tuple[Hours, ...], breaks: Iterable[Span]) -> tuple[Hours, ...]:
    """The spans with every break cut out, also where it is of the night that follows."""
    for start, end in (hours for pause in breaks for hours in laid((pause,))):
        for later in (timedelta(), DAY):
            spans = tuple(part for span in spans for part in _cut(span, start + later, end + later))
    return spans


def shortened(spans: tuple[Hours, ...], less: timedelta) -> tuple[Hours, ...]:
    """The spans with so much of the last work taken away."""
    left = list(spans)
    while left and less > timedelta():
        start, end = left.pop()
        if end - start > less:
            left.append((start, end - less))
        less -= end - start
    return tuple(left)


def first_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """The first moment in UTC at which the clock on this wall shows the naive ``local`` or more."""
    aware = local.replace(tzinfo=zone)
    moment = aware.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    before, after = aware.replace(fold=1).astimezone(UTC), moment  # left out: the clocks jump between these
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def since_midnight(at: time) -> timedelta:
    return datetime.combine(date.min, at) - datetime.min


def _cut(span: Hours, start: timedelta, end: timedelta) -> Iterator[Hours]:
    for part in ((span[0], min(span[1], start)), (max(span[0], end), span[1])):
        if part[0] < part[1]:
            yield part
