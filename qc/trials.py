"""What rules find by one set of terms and by another, beside each other. Pure.

A finding is the same in both when rule, deal, task and beginning are; new and gone are counted apart, since a sum of
both hides either.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from qc.rules import RULES, Terms
from timeline.timeline import WON, Timeline

HASTE = timedelta(hours=2)  # who moved on so soon after the norm was at work on it
WON_ANYWAY, MOVED_ON, AWAY = "won", "moved", "away"  # why a new finding may be a false alarm


class Key(NamedTuple):
    rule: str
    deal: int
    task: int | None
    since: datetime


class Found(NamedTuple):
    """``doubt``: why it may be a false alarm, or empty."""

    key: Key
    stage: str | None
    owner: int | None
    opens_at: datetime
    closes_at: datetime | None
    doubt: str = ""

    def touches(self, start: datetime, until: datetime) -> bool:
        return self.opens_at < until and (self.closes_at is None or self.closes_at > start)


@dataclass
class Tally:
    """Findings open now, and those of the period; ``new`` and ``gone`` ones among them, by the change."""

    now: int = 0
    now_before: int = 0
    new_now: int = 0
    gone_now: int = 0
    period: int = 0
    period_before: int = 0
    new: int = 0
    gone: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.new or self.gone)


@dataclass
class Comparison:
    """Tallies by (rule, stage, owner), and the new findings of the period that may be false alarms."""

    cells: dict[tuple[str, str | None, int | None], Tally] = field(default_factory=dict)
    doubts: list[Found] = field(default_factory=list)

    def by(self, place: Callable[[tuple[str, str | None, int | None]], object]) -> dict[object, Tally]:
        """Tallies summed by what ``place`` makes of a cell's key."""
        found: dict[object, Tally] = {}
        for cell, tally in self.cells.items():
            whole = found.setdefault(place(cell), Tally())
            for name, number in vars(tally).items():
                setattr(whole, name, getattr(whole, name) + number)
        return found

    @property
    def whole(self) -> Tally:
        found = self.by(lambda _cell: None)
        return next(iter(found.values()), Tally())


def collect(
    deal: Timeline,
    codes: Iterable[str],
    terms: Terms,
    start: datetime,
    now: datetime,
    stages: Collection[str] | None = None,
) -> Iterator[Found]:
    """What these rules of deals find on one by these terms, open at any time of ``[start, now)``; on ``stages``."""
    for code in codes:
        for check in RULES[code].checks(deal, terms):
            for breach in check.breaches:
                if stages is not None and breach.stage not in stages:
                    continue
                one = Found(
                    Key(code, deal.id, breach.task, breach.since),
                    breach.stage,
                    breach.owner,
                    breach.opens_at,
                    breach.closes_at,
                )
                if one.touches(start, now):
                    yield one


def last_won(deal: Timeline) -> datetime | None:
    """When the deal came to a won stage last."""
    return max((piece.since for piece in deal.pieces if piece.kind == WON), default=None)


def doubt(one: Found, won_at: datetime | None, terms: Terms) -> str:
    """Why a finding may be a false alarm: the deal was won afterwards (``won_at``: last), it moved on within two hours,
    or its owner had no shift in the day before and after."""
    if won_at is not None and won_at >= one.opens_at:
        return WON_ANYWAY
    if one.closes_at is not None and one.closes_at - one.opens_at <= HASTE:
        return MOVED_ON
    if one.owner is not None:
        day = timedelta(days=1)
        if not terms.clocks.owner(one.owner).worked(one.opens_at - day, one.opens_at + day):
            return AWAY
    return ""


def compare(
    lives: Iterable[Timeline],
    codes: Collection[str],
    before: Terms,
    after: Terms,
    start: datetime,
    now: datetime,
    stages: Collection[str] | None = None,
    months: Mapping[int, dict[str, int]] | None = None,
    month: datetime | None = None,
) -> Comparison:
    """Both judgements of these lives. ``months`` is filled with how many more (fewer: below zero) findings of each rule
    every owner has since ``month``."""
    found = Comparison()
    for deal in lives:
        was = {one.key: one for one in collect(deal, codes, before, start, now, stages)}
        becomes = {one.key: one for one in collect(deal, codes, after, start, now, stages)}
        for key, one in becomes.items():
            tally = found.cells.setdefault((key.rule, one.stage, one.owner), Tally())
            is_open = one.closes_at is None or one.closes_at > now
            tally.period += 1
            tally.now += is_open
            old = was.get(key)
            if old is None:
                tally.new += 1
                if reason := doubt(one, last_won(deal), after):
                    found.doubts.append(one._replace(doubt=reason))
            tally.new_now += is_open and not (old and (old.closes_at is None or old.closes_at > now))
        for key, one in was.items():
            tally = found.cells.setdefault((key.rule, one.stage, one.owner), Tally())
            is_open = one.closes_at is None or one.closes_at > now
            tally.period_before += 1
            tally.now_before += is_open
            fresh = becomes.get(key)
            tally.gone += fresh is None
            tally.gone_now += is_open and not (fresh and (fresh.closes_at is None or fresh.closes_at > now))
        if months is not None and month is not None:
            for sign, ones in ((1, becomes), (-1, was)):
                for key, one in ones.items():
                    if one.owner is not None and one.touches(month, now):
                        own = months.setdefault(one.owner, {})  # type: ignore[attr-defined]  # a dict when it is given
                        own[key.rule] = own.get(key.rule, 0) + sign
    return found
