"""Deeds that somebody did in a row: so many within so long."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from qc.rules.checks import SHOWN, Breach


class Deed(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def deal(self) -> int: ...


class Limit(Protocol):
    """``count`` deeds within ``window`` make a row; without a window none do."""

    @property
    def count(self) -> int: ...
    @property
    def window(self) -> timedelta | None: ...


D = TypeVar("D", bound=Deed)


def find_bursts(deeds: Sequence[D], limit_at: Callable[[datetime], Limit]) -> Iterator[tuple[list[D], D]]:
    """Rows among ``deeds`` (in the order of time), each as long as it goes on, and the deed that made it one.

    The limit of its time judges each deed.
    """
    begun = done = 0  # of the present row: deeds[begun:done]
    full: D | None = None
    for place, deed in enumerate(deeds):
        limit = limit_at(deed.at)
        first = place - limit.count + 1
        if first < 0 or limit.window is None or deed.at - deeds[first].at > limit.window:
            continue
        if full is not None and deeds[first].at <= deeds[done - 1].at:
            done = place + 1
            continue
        if full is not None:
            yield list(deeds[begun:done]), full
        begun, done, full = first, place + 1, deed
    if full is not None:
        yield list(deeds[begun:done]), full


def question(person: int | None, row: Sequence[Deed], full: Deed) -> Breach:
    """What a person is asked about a row: since its first deed, from when it was full, for two weeks."""
    deals = list(dict.fromkeys(deed.deal for deed in row))
    values = {"count": len(row), "deals": deals}
    return Breach(row[0].at, full.at, full.at + SHOWN, person, None, values)


def begin_apart(
    moments: Sequence[datetime], since: datetime, lower: datetime, window: timedelta
) -> datetime | None:
    """From when on rows hang on nothing before it, where only deeds from ``since`` on may have changed.

    ``moments``: of the deeds from ``lower`` on, in order; a row needs ``window``. It begins after a gap longer than
    that; None: none is seen, so one must look further back.
    """
    begin = since
    for at in reversed(moments):
        if at >= since:
            continue
        if begin - at > window:
            return begin
        begin = at
    return begin if begin - lower > window else None
