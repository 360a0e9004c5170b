"""Periods of a report: half-open spans of time cut at local midnight of the portal's time zone.

A bound arrives as text from an address, the API or a command: a month «2026-11», a day «2026-11-05» or a moment
«2026-11-05T09:30:00+03:00». Nonsense raises ValueError with one sentence that may be shown to the reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_YEARS = range(1970, 2201)  # outside of it a bound is a slip of the keyboard


@dataclass(frozen=True)
class Period:
    """``[start, end)``, aware moments in one time zone; ``label`` is its text in addresses: «2026-11» for a month."""

    start: datetime
    end: datetime
    label: str

    @classmethod
    def parse(cls, from_: str, to: str, tz: ZoneInfo) -> Self:
        """The period from one bound to another; ``to`` is not in it: ``2026-11-01``–``2026-12-01`` is November.

        A bare day or month means its first midnight in ``tz``; a moment without an offset is local.
        """
        start, end = _bound("from", from_, tz), _bound("to", to, tz)
        if end <= start:
            raise ValueError(f"to: {to} must be later than from: {from_}")
        whole = month_of(start, tz)
        if (whole.start, whole.end) == (start, end):
            return cls(start, end, whole.label)
        return cls(start, end, f"{_written(start)}/{_written(end)}")

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def until(self, now: datetime) -> datetime:
        """The last moment of the period that has come: its end, or ``now`` while it lasts."""
        return min(self.end, now)

    @property
    def first(self) -> date:
        """The first local day."""
        return self.start.date()

    @property
    def last(self) -> date:
        """The last local day that the period touches."""
        return (self.end - timedelta(microseconds=1)).date()

    @property
    def previous(self) -> "Period":
        """The month before a month; for another span, the one of as many days that ends where this one starts."""
        return self._shifted(-1)

    @property
    def next(self) -> "Period":
        return self._shifted(1)

    def months(self) -> Iterator["Period"]:
        """The months that the period touches, its ends cut off where it starts or ends inside a month."""
        tz = _zone(self.start)
        start = self.start
        while start < self.end:
            whole = month_of(start, tz)
            yield Period(start, min(whole.end, self.end), whole.label)
            start = whole.end

    def weeks(self) -> Iterator["Period"]:
        """The weeks that the period touches, named by their Monday; its ends are cut off like those of months."""
        monday = self.first - timedelta(days=self.first.weekday())
        start, tz = self.start, _zone(self.start)
        while start < self.end:
            following = monday + timedelta(days=7)
            end = min(_midnight(following, tz), self.end)
            yield Period(start, end, monday.isoformat())
            start, monday = end, following

    def days(self) -> Iterator[date]:
        """The local days that the period touches."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def _shifted(self, count: int) -> "Period":
        tz = _zone(self.start)
        if month_of(self.start, tz) == self:
            return month_of(self.end if count > 0 else self.start - timedelta(days=1), tz)
        # local wall clock, so that a day stays a day when clocks change
        length = self.end.replace(tzinfo=None) - self.start.replace(tzinfo=None)
        start, end = (
            (edge.replace(tzinfo=None) + count * length).replace(tzinfo=tz) for edge in (self.start, self.end)
        )
        return Period(start, end, f"{_written(start)}/{_written(end)}")


def parse_month(text: str, tz: ZoneInfo) -> Period:
    """The month written «2026-11»."""
    match = _MONTH.fullmatch(text)
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) not in _YEARS:
        raise ValueError(f"{text!r} is not a month such as 2026-11")
    return _month(int(match[1]), int(match[2]), tz)


def month_of(moment: datetime | date, tz: ZoneInfo) -> Period:
    """The month that a moment (or a local day) lies in."""
    day = moment.astimezone(tz) if isinstance(moment, datetime) else moment
    return _month(day.year, day.month, tz)


def _month(year: int, number: int, tz: ZoneInfo) -> Period:
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return Period(
        _midnight(date(year, number, 1), tz), _midnight(date(*following, 1), tz), f"{year:04d}-{number:02d}"
    )


def _bound(name: str, text: str, tz: ZoneInfo) -> datetime:
    if _MONTH.fullmatch(text):
        return parse_month(text, tz).start
    try:
        moment = datetime.fromisoformat(text)
        local = moment.replace(tzinfo=tz) if moment.tzinfo is None else moment.astimezone(tz)
    except (ValueError, OverflowError):
        local = None
    if local is None or local.year not in _YEARS:
        raise ValueError(f"{name}: {text!r} is not a day such as 2026-11-05 or a month such as 2026-11")
    return local


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tz)


def _written(moment: datetime) -> str:
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat()


def _zone(moment: datetime) -> ZoneInfo:
    assert isinstance(moment.tzinfo, ZoneInfo)  # every constructor above sets one
    return moment.tzinfo
