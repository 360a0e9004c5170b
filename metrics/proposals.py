"""What to do first: open deals that wait, gathered into a few deeds, ranked by what may be expected of each.

A deal stands in one proposal only, the first of `ORDER` that takes it, so that sums of proposals may be added. Thinking
only: `metrics.standing` reads the deals.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

GONE, OWNERLESS, READY, CROWDED, UNPLANNED, HOPELESS = (
    "gone",
    "ownerless",
    "ready",
    "crowded",
    "unplanned",
    "hopeless",
)
ORDER = (GONE, OWNERLESS, READY, HOPELESS, CROWDED, UNPLANNED)
DUE_DAYS = {GONE: 2, OWNERLESS: 1, READY: 3, CROWDED: 6, UNPLANNED: 4, HOPELESS: 7}
FEW = 3  # deals: fewer are no pile
CROWD = 10  # deals standing on a stage: fewer are no crowd
HALF = 0.5  # of the deals of a stage stand longer than the norm
NEARLY_SOLD = 0.6  # chance of winning from a stage: whoever comes so far has decided to buy
QUIET = timedelta(days=3)  # without a word to the client
MAIN_HOLDER = 0.6  # of the deals: then the deed is his
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Standing:
    """An open deal. ``chance``: of winning from its stage after standing so long, null where too little is known.

    ``since``: on its stage; ``touched_at``: the last word to the client; ``stuck``: longer than the norm;
    ``unplanned``: nobody has planned to touch it; ``old``: older than any deal that was won in a year.
    """

    deal: int
    stage: str
    manager: int | None
    price: Decimal
    since: datetime
    chance: float | None = None
    stuck: bool = False
    unplanned: bool = False
    old: bool = False
    touched_at: datetime | None = None

    @property
    def expected(self) -> Decimal:
        """Amount × chance; nothing where the chance is not known."""
        return NOTHING if self.chance is None else self.price * Decimal(str(self.chance))


def find_worth(kind: str, one: Standing) -> Decimal | None:
    """What the deed may bring of this deal; null where its chance is not known.

    What is ready is sold: its whole amount waits. The chance of a stage where nobody ends what stands there falls to
    nothing by the very fault that the deed is to mend, so it says nothing of what is at stake.
    """
    if kind == READY:
        return one.price
    return None if one.chance is None else one.expected


@dataclass(frozen=True)
class Proposal:
    """A deed. ``key`` is the same as long as the pile is; ``person`` and ``stage`` say whose or where it is.

    ``expected``: by `find_worth`, of the ``sure`` ones alone: those that have an amount and a known worth. ``holders``:
    who has how many, the most first. ``doer``: whose deed it is where that is plain, else his head decides.
    """

    kind: str
    key: str
    deals: tuple[int, ...]
    money: Decimal
    expected: Decimal
    sure: int
    stuck: int
    median_days: int
    oldest: datetime
    due_days: int
    person: int | None = None
    stage: str | None = None
    of: int = 0
    doer: int | None = None
    holders: tuple[tuple[int | None, int], ...] = ()

    @property
    def n(self) -> int:
        return len(self.deals)


Taker = Callable[[Standing], str | None]  # the key of the pile that takes the deal


def propose(
    rows: Sequence[Standing],
    now: datetime,
    *,
    gone: Collection[int] = (),
    nearly_sold: Collection[str] = (),
    hidden: Collection[str] = (),
) -> list[Proposal]:
    """The piles, what brings most first; of equal ones the larger, then the older.

    ``gone``: who no longer works here; ``nearly_sold``: stages from which at least `NEARLY_SOLD` are won; ``hidden``:
    keys that somebody does not want to see for a while.
    """
    crowded = _crowded_stages(rows)
    takers: Mapping[str, Taker] = {
        GONE: lambda one: f"{GONE}:{one.manager}" if one.manager in gone else None,
        OWNERLESS: lambda one: OWNERLESS if one.manager is None else None,
        READY: lambda one: f"{READY}:{one.stage}" if _waits_for_us(one, now, nearly_sold) else None,
        HOPELESS: lambda one: HOPELESS if one.old and one.stuck else None,
        CROWDED: lambda one: f"{CROWDED}:{one.stage}" if one.stage in crowded and one.stuck else None,
        UNPLANNED: lambda one: UNPLANNED if one.unplanned else None,
    }
    piles: dict[tuple[str, str], list[Standing]] = defaultdict(list)
    for one in rows:
        for kind in ORDER:
            if key := takers[kind](one):
                piles[kind, key].append(one)
                break
    counts = Counter(one.stage for one in rows)
    made = [
        _gather(kind, key, pile, now, counts)
        for (kind, key), pile in piles.items()
        if key not in hidden and len(pile) >= (1 if kind in (GONE, OWNERLESS) else FEW)
    ]
    return rank(made)


def rank(proposals: Iterable[Proposal]) -> list[Proposal]:
    return sorted(proposals, key=lambda one: (-one.expected, -one.n, one.oldest, one.key))


def _crowded_stages(rows: Iterable[Standing]) -> set[str]:
    all_, stuck = Counter[str](), Counter[str]()
    for one in rows:
        all_[one.stage] += 1
        stuck[one.stage] += one.stuck
    return {stage for stage, n in stuck.items() if n >= CROWD and n >= HALF * all_[stage]}


def _waits_for_us(one: Standing, now: datetime, nearly_sold: Collection[str]) -> bool:
    quiet = one.touched_at is None or now - one.touched_at > QUIET
    return one.stage in nearly_sold and one.stuck and quiet


def _gather(kind: str, key: str, pile: list[Standing], now: datetime, counts: Counter[str]) -> Proposal:
    worth = {one.deal: find_worth(kind, one) for one in pile}
    pile.sort(key=lambda one: (-(worth[one.deal] or NOTHING), -one.price, one.deal))
    ages = sorted((now - one.since).days for one in pile)
    holders: Counter[int | None] = Counter(one.manager for one in pile)
    order = tuple(sorted(holders.items(), key=lambda item: (-item[1], item[0] is None, item[0] or 0)))
    first, most = order[0]
    plain = kind not in (GONE, OWNERLESS) and first is not None and most >= MAIN_HOLDER * len(pile)
    stage = pile[0].stage if kind in (READY, CROWDED) else None
    return Proposal(
        kind,
        key,
        tuple(one.deal for one in pile),
        sum((one.price for one in pile), NOTHING),
        sum((value for value in worth.values() if value), NOTHING).quantize(Decimal("0.01")),
        sum(worth[one.deal] is not None and one.price > 0 for one in pile),
        sum(one.stuck for one in pile),
        ages[len(ages) // 2],
        min(one.since for one in pile),
        DUE_DAYS[kind],
        person=pile[0].manager if kind == GONE else None,
        stage=stage,
        of=counts[stage] if stage else len(pile),
        doer=first if plain else None,
        holders=order[:4],
    )


def due_on(proposal: Proposal, today: Any) -> Any:
    """The day by which it should be done: never a Saturday or a Sunday."""
    day = today + timedelta(days=proposal.due_days)
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= 5 else day
