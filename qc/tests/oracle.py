"""What every rule of a deal should say, told hour by hour by plain search: slow, and written without the rules.

`draw_story` invents a life with all that rules look at; `ORACLES` say of a rule in which hours it is broken, as
(hour, task or 0). All moments of a story fall on full hours.
"""

from collections.abc import Callable, Iterator
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
from qc.tests import test_simulation as simulation
from qc.tests.lives import CLOCKS, PEOPLE, START, at, hours
from qc.tests.test_simulation import LENGTH, STEP, World, begin_of
from timeline.timeline import PRICE, STAGE, Change, Piece, Planned, Review, Timeline, Touch, pipeline_of

SHOWN = 14 * 24
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


# What every hour says

Broken = set[tuple[int, int]]
HOURS = range(LENGTH)


def hour_of(moment: datetime) -> int:
    return (moment - START) // STEP


def runs(world: World) -> dict[int, int]:
    """By hour, the number of the stretch of visits in one pipeline."""
    found: dict[int, int] = {}
    number, before = 0, ""
    for n in HOURS:
        place = world.piece(n)
        if place is None:
            continue
        pipeline = pipeline_of(world.deal.pieces[place].stage)
        number, before = number + (pipeline != before), pipeline
        found[n] = number
    return found


def stage(world: World, n: int) -> str:
    return world.deal.pieces[world.piece(n) or 0].stage


def watched(world: World, n: int, final: Full) -> list[tuple[int, Full | None]]:
    """The versions from hour ``n`` to the one that judges, as each stood in its hours."""
    here = stage(world, n)
    return [(h, world.version(h, here)) for h in range(n, begin_of(final))] + [(n, final)]


def due(world: World, since: int, run: list[Full], grace: str, clock: str = "owner") -> int:
    """The end of a grace that may have been changed on the way."""

    def ends(begin: int, length: timedelta) -> int:
        return next((n for n in range(begin, LENGTH) if world.passed(begin, n, clock) >= length), LENGTH)

    earlier = [one for one in run if begin_of(one) <= since] or run[:1]
    allowed = getattr(earlier[-1], grace)
    found = ends(since, allowed)
    for norm in run[run.index(earlier[-1]) + 1 :]:
        new = getattr(norm, grace)
        if new < allowed:
            found = min(found, ends(begin_of(norm), new))
        elif new > allowed:
            found = max(found, ends(since, new))
        allowed = new
    return found


def fact(since: int, until: int | None) -> range:
    """The hours in which something that cannot be mended stands open."""
    return range(since, min(LENGTH, since + SHOWN, LENGTH if until is None else until))


def visits(world: World) -> Iterator[tuple[list[int], Piece]]:
    """The hours of each visit (below LENGTH) with its first piece."""
    seen = set()
    for n in HOURS:
        place = world.piece(n)
        if place is not None and (number := world.deal.pieces[place].visit) not in seen:
            seen.add(number)
            yield world.visit(n), world.deal.pieces[place]


def end_of(world: World, visit: list[int]) -> int | None:
    """The hour in which the visit ended."""
    last = world.deal.pieces[world.piece(visit[-1]) or 0]
    return None if last.until is None else hour_of(last.until)


def lifetime(world: World) -> Broken:
    run_of, broken = runs(world), set()
    for n in HOURS:
        final = world.norm(n)
        if final is None or world.kind(n) != "work":
            continue

        def lived(until: int, clock: str, n: int = n) -> timedelta:
            counted = [
                h
                for h in range(until)
                if run_of.get(h) == run_of[n]
                and world.kind(h) == "work"
                and (norm := world.norm(h)) is not None
                and norm.max_life is not None
            ]
            return STEP * sum(world.tick[clock][h] for h in counted)

        if all(
            one is not None and one.max_life is not None and lived(h, one.life_clock) >= one.max_life
            for h, one in watched(world, n, final)
        ):
            broken.add((n, 0))
    return broken


