"""The log that reports are computed from: deals and their visits to stages as arrays, within a scope.

The scope is one pipeline, or all that sell. A life is what a deal has lived inside of it: a deal that leaves the scope
unsold is neither won nor lost (LEFT), one that is sold and goes on elsewhere (delivery, service) stands won.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from django.db import connection

from core import account
from metrics.analytics import packing
from metrics.analytics.columns import Flags, Ints, read_columns
from metrics.analytics.sample import DRAWN
from metrics.analytics.terms import Terms

OPEN, WON, LOST, LEFT = 0, 1, 2, 3
WORK = 0  # kinds of stages: work, and WON and LOST as above
FAR = np.iinfo(np.int64).max  # PostgreSQL's 'infinity': has not happened
NOBODY = 0
STANDS, ELSEWHERE = -1, -2  # in place of the following stage
Chosen = Literal["created", "alive"]


class StageRow(NamedTuple):
    id: str
    name: str
    pipeline: int
    sort: int
    kind: int


@dataclass(frozen=True)
class Log:
    """Visits are ordered by deal and time; ``first`` and ``last`` point at those of each deal.

    Deals: ``ids``, ``created`` (or the first moment inside of the scope), ``price`` in hundredths, ``owner`` now,
    ``closed_at`` as amoCRM says, ``lost_now``: it stands lost wherever it is. Visits: ``of`` (place of the deal),
    ``stage``, ``since``, ``until``, ``following`` (a stage, STANDS or ELSEWHERE), ``holder``: whose it was at the end.
    """

    stages: Sequence[StageRow]
    ids: Ints
    created: Ints
    closed_at: Ints
    price: Ints
    owner: Ints
    lost_now: Flags
    of: Ints
    stage: Ints
    since: Ints
    until: Ints
    following: Ints
    holder: Ints
    whole: bool = True  # the scope is not one pipeline of several
    foreign: Flags | None = None  # of deals: began outside of the scope
    first: Ints = field(init=False)
    last: Ints = field(init=False)

    def __post_init__(self) -> None:
        edges = np.flatnonzero(np.diff(self.of)) + 1
        starts = np.concatenate(([0], edges)) if len(self.of) else np.empty(0, dtype=np.int64)
        ends = np.concatenate((edges, [len(self.of)])) if len(self.of) else np.empty(0, dtype=np.int64)
        object.__setattr__(self, "first", starts.astype(np.int64))
        object.__setattr__(self, "last", ends.astype(np.int64) - 1)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def kinds(self) -> Ints:
        """Of the stages, by place."""
        return np.array([stage.kind for stage in self.stages], dtype=np.int64)

    @cached_property
    def kind(self) -> Ints:
        """Of the stage of each visit."""
        return self.kinds[self.stage] if len(self.stages) else np.empty(0, dtype=np.int64)

    @cached_property
    def ended(self) -> Flags:
        found: Flags = self.following != STANDS
        return found

    @cached_property
    def result(self) -> Ints:
        return self._results[0]

    @cached_property
    def closed(self) -> Ints:
        """When the result came, or the deal left the scope; FAR while it is open."""
        return self._results[1]

    @cached_property
    def _results(self) -> tuple[Ints, Ints]:
        kind, until, since = self.kind[self.last], self.until[self.last], self.since[self.last]
        result = np.where(kind != WORK, kind, np.where(until == FAR, OPEN, LEFT))
        told = np.where(self.closed_at != FAR, self.closed_at, since)
        when = np.where(until == FAR, told, since)
        when = np.where(result == LEFT, until, np.where(result == OPEN, FAR, when))
        if self.whole:  # sold, delivered and lost there: lost after all
            spoilt = (result == WON) & (until != FAR) & self.lost_now
            result, when = np.where(spoilt, LOST, result), np.where(spoilt, told, when)
        return result, when

    @cached_property
    def place(self) -> dict[str, int]:
        return {stage.id: place for place, stage in enumerate(self.stages)}

    @cached_property
    def earlier(self) -> Ints:
        """The visit before each, within the same life; -1 for the first."""
        found = np.arange(-1, len(self.of) - 1)
        found[self.first] = -1
        return found

    @cached_property
    def continues(self) -> Flags:
        """Whether a visit follows on the one before it, without time spent elsewhere."""
        earlier = self.earlier
        found: Flags = (earlier >= 0) & (self.following[earlier] >= 0)
        return found

    def entries(self, places: Sequence[int]) -> Ints:
        """When each deal first came to one of these stages; FAR where it never did."""
        found = np.full(len(self.ids), FAR)
        mine = np.isin(self.stage, np.asarray(places, dtype=np.int64))
        np.minimum.at(found, self.of[mine], self.since[mine])
        return found

    def keep(self, wanted: Flags) -> "Log":
        """Only these deals."""
        number = np.cumsum(wanted) - 1
        mine = wanted[self.of]
        return Log(
            self.stages, self.ids[wanted], self.created[wanted], self.closed_at[wanted], self.price[wanted],
            self.owner[wanted], self.lost_now[wanted], number[self.of[mine]], self.stage[mine], self.since[mine],
            self.until[mine], self.following[mine], self.holder[mine], self.whole,
            None if self.foreign is None else self.foreign[wanted],
        )  # fmt: skip


STAGES = """
    select id, name, pipeline_id, sort, kind from pipelines_stage
    where pipeline_id is not null
    order by (select p.sort from pipelines_pipeline p where p.id = pipeline_id), pipeline_id, kind = 'lost',
             kind = 'won', sort, id"""
_KINDS = {"won": WON, "lost": LOST}
# Which deals, and no more than can matter: a deal that was closed for good before the period has nothing in it.
_CHOSEN = {
    "created": "d.created_at >= %(start)s and d.created_at < %(end)s",
    "alive": "(d.closed_at is null or d.closed_at >= %(start)s) and d.created_at < %(end)s",
}
_DEALS = {
    "ids": ("d.id", "int8"),
    "created": ("d.created_at", "timestamptz"),
    "closed_at": ("coalesce(d.closed_at, 'infinity')", "timestamptz"),
    "price": ("d.price * 100", "int8"),
    "owner": ("coalesce(d.manager_id, 0)", "int8"),
    "lost_now": ("(now_at.kind = 'lost')::int", "int2"),
}


def list_stages(pipeline: int | None, *, every: bool = False) -> list[StageRow]:
    """The stages of the scope, in amoCRM's order, won and lost at the end of their pipeline; or ``every`` one."""
    others = account.own().not_selling
    with connection.cursor() as cursor:
        cursor.execute(STAGES)
        rows = [
            StageRow(row[0], row[1], row[2], row[3], _KINDS.get(row[4], WORK)) for row in cursor.fetchall()
        ]
    if pipeline is not None:
        return [row for row in rows if row.pipeline == pipeline]
    return rows if every else [row for row in rows if row.pipeline not in others]


