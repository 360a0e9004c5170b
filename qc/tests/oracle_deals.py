"""What rules about a deal as a whole, its amount and its touches should say."""

from collections.abc import Callable
from typing import Any

from qc.tests.lives import at
from qc.tests.oracle_hours import (
    HOURS,
    Broken,
    due,
    end_of,
    fact,
    is_contact,
    runs,
    value_at,
    versions_from,
    visits,
)
from qc.tests.oracle_moves import moves
from qc.tests.oracle_stories import OPEN, PAYMENT, REASON, Full, Hours, hour_of
from qc.tests.simulation import LENGTH, STEP, World
from timeline.timeline import STAGE


def lifetime(world: World) -> Broken:
    run_of, broken = runs(world), set()
    for n in HOURS:
        final = world.norm(n)
        if final is None or world.kind(n) != "work":
            continue

        before = [
            h
            for h in range(n)
            if run_of.get(h) == run_of[n]
            and world.kind(h) == "work"
            and (norm := world.norm(h)) is not None
            and norm.max_life is not None
        ]
        if all(
            one is not None
            and one.max_life is not None
            and STEP * sum(world.tick[one.life_clock][h] for h in before) >= one.max_life
            for one in versions_from(world, n, final)
        ):
            broken.add((n, 0))
    return broken


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


def first_late(world: Hours) -> Broken:
    broken, run_of = set(), runs(world)
    contacts = [hour_of(touch.at) for touch in world.touches if is_contact(touch)]
    contact = min(contacts, default=LENGTH)
    for number in set(run_of.values()):
        own = [n for n in HOURS if run_of.get(n) == number]
        for visit, piece in visits(world):
            if visit[0] not in own or piece.kind not in OPEN:
                continue
            final = world.norm(visit[0])
            if final is None or final.within is None:
                continue
            asked = next(n for n in visit if world.run(n, lambda norm: norm.within is not None))
            run = world.run(asked, lambda norm: norm.within is not None)
            ends = due(world, asked, run, "within", "client")
            closed = next((n for n in own if n >= visit[0] and world.kind(n) not in OPEN), LENGTH)
            if contact > asked:
                broken |= {(n, 0) for n in own if ends <= n < min(contact, closed)}
            break
    return broken


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


def pingpong(world: World) -> Broken:
    thrown = [visit[0] for visit, before, here in moves(world) if before[0] != here[0]]
    opens = [b for a, b in zip(thrown, thrown[1:], strict=False) if b - a <= 40]
    rows = [n for place, n in enumerate(opens) if not place or thrown[thrown.index(n) - 1] not in opens]
    return {(n, 0) for begin in rows for n in fact(begin, None)}


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