def no_next(world: World) -> Broken:
    broken = set()
    for task in world.deal.tasks:
        if task.completed_at is None or task.completed_at != task.ended_at:
            continue
        done = hour_of(task.completed_at)
        others = [one for one in world.deal.tasks if one.completed_at == task.completed_at == one.ended_at]
        if task.id != max(one.id for one in others) or world.kind(done) != "work":
            continue
        run = world.run(done, lambda norm: norm.next_grace is not None)
        if not run:
            continue
        ends = due(world, done, run, "next_grace")
        for n in world.visit(done):
            if n < done:
                continue
            if world.planned(n):
                break
            if n >= ends:
                broken.add((n, task.id))
    return broken


def pushed(world: World) -> Broken:
    return {
        (n, task.id)
        for task in world.deal.tasks
        for n in open_hours(task)
        if due_at(task, n) - task.dues[0][1] > hours(20)
    }


def open_hours(task: Planned) -> range:
    end = LENGTH if task.ended_at is None else min(LENGTH, hour_of(task.ended_at))
    return range(hour_of(task.created_at), end)


def due_at(task: Planned, n: int) -> datetime:
    return [due for since, due in task.dues if since <= at(n)][-1]


def far(world: World) -> Broken:
    broken = set()
    for task in world.deal.tasks:
        for n in open_hours(task):
            set_at, due = [step for step in task.dues if step[0] <= at(n)][-1]
            h = hour_of(set_at)
            norm = world.version(h, stage(world, h)) if world.kind(h) == "work" else None
            if norm is not None and norm.furthest is not None and at(n) < due - norm.furthest:
                broken.add((n, task.id))
    return broken


def no_result(world: World) -> Broken:
    return {
        (n, task.id)
        for task in world.deal.tasks
        if task.completed_at is not None and task.completed_at == task.ended_at and task.has_result is False
        for n in fact(hour_of(task.completed_at), None)
    }


def instant(world: World) -> Broken:
    return {
        (n, task.id)
        for task in world.deal.tasks
        if task.completed_at is not None and task.completed_at == task.ended_at and task.author is not None
        if task.completed_at - task.created_at <= hours(2)
        for n in fact(hour_of(task.completed_at), None)
    }


def no_amount(world: World) -> Broken:
    broken, run_of = set(), runs(world)
    begun: dict[int, tuple[int, list[Full]]] = {}
    ends: int | None = None
    for n in HOURS:
        asks = world.kind(n) in ("work", "won")
        if asks and run_of[n] not in begun and (run := world.run(n, lambda norm: norm.amount)):
            begun[run_of[n]] = n, run
        if not asks or run_of[n] not in begun or world.has_price(n):
            ends = None
            continue
        if run_of.get(n - 1) != run_of[n]:
            ends = None
        if ends is None:
            ends = due(world, n, begun[run_of[n]][1], "amount_grace")
        if n >= ends:
            broken.add((n, 0))
    return broken


def other_value(world: World) -> Broken:
    broken: Broken = set()
    for field in (PAYMENT, REASON):
        ends: int | None = None
        before = None
        for n in HOURS:
            place = world.piece(n)
            visit = None if place is None else world.deal.pieces[place].visit
            value = value_at(world, field, n)[0]
            run = [] if place is None else world.run(n, lambda norm, v=value, f=field: refuses(norm, f, v))
            if not run or visit != before:
                ends = None
            before = visit
            if not run:
                continue
            if ends is None:
                ends = due(world, n, run, "value_grace")
            if n >= ends:
                broken.add((n, 0))
    return broken


def refuses(norm: Full, field: str, value: Any) -> bool:
    chosen = value if isinstance(value, list) else [] if value is None else [value]
    limits = [{name for _id, name in options} for own, _name, options in norm.allowed if own == field]
    return any(one not in allowed for allowed in limits for one in chosen)


