"""What rules about deals that wait should say, and of a stuck deal, which does not while it waits validly."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from qc.rules.waiting import Waiting
from qc.tests import simulation
from qc.tests.lives import hours
from qc.tests.oracle_hours import HOURS, Broken, due, value_at, versions_from, visits
from qc.tests.oracle_stories import PROMISED, REASON, Full, hour_of
from qc.tests.simulation import STEP, World, begin_of


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
        so_far = hours(waited(world, n))
        if all(
            one is not None and one.waiting.longest is not None and so_far >= one.waiting.longest
            for one in versions_from(world, n, final)
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
