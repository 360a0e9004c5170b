"""Which stage holds several kinds of work and fills up, and where it could be cut in two. Pure.

A kind of work is a kind of task that is done on the stage, or a field that is filled there. The cut is the one after
which deals stand about as long as before it and fare otherwise: with it done more of them go on, or fewer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import NamedTuple, TypeVar

T = TypeVar("T")
TASK, FIELD = "task", "field"
WEEKS = timedelta(weeks=8)  # over which arrivals and departures are compared
STANDING = 10  # open deals; fewer are no pile
ENOUGH = 30  # visits behind a share; fewer are an accident
COMMON = 0.15  # of visits: a kind of work that fewer have is an exception
ALMOST_ALL = 0.95  # of visits: what nearly all have parts nothing
SHORT = 0.1  # of the usual visit: a half that is shorter is no stage
DIFFERENCE = 0.1  # between the halves' shares that go on; less is no reason to cut
ON_LEAVING = timedelta(minutes=1)
OLD_SHARE = 0.3  # of open deals that stand twice as long as is usual


class Work(NamedTuple):
    """``kind`` TASK or FIELD, and the id of the task's kind or of the field (``price``: the amount)."""

    kind: str
    id: str


class StageVisit(NamedTuple):
    """One visit; ``forward`` None while it goes on. ``road``: to which stage it left. ``done``: when each work was."""

    since: datetime
    until: datetime | None
    forward: bool | None
    road: str | None
    money: Decimal
    done: Mapping[Work, datetime]


class Half(NamedTuple):
    """One of the stages that the cut would make: what stands in it today, and how deals have fared in it.

    ``forward``: share of visits that went on, of ``fates``: those that ended, or stand twice as long as is usual; None
    of too few. ``median``: time spent in it.
    """

    standing: int
    money: Decimal
    median: timedelta
    forward: float | None
    fates: int


@dataclass(frozen=True)
class Cut:
    """``after`` this work is done a deal would come to the second stage. ``share`` of visits in which it was done."""

    after: Work
    share: float
    first: Half
    second: Half


@dataclass(frozen=True)
class StageLoad:
    """What a stage holds. ``works`` and ``roads``: share of visits (of ended ones), the most common first.

    ``entered`` and ``left`` in eight weeks; ``old``: open deals that stand twice as long as ended visits usually did.
    """

    visits: int
    standing: int
    money: Decimal
    entered: int
    left: int
    old: int
    median: timedelta | None
    works: list[tuple[Work, float]]
    roads: list[tuple[str, float]]
    cut: Cut | None

    @property
    def several(self) -> bool:
        """Whether it holds more than one kind of work."""
        return len(self.works) > 1

    @property
    def accumulates(self) -> bool:
        """Whether it fills up: more come than leave, or many stand far longer than is usual."""
        grows = self.entered > 1.1 * self.left
        return self.standing >= STANDING and (grows or self.old >= OLD_SHARE * self.standing)

    @property
    def is_named(self) -> bool:
        return self.several and self.accumulates and self.cut is not None


def weigh_stage(visits: Sequence[StageVisit], now: datetime) -> StageLoad:
    """What the visits of one stage say of it, with the cut that parts it best, if any does."""
    ended = [visit for visit in visits if visit.until is not None]
    standing = [visit for visit in visits if visit.until is None]
    usual = _median([_length(visit, now) for visit in ended])
    # Of a busy stage only the newest are known.
    window = max(now - WEEKS, min((visit.since for visit in ended), default=now))
    works = _shares([work for visit in visits for work in visit.done], len(visits))
    roads = _shares([visit.road for visit in ended if visit.road is not None], len(ended))
    return StageLoad(
        len(visits),
        len(standing),
        sum((visit.money for visit in standing), Decimal()),
        sum(visit.since > window for visit in visits),
        sum(visit.until is not None and visit.until > window for visit in visits),
        0 if usual is None else sum(_length(visit, now) > 2 * usual for visit in standing),
        usual,
        works,
        roads,
        propose_cut(visits, [work for work, _share in works], now),
    )


def propose_cut(visits: Sequence[StageVisit], works: Sequence[Work], now: datetime) -> Cut | None:
    """The work that parts a stage best. None where none does: too few visits, halves too short, or no difference."""
    ended = [visit for visit in visits if visit.until is not None]
    usual = _median([_length(visit, now) for visit in ended])
    if len(ended) < ENOUGH or not usual:
        return None
    found: list[tuple[float, Cut]] = []
    for work in works:
        done = [visit for visit in visits if _is_done(visit, work)]
        if len(done) < max(ENOUGH, COMMON * len(visits)) or len(done) > ALMOST_ALL * len(visits):
            continue
        before = _median([visit.done[work] - visit.since for visit in done])
        after = _median([(visit.until or now) - visit.done[work] for visit in done])
        if before is None or after is None or min(before, after) < SHORT * usual:
            continue
        undone = [visit for visit in visits if not _is_done(visit, work)]
        first, second = _half(undone, before, usual, now), _half(done, after, usual, now)
        if first.forward is None or second.forward is None:
            continue
        difference = abs(second.forward - first.forward)
        if difference < DIFFERENCE:
            continue
        balance = min(before, after) / (before + after)
        cut = Cut(work, len(done) / len(visits), first, second)
        found.append((difference * balance, cut))
    return max(found, key=lambda one: one[0])[1] if found else None


def _is_done(visit: StageVisit, work: Work) -> bool:
    """Whether it was done while the deal stayed: what is done on leaving parts nothing."""
    at = visit.done.get(work)
    return at is not None and (visit.until is None or visit.until - at > ON_LEAVING)


def _half(visits: Sequence[StageVisit], length: timedelta, usual: timedelta, now: datetime) -> Half:
    """A deal that stands twice as long as is usual has gone on as little as one that was lost."""
    standing = [visit for visit in visits if visit.until is None]
    fates = [visit for visit in visits if visit.until is not None or _length(visit, now) > 2 * usual]
    forward = sum(bool(visit.forward) for visit in fates) / len(fates) if len(fates) >= ENOUGH else None
    money = sum((visit.money for visit in standing), Decimal())
    return Half(len(standing), money, length, forward, len(fates))


def _length(visit: StageVisit, now: datetime) -> timedelta:
    return (visit.until or now) - visit.since


def _median(lengths: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in lengths)) if lengths else None


def _shares(found: Sequence[T], whole: int) -> list[tuple[T, float]]:
    counts: dict[T, int] = {}
    for one in found:
        counts[one] = counts.get(one, 0) + 1
    common = [(one, count / whole) for one, count in counts.items() if count >= COMMON * whole]
    return sorted(common, key=lambda one: (-one[1], str(one[0])))
