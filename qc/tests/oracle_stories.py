"""Lives drawn by chance with all that rules look at, and norms for every stage. All moments fall on full hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from qc.rules import StageNorms, Terms
from qc.rules.contact_first_late import FirstContact
from qc.rules.deal_lifetime import LongestLife
from qc.rules.deal_lost_untried import Attempts
from qc.rules.deal_pingpong import Throws
from qc.rules.deal_stuck import LongestStay
from qc.rules.deal_untouched import LongestSilence
from qc.rules.field_amount import AmountFromHere
from qc.rules.field_missing import RequiredFields
from qc.rules.field_value import AllowedValues
from qc.rules.parameters import Listed
from qc.rules.stage_forbidden import Onward
from qc.rules.stage_skipped import Stop
from qc.rules.task_far import FurthestTask
from qc.rules.task_instant import Instant
from qc.rules.task_no_next import TaskAfterTask
from qc.rules.task_none import NextTask
from qc.rules.task_other_owner import Borrowed
from qc.rules.task_pushed import LongestPush
from qc.rules.terms import StagePlace
from qc.rules.waiting import Waiting
from qc.tests.lives import CLOCKS, PEOPLE, START, at, hours
from qc.tests.simulation import LENGTH, STEP, World
from timeline.timeline import PRICE, STAGE, Change, Piece, Planned, Review, Timeline, Touch

STAGES = {
    "1:n": "incoming", "1:a": "work", "1:b": "work", "1:c": "work", "1:w": "work", "1:142": "won", "1:143": "lost",
    "2:x": "work", "2:y": "work", "2:142": "won", "9:r": "work", "9:s": "work",
}  # fmt: skip
PLACES = {
    key: StagePlace(key[0], number, kind, f"Stage {key}") for number, (key, kind) in enumerate(STAGES.items())
}
OPEN = ("incoming", "work")
REASON, PROMISED = "7", "8"
REASONS = ("money", "part", "other")
ITEMS = ("need", "stage", "step", "promise", "record")
PAYMENT = "9"
PAYMENTS = ("card", "bill", "cash", ["card", "cash"])


class Full(NamedTuple):
    """All norms of one version side by side."""

    regulation: int | None = None
    published_at: datetime | None = None
    max_stay: timedelta | None = None
    stay_clock: str = "calendar"
    needs_task: bool = False
    task_grace: timedelta = timedelta()
    fields: tuple[tuple[str, str], ...] = ()
    fields_grace: timedelta = timedelta()
    idle: timedelta | None = None
    max_life: timedelta | None = None
    life_clock: str = "calendar"
    next_grace: timedelta | None = None
    furthest: timedelta | None = None
    amount: bool = False
    amount_grace: timedelta = timedelta()
    waiting: Waiting = Waiting()
    within: timedelta | None = None
    stop: bool = False
    onward: tuple[str, ...] = ()
    allowed: tuple[Listed, ...] = ()
    value_grace: timedelta = timedelta()

    @property
    def wait_grace(self) -> timedelta:
        return self.waiting.grace or timedelta()

    def of_stage(self) -> StageNorms:
        norms = (
            LongestStay(self.max_stay, self.stay_clock),
            NextTask(self.needs_task, self.task_grace),
            RequiredFields(self.fields, self.fields_grace),
            LongestSilence(self.idle),
            LongestLife(self.max_life, self.life_clock),
            TaskAfterTask(self.next_grace),
            FurthestTask(self.furthest),
            AmountFromHere(self.amount, self.amount_grace),
            self.waiting,
            FirstContact(self.within),
            Stop(self.stop),
            Onward(self.onward),
            AllowedValues(self.allowed, self.value_grace),
        )
        return StageNorms(self.regulation, self.published_at, {type(norm): norm for norm in norms})


PORTAL = {
    "task.pushed": LongestPush(hours(20)),
    "task.instant": Instant(hours(2)),
    "task.other_owner": Borrowed(hours(6)),
    "deal.lost_untried": Attempts(2, timedelta(seconds=30)),
    "deal.pingpong": Throws(2, hours(40)),
}


class Hours(World):
    """The simulation's world, in which other fields change, too; it knows again what it was asked before.

    ``told`` are all touches of the deal and of its client: those on his card count while the deal is open.
    """

    def __init__(
        self, deal: Timeline, norms: dict[str, tuple[Any, ...]], judged_by: Terms, told: tuple[Touch, ...]
    ) -> None:
        super().__init__(deal, norms, judged_by)
        self.touches = [t for t in told if not t.on_contact or self.kind(hour_of(t.at)) in OPEN]
        self.ticked = {clock: [0, *accumulate(ticks)] for clock, ticks in self.tick.items()}
        self.norms_of: dict[int, Any] = {}
        self.versions_of: dict[tuple[int, str], Any] = {}

    def passed(self, since: int, until: int, clock: str) -> timedelta:
        ticked = self.ticked[clock]
        return STEP * (ticked[max(until, since)] - ticked[since])

    def norm(self, n: int) -> Any:
        if n not in self.norms_of:
            self.norms_of[n] = super().norm(n)
        return self.norms_of[n]

    def version(self, n: int, stage: str) -> Any:
        key = n, stage
        if key not in self.versions_of:
            self.versions_of[key] = super().version(n, stage)
        return self.versions_of[key]

    def has_price(self, n: int) -> bool:
        own = [change for change in self.deal.changes if change.field == PRICE]
        state = bool(own[0].before if own else self.deal.price)
        for change in own:
            if change.at <= at(n):
                state = bool(change.after)
        return state


class Story(NamedTuple):
    deal: Timeline
    terms: Terms
    world: Hours


def draw_story(rng: Random) -> Story:
    deal, told = _draw_deal(rng)
    norms = {stage: _draw_versions(rng) for stage in STAGES if rng.random() < 0.8}
    gone = {PEOPLE["anna"]: at(rng.randrange(LENGTH))} if rng.random() < 0.3 else {}
    # Last, so that what was drawn before there was such a rule is drawn as ever.
    deal = _draw_reviews(rng, _draw_payment(rng, deal))
    norms = {stage: tuple(_limited(rng, one) for one in versions) for stage, versions in norms.items()}
    stages = {stage: tuple(one.of_stage() for one in versions) for stage, versions in norms.items()}
    portal = {code: (StageNorms(None, None, {type(norm): norm}),) for code, norm in PORTAL.items()}
    terms = Terms(stages | portal, CLOCKS, gone, zone=UTC, stages=PLACES, robots=frozenset("9"))
    return Story(deal, terms, Hours(deal, norms, terms, told))


def _draw_versions(rng: Random) -> tuple[Full, ...]:
    begins = sorted(rng.sample(range(LENGTH - 20), rng.choice((1, 1, 2, 3))))
    found = [_draw_norm(rng, at(begin)) for begin in begins]
    if rng.random() < 0.5:
        found[0] = found[0]._replace(published_at=None)
    return tuple(found)


def _draw_norm(rng: Random, published_at: datetime) -> Full:
    def length(chance: float = 0.6, least: int = 1) -> timedelta | None:
        return hours(rng.randrange(least, 41)) if rng.random() < chance else None

    waiting = Waiting()
    if rng.random() < 0.6:
        intervals = tuple(
            (reason, hours(rng.randrange(1, 40))) for reason in REASONS[:2] if rng.random() < 0.5
        )
        waiting = Waiting(
            rng.choice((None, REASON)), rng.choice((None, PROMISED)), intervals, length(0.5), length(0.5)
        )
    return Full(
        None,
        published_at,
        length(),
        rng.choice(("calendar", "owner", "client")),
        rng.random() < 0.5,
        length(1, 0) or timedelta(),
        ((PRICE, ""),) if rng.random() < 0.5 else (),
        length(1, 0) or timedelta(),
        length(),
        length(),
        rng.choice(("calendar", "owner", "client")),
        length(),
        length(),
        rng.random() < 0.5,
        length(1, 0) or timedelta(),
        waiting,
        length(),
        rng.random() < 0.4,
        tuple(stage for stage in STAGES if rng.random() < 0.4) if rng.random() < 0.4 else (),
    )


def _draw_deal(rng: Random) -> tuple[Timeline, tuple[Touch, ...]]:
    begins = sorted(rng.sample(range(LENGTH - 10), rng.randrange(1, 9)))
    until = rng.choice((None, None, rng.randrange(begins[-1] + 1, LENGTH)))
    pieces, changes = _draw_pieces(rng, begins)
    first = begins[0]
    price: Any = rng.choice((0, 5))
    for hour in sorted(rng.sample(range(first, LENGTH), rng.randrange(4))):
        changes.append(Change(at(hour), PRICE, price, 5 - price))
        price = 5 - price
    fields: dict[str, Any] = {}
    for field, values in ((REASON, (None, *REASONS)), (PROMISED, (None, *_dates(rng)))):
        value = rng.choice(values)
        for hour in sorted(rng.sample(range(first, LENGTH), rng.randrange(4))):
            after = rng.choice(values)
            changes.append(Change(at(hour), field, value, after))
            value = after
        if value is not None:
            fields[field] = value
    changes.sort(key=lambda change: change.at)
    touches = tuple(
        Touch(at(hour), rng.choice((1, 2)), kind := rng.choice(("call_in", "call_out", "message_out", "note")),
              rng.choice((0, 20, 90)) if kind.startswith("call") else 0, kind != "note" and rng.random() < 0.4)
        for hour in sorted(rng.sample(range(first, LENGTH), rng.randrange(5)))
    )  # fmt: skip
    heard = tuple(at(hour) for hour in sorted(rng.sample(range(first, LENGTH), rng.choice((0, 0, 1)))))
    deal = Timeline(
        1,
        at(first),
        at(LENGTH),
        deleted_at=None if until is None else at(until),
        price=Decimal(price),
        fields=fields,
        pieces=tuple(pieces),
        tasks=tuple(_draw_task(rng, number, first) for number in range(1, rng.choice((1, 2, 2, 3, 4)))),
        changes=tuple(changes),
        touches=touches,
        heard=heard,
        loss_reason=rng.choice((None, 3)),
    )
    return deal, touches


def _draw_payment(rng: Random, deal: Timeline) -> Timeline:
    value = rng.choice((None, *PAYMENTS))
    changes = list(deal.changes)
    for hour in sorted(rng.sample(range(hour_of(deal.created_at), LENGTH), rng.randrange(4))):
        after = rng.choice((None, *PAYMENTS))
        changes.append(Change(at(hour), PAYMENT, value, after))
        value = after
    fields = dict(deal.fields or {}) | ({} if value is None else {PAYMENT: value})
    return replace(deal, changes=tuple(sorted(changes, key=lambda one: one.at)), fields=fields)


def _draw_reviews(rng: Random, deal: Timeline) -> Timeline:
    found = tuple(
        Review(
            at(hour),
            number,
            rng.choice((None, 1, 2)),
            rng.choice(list(STAGES)),
            {item: rng.random() < 0.5 for item in ITEMS if rng.random() < 0.7},
        )
        for number, hour in enumerate(sorted(rng.sample(range(LENGTH), rng.choice((0, 0, 1, 2)))))
    )
    return replace(deal, reviews=found)


def _limited(rng: Random, norm: Full) -> Full:
    lists = tuple(
        Listed(field, "", tuple((one, one) for one in rng.sample(texts, rng.choice((1, 2)))))
        for field, texts in ((PAYMENT, ("card", "bill", "cash")), (REASON, REASONS))
        if rng.random() < 0.4
    )
    return norm._replace(allowed=lists, value_grace=hours(rng.randrange(41)))


def _dates(rng: Random) -> list[str]:
    return [at(rng.randrange(LENGTH)).date().isoformat() for _ in range(3)]


def _draw_pieces(rng: Random, begins: list[int]) -> tuple[list[Piece], list[Change]]:
    pieces: list[Piece] = []
    moves = []
    for place, begin in enumerate(begins):
        stage, owner = rng.choice(list(STAGES)), PEOPLE[rng.choice(list(PEOPLE))]
        if pieces and rng.random() < 0.3:
            stage = pieces[-1].stage
        same = bool(pieces) and pieces[-1].stage == stage
        visit = pieces[-1].visit + (not same) if pieces else 1
        since = at(begin)
        until = at(begins[place + 1]) if place + 1 < len(begins) else None
        if pieces and not same:
            moves.append(Change(since, STAGE, pieces[-1].stage, stage, rng.choice((None, 1, 2))))
        begun = pieces[-1].visit_since if same else since
        pieces.append(Piece(stage, STAGES[stage], owner, since, until, visit, begun))
    return pieces, moves


def _draw_task(rng: Random, number: int, first: int) -> Planned:
    created = rng.randrange(first, LENGTH - 5)
    dues = [(at(created), at(rng.randrange(LENGTH)))]
    owners = [(at(created), rng.choice((1, 2, 3)))]
    for hour in sorted(rng.sample(range(created + 1, LENGTH), rng.choice((0, 0, 1, 2, 3)))):
        dues.append((at(hour), at(rng.randrange(LENGTH))))
    for hour in sorted(rng.sample(range(created + 1, LENGTH), rng.choice((0, 0, 1, 2)))):
        owners.append((at(hour), rng.choice((1, 2, 3))))
    ends = [
        at(rng.randrange(created + 1, LENGTH)) if rng.random() < chance else None for chance in (0.75, 0.15)
    ]
    return Planned(
        number,
        tuple(owners),
        at(created),
        tuple(dues),
        *ends,
        rng.choice((None, 1)),
        rng.choice((None, True, False)),
    )


def hour_of(moment: datetime) -> int:
    return (moment - START) // STEP