def read_log(terms: Terms, chosen: Chosen, *, every: bool = False, step: int = 1) -> Log:
    """The lives that the terms ask about: of deals ``created`` in the period, or ``alive`` at any time of it.

    Deals that ``people`` own now; none in amoCRM's bin. ``every``: through all pipelines. ``step``: of closed deals
    only the sample of every so-many-th (`metrics.analytics.sample`). Four or five statements.
    """
    stages = list_stages(None if every else terms.pipeline, every=every)
    where, values = _choose(terms, chosen)
    values |= {"stages": [stage.id for stage in stages], "step": step}
    if step > 1:
        where += f" and (d.closed_at is null or {DRAWN})"
    deals = read_columns(
        _DEALS,
        f"from pipelines_deal d left join pipelines_stage now_at on now_at.id = d.stage_id where {where}",
        values,
    )
    visits = _read_visits([stage.id for stage in stages], np.sort(deals["ids"]), where, values)
    return assemble(stages, deals, visits, whole=terms.pipeline is None)


def count_deals(terms: Terms, chosen: Chosen) -> int:
    """How many deals `read_log` would look for; of a pipeline, those that stand in it now."""
    where, values = _choose(terms, chosen)
    if terms.pipeline is not None:
        where += " and d.pipeline_id = %(pipeline)s"
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from pipelines_deal d where {where}", values)
        return int(cursor.fetchone()[0])


def _choose(terms: Terms, chosen: Chosen) -> tuple[str, dict[str, Any]]:
    """A condition on deals, and its values."""
    values = {
        "people": None if terms.people is None else sorted(terms.people),
        "pipeline": terms.pipeline,
        "start": None if terms.period is None else terms.period.start,
        "end": terms.now if terms.period is None else terms.period.end,
    }
    where = "d.deleted_at is null"
    if terms.people is not None:
        where += " and d.manager_id = any(%(people)s)"
    if terms.period is not None:
        where += f" and {_CHOSEN[chosen]}"
    return where, values


def _read_visits(stages: list[str], ids: Ints, where: str, values: dict[str, Any]) -> dict[str, Ints]:
    """Of the chosen deals: packed ones, and the stays of those that have changed since; or all stays."""
    chosen = f"join pipelines_deal d on d.id = s.deal_id and {where}"
    packed = packing.read_packed(stages, ids)
    if packed is None:
        return read_columns(packing.VISITS, packing.SOURCE.format(deals=chosen), values)
    if not packed.changed:
        return packed.visits
    changed = packing.SOURCE.format(deals=chosen) + " and s.deal_id = any(%(changed)s)"
    rows = read_columns(packing.VISITS, changed, values | {"changed": packed.changed})
    return {name: np.concatenate((column, rows[name])) for name, column in packed.visits.items()}


def assemble(
    stages: Sequence[StageRow], deals: dict[str, Ints], visits: dict[str, Ints], *, whole: bool
) -> Log:
    """A log of rows in any order; deals without a visit inside of the scope are left out."""
    order = np.argsort(deals["ids"], kind="stable")
    deals = {name: column[order] for name, column in deals.items()}
    places = np.searchsorted(deals["ids"], visits["deal"])
    known = places < len(deals["ids"])
    known[known] = deals["ids"][places[known]] == visits["deal"][known]
    keys = places * 100_000 + np.minimum(visits["visit"], 99_999)
    chosen: Ints | slice = slice(
        None
    )  # packed visits have their order, and millions of them are not copied again
    if not known.all() or (np.diff(keys) < 0).any():
        mine = np.flatnonzero(known)
        chosen = mine[np.argsort(keys[mine], kind="stable")]
    of = places[chosen]
    rows = {name: column[chosen] for name, column in visits.items() if name != "deal"}
    lived = np.zeros(len(deals["ids"]), dtype=bool)
    lived[of] = True
    number = np.cumsum(lived) - 1
    deals = {name: column[lived] for name, column in deals.items()}
    of = number[of] if len(of) else of
    starts = np.concatenate(([True], np.diff(of) != 0)) if len(of) else np.zeros(0, dtype=bool)
    created = np.where(rows["visit"][starts] == 1, deals["created"], rows["since"][starts])
    return Log(
        stages, deals["ids"], created, deals["closed_at"], deals["price"], deals["owner"], deals["lost_now"] == 1,
        of, rows["stage"], rows["since"], rows["until"], rows["following"], rows["holder"], whole,
        rows["visit"][starts] != 1,
    )  # fmt: skip
