"""What every hour of a story says, by plain search: what oracles of all rules look at."""

from collections.abc import Iterator
from datetime import timedelta

from qc.tests.lives import at
from qc.tests.oracle_stories import Full, hour_of
from qc.tests.simulation import LENGTH, World, begin_of
from timeline.timeline import Piece, Touch, pipeline_of

SHOWN = 14 * 24
Broken = set[tuple[int, int]]
HOURS = range(LENGTH)


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


def versions_from(world: World, n: int, final: Full) -> list[Full | None]:
    """Those in force from hour ``n`` on, to the one that judges."""
    here = stage(world, n)
    return [*(world.version(h, here) for h in range(n, begin_of(final))), final]


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


def value_at(world: World, field: str, n: int) -> tuple[str | None, int]:
    """What a field holds in an hour, and since which."""
    own = [change for change in world.deal.changes if change.field == field]
    value = own[0].before if own else (world.deal.fields or {}).get(field)
    since = 0
    for change in own:
        if change.at <= at(n):
            value, since = change.after, hour_of(change.at)
    return value, since


def is_contact(touch: Touch) -> bool:
    return touch.kind in ("call_out", "message_out") or (touch.kind == "call_in" and touch.seconds > 0)
