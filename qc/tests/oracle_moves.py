"""What rules about moves from stage to stage should say."""

from collections.abc import Iterator

from qc.tests.oracle_hours import Broken, end_of, fact, runs, visits
from qc.tests.oracle_stories import STAGES
from qc.tests.simulation import World


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
