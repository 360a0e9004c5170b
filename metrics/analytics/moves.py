"""What happened to the stock of deals in work: who came, who went, and what its money became. Pure."""

from typing import NamedTuple

import numpy as np

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.log import ELSEWHERE, FAR, LOST, WON, WORK, Log
from metrics.analytics.stage_times import stage_order

CREATED, REOPENED, PROGRESSED, REGRESSED, TO_WON, TO_LOST, TO_LEFT = range(7)
SIGNS = np.array([1, 1, 0, 0, -1, -1, -1], dtype=np.int64)  # what each does to the number of deals in work


class Moves(NamedTuple):
    """Ordered by deal and time. ``deal``: its place in the log; ``arrived``: it was in the account before."""

    kind: Ints
    deal: Ints
    at: Ints
    arrived: Flags


def list_moves(log: Log) -> Moves:
    """Every closing and every reopening is one move; a deal that comes from elsewhere is created here, and arrived."""
    kind, before = log.kind, log.kind[log.earlier]
    goes_on, closing = log.continues, log.kind != WORK
    at = log.since.copy()
    at[log.first] = log.created
    closed_at = at.copy()
    standing = closing[log.last] & (log.until[log.last] == FAR)
    closed_at[log.last[standing]] = log.closed[standing]
    sorts, pipelines = stage_order(log)
    order, funnel, earlier = sorts[log.stage], pipelines[log.stage], log.earlier
    inside = goes_on & (kind == WORK) & (before == WORK) & (funnel == funnel[earlier])
    gone = (log.following == ELSEWHERE) & ~closing
    found: list[tuple[int, Ints, Ints]] = [
        (CREATED, np.flatnonzero(~goes_on), at),
        (REOPENED, np.flatnonzero(goes_on & (before != WORK)), np.where(closing, closed_at, at)),
        (PROGRESSED, np.flatnonzero(inside & (order > order[earlier])), at),
        (REGRESSED, np.flatnonzero(inside & (order < order[earlier])), at),
        (TO_WON, np.flatnonzero(kind == WON), closed_at),
        (TO_LOST, np.flatnonzero(kind == LOST), closed_at),
        (TO_LEFT, np.flatnonzero(gone), log.until),
    ]
    spoilt = np.flatnonzero(
        (log.result == LOST) & (kind[log.last] == WON)
    )  # sold here, lost where it was delivered
    later = [(REOPENED, spoilt), (TO_LOST, spoilt)]
    visits = np.concatenate([rows for _, rows, _ in found] + [log.last[spoilt]] * 2)
    kinds = np.concatenate(
        [np.full(len(rows), one) for one, rows in [(one, rows) for one, rows, _ in found] + later]
    )
    times = np.concatenate([moments[rows] for _, rows, moments in found] + [log.closed[spoilt]] * 2)
    again = np.arange(len(visits)) >= len(visits) - 2 * len(spoilt)
    rank = np.array([0, 1, 2, 2, 3, 3, 4])[kinds]  # within one visit: come, then close or leave
    ordered = np.lexsort((rank, again, visits))
    visits, kinds, times = visits[ordered], kinds[ordered], times[ordered]
    foreign = np.zeros(len(log.ids), dtype=bool) if log.foreign is None else log.foreign
    newcomers = (kinds == CREATED) & ((log.earlier[visits] >= 0) | foreign[log.of[visits]])
    return Moves(kinds, log.of[visits], times, newcomers)


class Prices(NamedTuple):
    """Told changes of deals' prices, ordered by deal and time; ``deal``: its place in the log; hundredths."""

    deal: Ints
    at: Ints
    before: Ints
    after: Ints


def price_at(log: Log, prices: Prices, deal: Ints, at: Ints) -> Ints:
    """What each deal cost at each moment: after its last change until then, else before its first, else as now.

    After the last change that was told it costs what it costs now, whatever that change said.
    """
    if not len(prices.deal):
        return log.price[deal]
    keys, asked = _keys(prices.deal, prices.at, prices.at), _keys(deal, at, prices.at)
    place = np.searchsorted(keys, asked, side="right") - 1
    after = settled(log, prices)
    had = (place >= 0) & (prices.deal[place] == deal)
    following = np.minimum(place + 1, len(prices.deal) - 1)
    will = prices.deal[following] == deal
    return np.where(had, after[place], np.where(will, prices.before[following], log.price[deal]))


def settled(log: Log, prices: Prices) -> Ints:
    """``after`` of each change, the last one's of a deal being what it costs now."""
    last = np.concatenate((np.diff(prices.deal) != 0, [True]))
    return np.where(last, log.price[prices.deal], prices.after)


def list_repricing(log: Log, moves: Moves, prices: Prices) -> tuple[Ints, Ints, Ints]:
    """(deal, moment, difference) of the changes that fell into work; those of closed deals move no stock."""
    if not len(prices.deal):
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    after = settled(log, prices)
    first = np.concatenate(([True], np.diff(prices.deal) != 0))
    before = np.where(first, prices.before, np.roll(after, 1))
    total = np.concatenate(([0], np.cumsum(SIGNS[moves.kind])))
    keys = _keys(moves.deal, moves.at, prices.at)
    done = np.searchsorted(keys, _keys(prices.deal, prices.at, prices.at), side="left")
    begun = np.searchsorted(moves.deal, prices.deal, side="left")
    working = total[done] - total[begun] > 0
    return prices.deal[working], prices.at[working], (after - before)[working]


def _keys(deal: Ints, at: Ints, axis: Ints) -> Ints:
    """Deal and moment in one number that orders as both do, to the millisecond (amoCRM tells whole seconds)."""
    low, high = int(axis.min()), int(axis.max())
    span = (high - low) // 1000 + 3
    return deal * span + np.clip((at - low) // 1000 + 1, 0, span - 1)
