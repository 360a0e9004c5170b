"""What has happened on deals that a forecast may look at: calls, hand-overs and tasks, each with its moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial

import numpy as np

from core.beside import ask_beside
from metrics.analytics.ageing import LEARNT_FROM
from metrics.analytics.columns import Flags, Floats, Ints, order_by_moment, read_columns, write_array
from metrics.analytics.log import FAR, Log
from metrics.analytics.terms import Terms
from metrics.analytics.win_rates import find_places


@dataclass(frozen=True)
class Happened:
    """Events of one kind, ordered by deal and time: the deal's place in the log, when, and how much."""

    deal: Ints
    at: Ints
    sums: Floats  # running, from 0 on

    @cached_property
    def starts(self) -> Ints:
        """Where the events of each place begin; the last one is behind all that have any."""
        found: Ints = np.concatenate(([0], np.cumsum(np.bincount(self.deal))))
        return found

    def until(self, deals: Ints, moment: int) -> tuple[Ints, Floats, Ints]:
        """(how many before the moment, how much, when the last of them; 0 where none)."""
        if not len(self.deal):
            return (
                np.zeros(len(deals), dtype=np.int64),
                np.zeros(len(deals)),
                np.zeros(len(deals), dtype=np.int64),
            )
        begun, ends = (self.starts[np.minimum(deals + next_, len(self.starts) - 1)] for next_ in (0, 1))
        seen = np.concatenate(([0], np.cumsum(self.at < moment)))
        n = seen[ends] - seen[begun]
        last = np.where(n > 0, self.at[np.maximum(begun + n - 1, 0)], 0)
        return n, self.sums[begun + n] - self.sums[begun], last


@dataclass(frozen=True)
class Past:
    """Everything that a forecast may look at, of the log's deals."""

    log: Log
    calls: Happened
    given: Happened
    set: Happened
    done: Happened
    due: Happened

    def keep(self, wanted: Flags) -> "Past":
        """Only of these deals."""
        number = np.cumsum(wanted) - 1
        kept = []
        for one in (self.calls, self.given, self.set, self.done, self.due):
            mine = wanted[one.deal]
            sums = np.concatenate(([0.0], np.cumsum(np.diff(one.sums)[mine])))
            kept.append(Happened(number[one.deal[mine]], one.at[mine], sums))
        return Past(self.log.keep(wanted), *kept)


CALL = {"deal": ("t.deal_id", "int8"), "at": ("t.at", "timestamptz"), "much": ("t.seconds", "int4")}
CALLS = "from pipelines_touch t {chosen} and t.kind in ('call_out', 'call_in')"
HAND_OVER = {"deal": ("t.deal_id", "int8"), "at": ("t.entered_at", "timestamptz")}
HAND_OVERS = "from pipelines_stay t {chosen} and t.entered_at > t.visit_since"
TASK = {
    "deal": ("t.deal_id", "int8"),
    "set": ("t.created_at", "timestamptz"),
    "done": ("coalesce(t.completed_at, 'infinity')", "timestamptz"),
    "due": ("t.due_at", "timestamptz"),
}
TASKS = "from pipelines_task t {chosen}"
ALIVE = "join pipelines_deal d on d.id = t.deal_id where (d.closed_at is null or d.closed_at >= %(start)s)"
# Joined, such an array is thought to match nearly all rows or nearly none: all are sorted, or each is looked up.
SOME = "where t.deal_id = any(%(ids)s::bigint[])"


def read_past(log: Log, terms: Terms, *, whole: bool = True) -> Past:
    """Of deals that were open in the time that is learnt from; ``whole``: the log has all of them. Three statements."""
    values = {"start": learnt_since(terms), "ids": "{}" if whole else write_array(log.ids)}
    chosen = ALIVE if whole else SOME
    tasks_beside = ask_beside(partial(read_columns, TASK, TASKS.format(chosen=chosen), values))
    calls = read_columns(CALL, CALLS.format(chosen=chosen), values)
    given = read_columns(HAND_OVER, HAND_OVERS.format(chosen=chosen), values)

    def happened(rows: dict[str, Ints], *moments: str) -> list[Happened]:
        places, known = find_places(log.ids, rows["deal"])
        found = []
        for at in (rows[moment] for moment in moments):
            mine = np.flatnonzero(known & (at != FAR))
            mine = mine[order_by_moment(places[mine], at[mine])]
            much = rows["much"][mine] if "much" in rows else np.ones(len(mine))
            found.append(Happened(places[mine], at[mine], np.concatenate(([0.0], np.cumsum(much)))))
        return found

    found = happened(calls, "at") + happened(given, "at")
    return Past(log, *found, *happened(tasks_beside(), "set", "done", "due"))


def learnt_since(terms: Terms) -> datetime:
    return terms.now - timedelta(days=LEARNT_FROM + 31)
