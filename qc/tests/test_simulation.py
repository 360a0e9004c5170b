"""The rules against a simulation that walks hour by hour and knows of each hour only whether it is broken."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.timeline import PRICE, Timeline, is_filled
from qc.rules import Norm, Terms
from qc.tests.lives import CLOCKS, PEOPLE, at, breaches, hours, life, terms

LENGTH = 120  # hours
STEP = timedelta(hours=1)

hour_numbers = st.integers(0, LENGTH - 10)
durations = st.integers(0, 40).map(hours)


@st.composite
def stories(draw: st.DrawFn) -> Timeline:
    begins = sorted(draw(st.sets(hour_numbers, min_size=1, max_size=6)))
    stage, owner = st.sampled_from(["new", "lead", "offer", "won"]), st.sampled_from(list(PEOPLE))
    steps = "; ".join(f"{begin} {draw(stage)} {draw(owner)}" for begin in begins)
    tasks = []
    for _ in range(draw(st.integers(0, 3))):
        created = draw(hour_numbers)
        text = f"{created} due {draw(hour_numbers)}"
        for moved in sorted(draw(st.sets(st.integers(created + 1, LENGTH), max_size=2))):
            text += f" moved {moved} to {draw(hour_numbers)}"
        ends = draw(st.sampled_from(["", "done", "deleted"]))
        tasks.append(f"{text} {ends} {draw(st.integers(created, LENGTH))}" if ends else text)
    changes, price, at_hour = [], draw(st.sampled_from([0, 5])), 0
    for at_hour in sorted(draw(st.sets(st.integers(begins[0], LENGTH), max_size=4))):
        changes.append((at_hour, PRICE, price, 5 - price))
        price = 5 - price
    until = draw(st.none() | st.integers(begins[-1] + 1, LENGTH))
    return life(steps, *tasks, until=until, price=price, changes=changes, updated=at_hour)


norms = st.builds(
    Norm,
    max_stay=st.none() | durations,
    stay_clock=st.sampled_from(["calendar", "owner", "client"]),
    needs_task=st.booleans(),
    task_grace=durations,
    fields=st.sampled_from([(), ((PRICE, ""),)]),
    fields_grace=durations,
)


class World:
    """What is true in one hour, told from the raw pieces and tasks by plain search."""

    def __init__(self, deal: Timeline, judged_by: Terms) -> None:
        self.deal, self.terms = deal, judged_by

    def piece(self, n: int) -> int | None:
        return next(
            (
                i
                for i, p in enumerate(self.deal.pieces)
                if p.since <= at(n) and (p.until is None or at(n) < p.until)
            ),
            None,
        )

    def ticks(self, n: int, clock: str) -> bool:
        place = self.piece(n)
        owner = self.deal.pieces[place].owner if place is not None else None
        own = {"calendar": CLOCKS.calendar, "client": CLOCKS.client, "owner": CLOCKS.owner(owner)}[clock]
        return own.worked(at(n), at(n + 1)) == STEP

    def norm(self, n: int) -> Norm | None:
        place = self.piece(n)
        versions = self.terms.norms.get(self.deal.pieces[place].stage) if place is not None else None
        return versions[0] if versions else None

    def kind(self, n: int) -> str | None:
        place = self.piece(n)
        return None if place is None else self.deal.pieces[place].kind

    def planned(self, n: int) -> bool:
        return any(
            t.created_at <= at(n) and (t.ended_at is None or at(n) < t.ended_at) for t in self.deal.tasks
        )

    def has_price(self, n: int) -> bool:
        state = is_filled(self.deal.changes[0].before) if self.deal.changes else is_filled(self.deal.price)
        for change in self.deal.changes:
            if change.at <= at(n):
                state = is_filled(change.after)
        return state


Broken = set[tuple[int, ...]]


def simulate_stuck(world: World) -> Broken:
    broken: Broken = set()
    visit, passed = None, timedelta()
    for n in range(LENGTH):
        place = world.piece(n)
        if place is None:
            continue
        piece, norm = world.deal.pieces[place], world.norm(n)
        if piece.visit != visit:
            visit, passed = piece.visit, timedelta()
        if norm and norm.max_stay is not None and piece.kind not in ("won", "lost"):
            if passed >= norm.max_stay:
                broken.add((n,))
            passed += STEP * world.ticks(n, norm.stay_clock)
    return broken


def simulate_no_task(world: World) -> Broken:
    broken: Broken = set()
    grace, passed = None, timedelta()
    for n in range(LENGTH):
        norm = world.norm(n)
        if world.kind(n) != "work" or norm is None or not norm.needs_task or world.planned(n):
            grace, passed = None, timedelta()
            continue
        grace = norm.task_grace if grace is None else grace
        if passed >= grace:
            broken.add((n,))
        passed += STEP * world.ticks(n, "owner")
    return broken


def simulate_overdue(world: World) -> Broken:
    broken: Broken = set()
    for n in range(LENGTH):
        for task in world.deal.tasks:
            due = [due for since, due in task.dues if since <= at(n)][-1:]
            if due and due[0] <= at(n) and (task.ended_at is None or at(n) < task.ended_at):
                broken.add((n, task.id))
    return broken


def simulate_missing(world: World) -> Broken:
    broken: Broken = set()
    visit, passed = None, timedelta()
    for n in range(LENGTH):
        place = world.piece(n)
        if place is None:
            continue
        piece, norm = world.deal.pieces[place], world.norm(n)
        if piece.visit != visit:
            visit, passed = piece.visit, timedelta()
        if norm and norm.fields:
            if passed >= norm.fields_grace and not world.has_price(n):
                broken.add((n,))
            passed += STEP * world.ticks(n, "owner")
    return broken


def simulate_gone(world: World) -> Broken:
    broken: Broken = set()
    for n in range(LENGTH):
        place = world.piece(n)
        if place is None or world.kind(n) != "work":
            continue
        owner = world.deal.pieces[place].owner
        left = world.terms.gone.get(owner, at(LENGTH)) if owner is not None else at(0)
        if left is not None and left <= at(n):
            broken.add((n,))
    return broken


SIMULATIONS: dict[str, Callable[[World], Broken]] = {
    "deal.stuck": simulate_stuck,
    "task.none": simulate_no_task,
    "task.overdue": simulate_overdue,
    "field.missing": simulate_missing,
    "owner.gone": simulate_gone,
}


@pytest.mark.parametrize("code", SIMULATIONS)
@given(deal=stories(), lead=norms, offer=norms, anna_left=hour_numbers)
def test_a_rule_is_broken_in_exactly_the_hours_that_the_simulation_names(
    code: str, deal: Timeline, lead: Norm, offer: Norm, anna_left: int
) -> None:
    judged_by = terms({"anna": anna_left}, lead=lead, offer=offer, new=offer)
    said: Broken = set()
    keys = []
    for breach in breaches(code, deal, judged_by):
        keys.append((breach.task, breach.since))
        assert breach.since <= breach.opens_at and (
            breach.closes_at is None or breach.opens_at < breach.closes_at
        )
        mark = (breach.task,) if breach.task else ()
        said |= {
            (n, *mark)
            for n in range(LENGTH)
            if breach.opens_at <= at(n) and (breach.closes_at is None or at(n) < breach.closes_at)
        }
        owners = [
            p.owner
            for p in deal.pieces
            if p.since <= breach.opens_at and (p.until is None or breach.opens_at < p.until)
        ]
        assert breach.task or breach.owner == owners[0]
    assert said == SIMULATIONS[code](World(deal, judged_by))
    assert len(keys) == len(set(keys))  # the natural key of a finding