def reviewed(item: str) -> Callable[[World], Broken]:
    """From each review that says no to an item, for as long as what nothing mends stands."""

    def broken(world: World) -> Broken:
        deleted = world.deal.deleted_at
        told = [one for one in world.deal.reviews if deleted is None or one.at < deleted]
        no = [hour_of(one.at) for one in told if one.answers.get(item) is False]
        return {(n, 0) for hour in no for n in fact(hour, None)}

    return broken


class Waits(NamedTuple):
    """What is known in an hour of a deal that waits; ``ends``: when what explains it runs out (None: never)."""

    explained: bool
    ends: int | None = None


def waits(world: World, n: int, norm: Waiting) -> Waits:
    reason, since = value_at(world, REASON, n)
    promised, _since = value_at(world, PROMISED, n)
    if norm.reason is None:
        reason = None
    if norm.promised is None:
        promised = None
    if norm.reason is not None and reason is None:
        return Waits(False)
    if norm.promised is None and not norm.intervals:
        return Waits(True)
    if promised is not None:
        day = datetime.fromisoformat(promised).replace(tzinfo=UTC) + timedelta(days=1)
        return Waits(True, hour_of(day))
    allowed = dict(norm.intervals).get(reason or "")
    if allowed is None:
        return Waits(False)
    return Waits(True, max(since, world.visit(n)[0]) + allowed // STEP)


def value_at(world: World, field: str, n: int) -> tuple[str | None, int]:
    """What a field holds in an hour, and since which."""
    own = [change for change in world.deal.changes if change.field == field]
    value = own[0].before if own else (world.deal.fields or {}).get(field)
    since = 0
    for change in own:
        if change.at <= at(n):
            value, since = change.after, hour_of(change.at)
    return value, since


def names(norm: Full | None) -> bool:
    return norm is not None and (norm.waiting.reason is not None or norm.waiting.promised is not None)


def waited(world: World, n: int) -> int:
    """For how many hours the deal has waited before hour ``n``, on this visit and those before it."""
    found = n - world.visit(n)[0]
    for visit, piece in visits(world):
        norm = world.norm(visit[0])
        if visit[-1] < world.visit(n)[0] and piece.kind == "work" and norm is not None:
            found += len(visit) * (names(norm) or norm.waiting.longest is not None)
    return found


def unexplained(world: World) -> Broken:
    broken = set()
    ends: int | None = None
    before = None
    for n in HOURS:
        run = world.run(n, names) if world.kind(n) == "work" else []
        visit = world.deal.pieces[world.piece(n) or 0].visit
        if not run or waits(world, n, run[-1].waiting).explained or visit != before:
            ends = None
        before = visit
        if not run or waits(world, n, run[-1].waiting).explained:
            continue
        if ends is None:
            ends = due(world, n, run, "wait_grace")
        if n >= ends:
            broken.add((n, 0))
    return broken


def promise_broken(world: World) -> Broken:
    broken = set()
    for n in HOURS:
        final = world.norm(n)
        if final is None or world.kind(n) != "work" or not names(final) or n < begin_of(final):
            continue
        said = waits(world, n, final.waiting)
        if said.explained and said.ends is not None and said.ends <= n:
            broken.add((n, 0))
    return broken


def too_long(world: World) -> Broken:
    broken = set()
    for n in HOURS:
        final = world.norm(n)
        if final is None or world.kind(n) != "work":
            continue
        before = waited(world, n) - (n - world.visit(n)[0])
        if all(
            one is not None
            and one.waiting.longest is not None
            and hours(before + h - world.visit(n)[0]) >= one.waiting.longest
            for h, one in watched(world, n, final)
        ):
            broken.add((n, 0))
    return broken


def stuck(world: World) -> Broken:
    """As ever, but for the hours in which the deal waits validly."""
    found = set()
    for (n,) in simulation.simulate_stuck(world):
        final = world.norm(n)
        if world.kind(n) == "work" or final is None or not names(final):
            valid = False
            if final is not None and names(final):
                valid = validly(world, n, final)
        else:
            valid = validly(world, n, final)
        if not valid:
            found.add((n, 0))
    return found


def validly(world: World, n: int, final: Full) -> bool:
    said, longest = waits(world, n, final.waiting), final.waiting.longest
    in_all = longest is None or hours(waited(world, n)) < longest
    return said.explained and (said.ends is None or n < said.ends) and in_all


def first_late(world: Hours) -> Broken:
    broken, run_of = set(), runs(world)
    contacts = [hour_of(touch.at) for touch in world.touches if is_contact(touch)]
    contact = min(contacts, default=LENGTH)
    for number in set(run_of.values()):
        own = [n for n in HOURS if run_of.get(n) == number]
        for visit, piece in visits(world):
            if visit[0] not in own or piece.kind not in OPEN:
                continue
            asked = next((n for n in visit if world.run(n, lambda norm: norm.within is not None)), None)
            final = world.norm(visit[0])
            if final is None or final.within is None:
                continue
            if asked is None:  # published in the very hour in which the visit ended
                continue
            run = world.run(asked, lambda norm: norm.within is not None)
            ends = due(world, asked, run, "within", "client")
            closed = next((n for n in own if n >= visit[0] and world.kind(n) not in OPEN), LENGTH)
            if contact > asked:
                broken |= {(n, 0) for n in own if ends <= n < min(contact, closed)}
            break
    return broken


def is_contact(touch: Touch) -> bool:
    return touch.kind in ("call_out", "message_out") or (touch.kind == "call_in" and touch.seconds > 0)


def lost_no_reason(world: World) -> Broken:
    last = world.deal.pieces[-1] if world.deal.pieces else None
    if last is None or last.kind != "lost" or world.deal.loss_reason is not None:
        return set()
    return {
        (n, 0)
        for n in HOURS
        if (p := world.piece(n)) is not None and world.deal.pieces[p].visit == last.visit
    }


def lost_untried(world: Hours) -> Broken:
    broken = set()
    for visit, piece in visits(world):
        before = [touch for touch in world.touches if touch.at <= at(visit[0])]
        heard = any(moment <= at(visit[0]) for moment in world.deal.heard)
        talked = heard or any(touch.seconds >= 30 for touch in before)
        attempts = sum(touch.kind in ("call_out", "message_out") for touch in before)
        if piece.kind == "lost" and not talked and attempts < 2:
            broken |= {(n, 0) for n in fact(visit[0], end_of(world, visit))}
    return broken


def won_untouched(world: Hours) -> Broken:
    return {
        (n, 0)
        for visit, piece in visits(world)
        if piece.kind == "won"
        and not any(is_contact(touch) and touch.at <= at(visit[0]) for touch in world.touches)
        for n in fact(visit[0], end_of(world, visit))
    }


def moves(world: World) -> Iterator[tuple[list[int], str, str]]:
    """Each move between stages: the hours of the visit, where from, where to."""
    told = list(visits(world))
    for (_hours, before), (visit, piece) in zip(told, told[1:], strict=False):
        yield visit, before.stage, piece.stage


def back(world: World) -> Broken:
    order = list(STAGES)
    return {
        (n, 0)
        for visit, before, here in moves(world)
        if before[0] == here[0] and STAGES[before] == STAGES[here] == "work"
        and order.index(here) < order.index(before)
        for n in fact(visit[0], end_of(world, visit))
    }  # fmt: skip


def forbidden(world: World) -> Broken:
    broken = set()
    for visit, before, here in moves(world):
        norm = world.version(visit[0], before)
        if norm is None or not norm.onward or here in norm.onward:
            continue
        if STAGES[before] == "work" and STAGES[here] != "lost":
            broken |= {(n, 0) for n in fact(visit[0], end_of(world, visit))}
    return broken


def skipped(world: World) -> Broken:
    broken, run_of, order = set(), runs(world), list(STAGES)
    seen: set[str] = set()
    first, before = "", 0
    for visit, piece in visits(world):
        here = piece.stage
        if run_of[visit[0]] != before:
            seen, first, before = {here}, here, run_of[visit[0]]
            continue
        seen.add(here)
        if piece.kind == "lost":
            continue
        for one in order:
            norm = world.version(visit[0], one)
            between = order.index(first) < order.index(one) and (
                order.index(one) < order.index(here) or piece.kind == "won"
            )
            asked = one[0] == here[0] and STAGES[one] == "work" and norm is not None and norm.stop
            if asked and between and one not in seen:
                broken |= {(n, 0) for n in fact(visit[0], end_of(world, visit))}
                seen.add(one)
    return broken


def pingpong(world: World) -> Broken:
    thrown = [visit[0] for visit, before, here in moves(world) if before[0] != here[0]]
    opens = [b for a, b in zip(thrown, thrown[1:], strict=False) if b - a <= 40]
    rows = [n for place, n in enumerate(opens) if not place or thrown[thrown.index(n) - 1] not in opens]
    return {(n, 0) for begin in rows for n in fact(begin, None)}


def other_owner(world: World) -> Broken:
    broken = set()
    for task in world.deal.tasks:
        apart = 0
        before = None
        for n in open_hours(task):
            place = world.piece(n)
            owner = world.deal.pieces[place].owner if place is not None else None
            differs = world.kind(n) == "work" and owner is not None and owner != simulation.holder(task, n)
            apart = apart + 1 if differs else 0
            before = n
            if apart > 6:
                broken.add((n, task.id))
        assert before is None or before < LENGTH
    return broken


def robot_touched(world: World) -> Broken:
    return {
        (n, 0)
        for change in world.deal.changes
        if change.field == STAGE and change.author is not None and change.before[0] == change.after[0] == "9"
        for n in fact(hour_of(change.at), None)
    }


def untouched(world: Hours) -> Broken:
    broken = set()
    for n in HOURS:
        run = world.run(n, lambda norm: norm.idle is not None) if world.kind(n) == "work" else []
        if not run:
            continue
        visit = world.visit(n)
        begun = next(h for h in visit if world.run(h, lambda norm: norm.idle is not None))
        here = [hour_of(t.at) for t in world.touches if begun < hour_of(t.at) <= n]
        since = max([begun, *here])
        asked = world.run(begun, lambda norm: norm.idle is not None)
        if n >= due(world, since, asked, "idle", "calendar"):
            broken.add((n, 0))
    return broken


def _plain(simulate: Callable[[World], set[tuple[int, ...]]]) -> Callable[[World], Broken]:
    return lambda world: {(one[0], one[1] if len(one) > 1 else 0) for one in simulate(world)}


ORACLES: dict[str, Callable[[Hours], Broken]] = {
    "contact.first_late": first_late,
    "deal.lifetime": lifetime,
    "deal.lost_no_reason": lost_no_reason,
    "deal.lost_untried": lost_untried,
    "deal.pingpong": pingpong,
    "deal.stuck": stuck,
    "deal.untouched": untouched,
    "deal.won_untouched": won_untouched,
    "field.amount": no_amount,
    "field.missing": _plain(simulation.simulate_missing),
    "field.value": other_value,
    "owner.gone": _plain(simulation.simulate_gone),
    **{f"review.{item}": reviewed(item) for item in ITEMS},
    "robot.touched": robot_touched,
    "stage.back": back,
    "stage.forbidden": forbidden,
    "stage.skipped": skipped,
    "task.far": far,
    "task.instant": instant,
    "task.no_next": no_next,
    "task.no_result": no_result,
    "task.none": _plain(simulation.simulate_no_task),
    "task.other_owner": other_owner,
    "task.overdue": _plain(simulation.simulate_overdue),
    "task.pushed": pushed,
    "wait.broken": promise_broken,
    "wait.too_long": too_long,
    "wait.unexplained": unexplained,
}
