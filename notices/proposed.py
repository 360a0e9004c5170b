"""The proposals that hold now: counted from all open deals, kept until a worker counts them anew, cut to a reader."""

import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet
from msgspec import Struct, msgpack

from core import moment
from core.zone import local_day
from metrics.proposals import Proposal, Standing, find_worth, propose
from metrics.standing import read_standing
from notices.models import Hidden, KeptProposals
from pipelines.mirror import freshness
from team.holders import find_leavers
from team.models import Employee

OLD = timedelta(minutes=10)
QUICK = 1.0  # seconds: below it whoever asks counts anew


class KeptDeal(Struct, frozen=True, array_like=True):
    deal: int
    stage: str
    manager: int | None
    price: Decimal
    since: datetime
    chance: float | None
    stuck: bool
    unplanned: bool
    old: bool
    touched_at: datetime | None


class Kept(Struct, frozen=True):
    """``gone``, ``nearly_sold``: see `propose`."""

    rows: list[KeptDeal]
    gone: list[int]
    nearly_sold: list[str]


class Proposed(NamedTuple):
    proposals: list[Proposal]
    as_of: datetime
    rows: dict[int, Standing]

    def find_worths(self) -> dict[int, Decimal | None]:
        """What may be expected of each deal, by its proposal where it is in one: the same on every page."""
        kinds = {deal: one.kind for one in self.proposals for deal in one.deals}
        return {deal: find_worth(kinds.get(deal, ""), row) for deal, row in self.rows.items()}


def count_proposals(now: datetime | None = None) -> KeptProposals:
    """Read everything and keep it: for a worker, or where that is quick. Of the first
    load nothing is kept: see `_read`."""
    now, began = now or moment.now(), time.perf_counter()
    rows, gone, nearly_sold = _read(now)
    deals = [KeptDeal(*(getattr(row, name) for name in KeptDeal.__struct_fields__)) for row in rows]
    body = msgpack.encode(Kept(deals, sorted(gone), sorted(nearly_sold)))
    piles = msgpack.encode(propose(rows, now, gone=gone, nearly_sold=nearly_sold))
    kept = KeptProposals(pk=1, as_of=now, body=body, piles=piles)
    kept.cost = time.perf_counter() - began
    if not rows and freshness.is_loading():
        return kept
    KeptProposals.objects.bulk_create(
        [kept], update_conflicts=True, unique_fields=["id"], update_fields=["as_of", "cost", "body", "piles"]
    )
    return kept


def list_proposals(
    now: datetime,
    people: Iterable[int] | None = None,
    *,
    stages: Collection[str] | None = None,
    reader: Employee | None = None,
    with_hidden: bool = False,
) -> Proposed:
    """Of these people's deals (None: everybody's) on these stages, the best first; at most ten minutes old. What is
    hidden from the ``reader`` (None: from those who see everybody) is left out.

    Where counting is slow the kept ones are shown, and a schedule counts them anew. Two statements then.
    """
    kept = _find_kept(now, KeptProposals.objects.defer("piles"))
    read = msgpack.decode(bytes(kept.body), type=Kept)
    rows = (
        Standing(*(getattr(row, name) for name in KeptDeal.__struct_fields__))
        for row in read.rows
        if stages is None or row.stage in stages
    )
    hidden = () if with_hidden else _list_hidden(kept.as_of, reader)
    return cut_proposals(rows, set(read.gone), set(read.nearly_sold), kept.as_of, people, hidden)


def list_piles(
    now: datetime,
    people: Iterable[int] | None = None,
    stages: Collection[str] | None = None,
    reader: Employee | None = None,
) -> tuple[list[Proposal], datetime]:
    """The proposals of `list_proposals` and as of when they are, without the deals of those that nobody opens."""
    if people is None and stages is None:
        kept = _find_kept(now, KeptProposals.objects.defer("body"))
        if kept.piles:
            hidden = _list_hidden(kept.as_of, reader)
            piles = msgpack.decode(bytes(kept.piles), type=list[Proposal])
            return [one for one in piles if one.key not in hidden], kept.as_of
    found = list_proposals(now, people, stages=stages, reader=reader)
    return found.proposals, found.as_of


def _find_kept(now: datetime, rows: QuerySet[KeptProposals]) -> KeptProposals:
    kept = rows.filter(pk=1).first()
    if kept is None or (not timedelta() <= now - kept.as_of <= OLD and kept.cost < QUICK):
        return count_proposals(now)
    found: KeptProposals = kept
    return found


def _list_hidden(as_of: datetime, reader: Employee | None) -> set[str]:
    return set(Hidden.objects.hidden_from(reader, local_day(as_of)).values_list("key", flat=True))


def find_proposals(
    now: datetime, people: Iterable[int] | None = None, reader: Employee | None = None
) -> Proposed:
    """Counted at this moment, whatever is kept: what a report freezes."""
    rows, gone, nearly_sold = _read(now)
    return cut_proposals(rows, gone, nearly_sold, now, people, _list_hidden(now, reader))


def cut_proposals(
    rows: Iterable[Standing],
    gone: Collection[int],
    nearly_sold: Collection[str],
    as_of: datetime,
    people: Iterable[int] | None,
    hidden: Collection[str],
) -> Proposed:
    """What is proposed of these people's deals (None: everybody's), without what is hidden."""
    chosen = None if people is None else frozenset(people)
    own = [row for row in rows if chosen is None or row.manager in chosen]
    found = propose(own, as_of, gone=gone, nearly_sold=nearly_sold, hidden=hidden)
    return Proposed(found, as_of, {row.deal: row for row in own})


def _read(now: datetime) -> tuple[list[Standing], set[int], set[str]]:
    """Open deals, who has left, and the stages that are nearly sold; nothing during the first load: a deal whose task
    has not come yet would be proposed as one without a task."""
    if freshness.is_loading():
        return [], set(), set()
    rows, nearly_sold = read_standing(now)
    return rows, set(find_leavers(now, local_day(now))), nearly_sold
