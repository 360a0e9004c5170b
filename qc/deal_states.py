"""A deal's state beside the deal: what lists filter and sort by, written by the judgement that it follows from.

Columns of the deal itself (`pipelines.models.Deal`), so that one index answers for a list with everything it shows.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from core.db import Statement
from qc.models import SHOWN
from qc.rules import behind
from qc.verdicts import Said
from timeline import folding
from timeline.loading import Loaded

# Deals are locked in the order of their keys, as `store` does; both statements that write them come after this.
LOCK = "select id from pipelines_deal where id = any(%(ids)s) order by id for no key update"
WRITE = """
    update pipelines_deal deal
    set stage_since = told.stage_since, next_due_at = told.next_due_at, stuck_at = told.stuck_at,
        stuck_until = told.stuck_until
    from unnest(%(ids)s::bigint[], %(stage_since)s::timestamptz[], %(next_due_at)s::timestamptz[],
                %(stuck_at)s::timestamptz[], %(stuck_until)s::timestamptz[])
         as told (id, stage_since, next_due_at, stuck_at, stuck_until)
    where deal.id = told.id
"""


class State(NamedTuple):
    """The columns, in the order in which `timeline.loading` reads them."""

    stage_since: datetime | None
    next_due_at: datetime | None
    stuck_at: datetime | None
    stuck_until: datetime | None


def compare(loaded: Loaded, said: Said, codes: Collection[str], now: datetime) -> dict[int, State]:
    """The states that differ from those that stand. Without a word of the rules behind stuck deals, because they were
    not asked or failed, that part stays as it is.

    What ends by itself after ``now`` (history from the future) and what begins again is taken as one stretch.
    """
    rules = behind("stuck_deals")
    asked = all(rule in codes for rule in rules)
    failed = {int(subject) for rule, subject in said.failed if rule in rules}
    stuck: dict[int, tuple[datetime, datetime | None]] = {}
    for key, verdict in said.found.items() if asked else ():
        if key.rule not in rules or verdict.mode not in SHOWN:
            continue
        begin, end = verdict.opens_at, verdict.closes_at
        if end is not None and end <= now:
            continue
        deal = int(key.subject)
        if deal in stuck:
            other = stuck[deal]
            begin = min(begin, other[0])
            end = None if end is None or other[1] is None else max(end, other[1])
        stuck[deal] = begin, end
    found = {}
    for deal, moments in loaded.moments.items():
        known = loaded.states[deal]
        state = (*moments, *(stuck.get(deal, (None, None)) if asked and deal not in failed else known[2:]))
        if state != known:
            found[deal] = State._make(state)
    return found


def writing(loaded: Loaded, states: Mapping[int, State]) -> Iterator[Statement]:
    """The statements that keep what differs of the deals' histories and states."""
    if states:
        yield LOCK, {"ids": list({*loaded.closings, *states})}
    yield from folding.writing(loaded)
    if states:
        columns = zip(*states.values(), strict=True)
        yield WRITE, {"ids": list(states)} | dict(zip(State._fields, map(list, columns), strict=True))
