"""The time that deals spent in work, and who held them: pieces of lives as arrays. Thinking, but for one statement."""

from typing import NamedTuple

import numpy as np

from metrics.analytics.columns import Flags, Ints, read_columns
from metrics.analytics.log import FAR, OPEN, WORK, Log
from metrics.analytics.win_rates import find_places


class Pieces(NamedTuple):
    """Ordered by deal and time; ``deal``: its place in the log; ``person`` NOBODY where nobody held it."""

    deal: Ints
    begin: Ints
    end: Ints
    person: Ints


def list_work(log: Log, now: int) -> Pieces:
    """Each visit to a stage in work, from creation on and up to the closing as amoCRM tells it; open ones until now."""
    mine = np.flatnonzero(log.kind == WORK)
    begin, end = log.since.copy(), np.where(log.until == FAR, now, log.until)
    begin[log.first] = log.created
    over = np.flatnonzero(log.result != OPEN)
    closing = log.last[over]
    before = log.earlier[closing]
    told = (before >= 0) & (log.kind[closing] != WORK) & (log.until[closing] == FAR)
    end[before[told]] = log.closed[over[told]]
    return Pieces(log.of[mine], begin[mine], np.maximum(begin, end)[mine], log.holder[mine])


class Changes(NamedTuple):
    """Changes of the owner, ordered by deal, time and event; ``deal``: its place in the log."""

    deal: Ints
    at: Ints
    before: Ints
    after: Ints
    late: Flags  # after the closing, by the order of events within its second

    def keep(self, wanted: Flags) -> "Changes":
        return Changes(
            self.deal[wanted], self.at[wanted], self.before[wanted], self.after[wanted], self.late[wanted]
        )


OWNERS = {
    "deal": ("e.entity_id", "int8"),
    "at": ("e.at", "timestamptz"),
    "before": ("coalesce((e.before #>> '{}')::bigint, 0)", "int8"),
    "after": ("coalesce((e.after #>> '{}')::bigint, 0)", "int8"),
    "late": ("e.late::int", "int2"),
    "place": ("e.place", "int8"),
}
# Within one second amoCRM's own order of events counts.
TOLD = """
    from (select o.entity_id, o.at, o.before, o.after, row_number() over (order by o.entity_id, o.at, o.id) as place,
                 case when d.closed_at is null or o.at < d.closed_at then false when o.at > d.closed_at then true
                      else coalesce(o.id > (select max(c.id) from pipelines_event c
                                            where c.entity = 'deal' and c.entity_id = d.id and c.kind = 'stage'
                                              and c.at = d.closed_at), false) end as late
          from pipelines_event o join pipelines_deal d on d.id = o.entity_id
          where o.entity = 'deal' and o.kind = 'owner' and o.before is distinct from o.after and d.deleted_at is null
            and (%(start)s::timestamptz is null or d.closed_at is null or d.closed_at >= %(start)s)) e"""


def read_changes(log: Log, start: object) -> Changes:
    """Of the log's deals that were open at ``start`` or later (None: of all). One statement."""
    rows = read_columns(OWNERS, TOLD, {"start": start})
    place, known = find_places(log.ids, rows["deal"])
    order = np.argsort(rows["place"][known], kind="stable")
    at, before, after, late = (rows[name][known][order] for name in ("at", "before", "after", "late"))
    return Changes(place[known][order], at, before, after, late == 1)


def cut_by_owner(log: Log, changes: Changes, now: int) -> Pieces:
    """The whole life of each deal, from creation until it was over, cut where it changed hands.

    What was told in the second of the end or later is left out; a piece of no length before it is one.
    """
    ends = np.where(log.result == OPEN, now, log.closed)
    inside = changes.at < ends[changes.deal]
    deal, at, before, after, _late = changes.keep(inside)
    n = len(log.ids)
    first = np.full(n, -1, dtype=np.int64)
    first[deal[::-1]] = np.arange(len(deal))[::-1]
    later = np.full(n, -1, dtype=np.int64)  # the first change told of it at all, were it after the end
    later[changes.deal[::-1]] = np.arange(len(changes.deal))[::-1]
    start = log.owner.copy()
    start[later >= 0] = changes.before[later[later >= 0]]
    start[first >= 0] = before[first[first >= 0]]
    deals: Ints = np.concatenate((np.arange(n), deal)).astype(np.int64)
    begins = np.concatenate((log.created, np.maximum(at, log.created[deal])))
    people: Ints = np.concatenate((start, after)).astype(np.int64)
    order = np.lexsort((np.concatenate((np.full(n, -1), np.arange(len(deal)))), deals))
    deals, begins, people = deals[order], begins[order], people[order]
    last = np.concatenate((np.diff(deals) != 0, [True])) if len(deals) else np.empty(0, dtype=bool)
    until = np.where(last, ends[deals], np.roll(begins, -1))
    return Pieces(deals, begins, np.maximum(until, begins), people)


def clip_pieces(pieces: Pieces, start: int | None, end: int) -> Pieces:
    """The parts inside of ``[start, end)``; pieces that do not touch it go."""
    low = pieces.begin if start is None else np.maximum(pieces.begin, start)
    high = np.minimum(pieces.end, end)
    mine = (high > low) | ((high == low) & (pieces.begin == pieces.end))
    return Pieces(pieces.deal[mine], low[mine], high[mine], pieces.person[mine])
