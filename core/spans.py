"""Sets of moments as half-open intervals: when something held, for how long, and when it did not.

All moments are aware. A span without an end goes on for ever.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

FOREVER = datetime.max.replace(tzinfo=UTC)  # stands in for «no end» inside comparisons; never handed out


class Span(NamedTuple):
    """``[start, end)``; ``end`` None is open. Empty when ``end <= start``."""

    start: datetime
    end: datetime | None


class Spans:
    """An immutable set of moments, kept as disjoint spans in order; touching spans are one."""

    __slots__ = ("_spans",)
    _spans: tuple[Span, ...]

    def __init__(self, spans: Iterable[tuple[datetime, datetime | None]] = ()) -> None:
        """Any spans: overlapping, touching, empty, in any order."""
        self._spans = _merged(spans)

    @classmethod
    def _of(cls, spans: Iterable[Span]) -> Self:
        """From spans that are in order and disjoint already."""
        made = cls.__new__(cls)
        made._spans = tuple(spans)
        return made

    def covers(self, start: datetime, end: datetime | None) -> bool:
        """Whether every moment of ``[start, end)`` is in the set; nothing is in every set."""
        for begin, stop in self._spans:
            if begin <= start and (stop is None or (end is not None and end <= stop)):
                return True
        return end is not None and end <= start

    def __or__(self, other: "Spans") -> "Spans":
        return Spans(self._spans + other._spans)

    def __and__(self, other: "Spans") -> "Spans":
        left, right, found = self._spans, other._spans, []
        i = j = 0
        while i < len(left) and j < len(right):
            a_end, b_end = left[i].end or FOREVER, right[j].end or FOREVER
            start, end = max(left[i].start, right[j].start), min(a_end, b_end)
            if start < end:
                found.append(Span(start, None if end is FOREVER else end))
            if a_end <= b_end:
                i += 1
            else:
                j += 1
        return Spans._of(found)

    def __sub__(self, other: "Spans") -> "Spans":
        found = []
        holes = other._spans
        first = 0
        for start, end in self._spans:
            stop = end or FOREVER
            while first < len(holes) and (holes[first].end or FOREVER) <= start:
                first += 1
            for hole in holes[first:]:
                if hole.start >= stop:
                    break
                if start < hole.start:
                    found.append(Span(start, hole.start))
                if hole.end is None:
                    start = FOREVER
                    break
                start = max(start, hole.end)
            if start < stop:
                found.append(Span(start, end))
        return Spans._of(found)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, datetime) and any(a <= moment < (b or FOREVER) for a, b in self._spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self._spans == other._spans

    def __hash__(self) -> int:
        return hash(self._spans)

    def __repr__(self) -> str:
        return f"Spans({list(self._spans)!r})"

    def total(self, until: datetime) -> timedelta:
        """How much time of the set lies before ``until``."""
        return sum((min(b or FOREVER, until) - a for a, b in self._spans if a < until), timedelta())


def _merged(spans: Iterable[tuple[datetime, datetime | None]]) -> tuple[Span, ...]:
    merged: list[Span] = []
    reach = None  # where the last merged span ends
    given = list(spans)
    if len(given) > 1:
        given.sort(key=_start)
    for start, end in given:
        stop = end or FOREVER
        if stop <= start:
            continue
        if reach is not None and start <= reach:
            if stop > reach:
                merged[-1] = Span(merged[-1].start, end)
                reach = stop
        else:
            merged.append(Span(start, end))
            reach = stop
    return tuple(merged)


def _start(span: tuple[datetime, datetime | None]) -> datetime:
    return span[0]
