"""A walk hour by hour that knows of each hour only whether it is broken, by five rules; and lives to walk through."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st

from qc.rules import Terms
from qc.tests.lives import CLOCKS, PEOPLE, Norm, at, breaches, hours, life
from timeline.timeline import PRICE, Planned, Timeline, is_filled

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
        for passed_on in sorted(draw(st.sets(st.integers(created + 1, LENGTH), max_size=2))):
            text += f" given {passed_on} to {draw(st.sampled_from(['anna', 'boris', 'vera']))}"
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
    regulation=st.none(),
    published_at=st.none(),
    max_stay=st.none() | durations,
    stay_clock=st.sampled_from(["calendar", "owner", "client"]),
    needs_task=st.booleans(),
    task_grace=durations,
    fields=st.sampled_from([(), ((PRICE, ""),)]),
    fields_grace=durations,
)


@st.composite
def versions(draw: st.DrawFn) -> tuple[Norm, ...]:
    """One to three versions; the first one may have been there all along."""
    hours_of = sorted(draw(st.sets(hour_numbers, min_size=1, max_size=3)))
    found = [draw(norms)._replace(published_at=at(n)) for n in hours_of]
    if draw(st.booleans()):
        found[0] = found[0]._replace(published_at=None)
    return tuple(found)


class World:
    """What is true in one hour, told from the raw pieces and tasks by plain search."""

    def __init__(self, deal: Timeline, norms: dict[str, tuple[Norm, ...]], judged_by: Terms) -> None:
        self.deal, self.norms, self.terms = deal, norms, judged_by
        self.visits: dict[int, list[int]] = {}
        self.places = [self._piece(n) for n in range(2 * LENGTH + 1)]
        self.tick = {
            clock: [place is not None and self._ticks(n, clock) for n, place in enumerate(self.places)]
            for clock in ("calendar", "owner", "client")
        }

    def _piece(self, n: int) -> int | None:
        return next(
            (
                i
                for i, p in enumerate(self.deal.pieces)
                if p.since <= at(n) and (p.until is None or at(n) < p.until)
            ),
            None,
        )

    def piece(self, n: int) -> int | None:
        return self.places[n]

    def _ticks(self, n: int, clock: str) -> bool:
        owner = self.deal.pieces[self.places[n] or 0].owner
        own = {"calendar": CLOCKS.calendar, "client": CLOCKS.client, "owner": CLOCKS.owner(owner)}[clock]
        return own.worked(at(n), at(n + 1)) == STEP

    def visit(self, n: int) -> list[int]:
        """The hours of the visit that holds hour ``n``."""
        number = self.deal.pieces[self.places[n]].visit
        if number not in self.visits:
            held = (h for h, p in enumerate(self.places[:LENGTH]) if p is not None)
            self.visits[number] = [h for h in held if self.deal.pieces[self.places[h]].visit == number]
        return self.visits[number]

    def version(self, n: int, stage: str) -> Norm | None:
        """In force on a stage at hour ``n``."""
        known = self.norms.get(stage, ())
        return next((one for one in reversed(known) if begin_of(one) <= n), None)

    def norm(self, n: int) -> Norm | None:
        """The version that judges the visit of hour ``n``."""
        place = self.piece(n)
        if place is None:
            return None
        piece, visit = self.deal.pieces[place], self.visit(n)
        goes_on = piece.visit == self.deal.pieces[-1].visit and self.deal.pieces[-1].until is None
        if piece.kind in ("won", "lost"):
            return self.version(visit[0], piece.stage)
        return self.version(2 * LENGTH if goes_on else visit[-1], piece.stage)

    def run(self, n: int, demands: Callable[[Norm], bool]) -> list[Norm]:
        """The versions from hour ``n`` to the one that judges its visit, if every one demands it; else none."""
        final = self.norm(n)
        if final is None:
            return []
        stage = self.deal.pieces[self.piece(n)].stage
        found: list[Norm] = []
        for h in range(n, max(n, begin_of(final)) + 1):
            one = self.version(h, stage) if begin_of(final) > n else final
            if one is None or not demands(one):
                return []
            found += [one] if one not in found else []
        return found

    def passed(self, since: int, until: int, clock: str) -> timedelta:
        return STEP * sum(self.tick[clock][since:until])

    def runs_out(self, since: int, length: timedelta) -> int:
        """The first hour by which ``length`` of the owners' shifts has passed."""
        return next((n for n in range(since, LENGTH) if self.passed(since, n, "owner") >= length), LENGTH)

    def due(self, since: int, run: list[Norm], grace: str) -> int:
        """The end of a grace that may have been changed on the way."""
        allowed = getattr(run[0], grace)
        due = self.runs_out(since, allowed)
        for norm in run[1:]:
            new = getattr(norm, grace)
            if new < allowed:
                due = min(due, self.runs_out(begin_of(norm), new))
            elif new > allowed:
                due = max(due, self.runs_out(since, new))
            allowed = new
        return due

    def kind(self, n: int) -> str | None:
        place = self.piece(n)
        return None if place is None else self.deal.pieces[place].kind

    def is_closed(self, n: int) -> bool:
        return self.kind(n) in ("won", "lost")

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


def begin_of(norm: Norm) -> int:
    return -1 if norm.published_at is None else (norm.published_at - at(0)) // STEP


def simulate_stuck(world: World) -> Broken:
    broken: Broken = set()
    for n in range(LENGTH):
        final = world.norm(n)
        if final is None or world.kind(n) in ("won", "lost"):
            continue
        stage, first = world.deal.pieces[world.piece(n)].stage, world.visit(n)[0]
        since = [*(world.version(h, stage) for h in range(n, begin_of(final))), final]
        if all(
            one is not None
            and one.max_stay is not None
            and world.passed(first, n, one.stay_clock) >= one.max_stay
            for one in since
        ):
            broken.add((n,))
    return broken


def simulate_no_task(world: World) -> Broken:
    broken: Broken = set()
    due = None
    for n in range(LENGTH):
        run = world.run(n, lambda norm: norm.needs_task) if world.kind(n) == "work" else []
        if not run or world.planned(n):
            due = None
            continue
        due = world.due(n, run, "task_grace") if due is None else due
        if due <= n:
            broken.add((n,))
    return broken


def simulate_overdue(world: World) -> Broken:
    broken: Broken = set()
    for task in world.deal.tasks:
        place, late = -1, False
        for n in range(LENGTH):
            here = sum(since <= at(n) for since, _ in task.dues) - 1
            if here != place:  # moved: what was late is so no more
                place, late = here, False
            if here < 0 or at(n) < task.dues[here][1]:
                continue
            if world.is_closed(n):  # nobody has to do it; opened again, the deal waits for the next shift
                late = False
                continue
            late = late or CLOCKS.owner(holder(task, n)).worked(at(n), at(n + 1)) == STEP
            if late and (task.ended_at is None or at(n) < task.ended_at):
                broken.add((n, task.id))
    return broken


def holder(task: Planned, n: int) -> int | None:
    return [owner for since, owner in task.owners if since <= at(n)][-1]


def simulate_missing(world: World) -> Broken:
    broken: Broken = set()
    dues: dict[int, int] = {}  # by visit: all of it has one end of grace
    for n in range(LENGTH):
        run = world.run(n, lambda norm: bool(norm.fields))
        if not run:
            continue
        visit = world.deal.pieces[world.piece(n)].visit
        if visit not in dues:  # the first hour that is asked for anything
            dues[visit] = world.due(n, run, "fields_grace")
        if dues[visit] <= n and not world.has_price(n):
            broken.add((n,))
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


Asked = set[tuple[int, int, int]]  # hour, person, task


def ask_visits(world: World, demands: Callable[[Norm], bool], closing: bool = False) -> Asked:
    """Who owned the deal in an hour whose version of its time demanded something."""
    return {
        (n, piece.owner, 0)
        for n in range(LENGTH)
        if (place := world.piece(n)) is not None
        and (piece := world.deal.pieces[place]).owner is not None
        and (piece.kind in ("won", "lost")) <= closing
        and (norm := world.norm(n) if piece.kind in ("won", "lost") else world.version(n, piece.stage))
        and demands(norm)
    }


def ask_no_task(world: World) -> Asked:
    found = ask_visits(world, lambda norm: norm.needs_task)
    return {one for one in found if world.kind(one[0]) == "work"}


def ask_overdue(world: World) -> Asked:
    """Who has a task from its last due moment on while it is undone; and whoever it was held against, while it was."""
    found: Asked = set()
    for task in world.deal.tasks:
        due = (task.dues[-1][1] - at(0)) // STEP
        taken_later = any(since > at(due) for since, _ in task.owners[1:])
        in_time = task.completed_at is not None and task.completed_at <= at(due)
        undone = {n for n in range(due, LENGTH) if task.ended_at is None or at(n) < task.ended_at}
        undone -= {n for n in undone if world.is_closed(n)}
        let_off = world.is_closed(due) or bool(task.deleted_at and task.deleted_at <= at(due))
        if not taken_later and not in_time and not let_off:
            found |= {(n, task.owners[-1][1], task.id) for n in undone}
    for breach in breaches("task.overdue", world.deal, world.terms):
        found |= {
            (n, breach.owner, breach.task)
            for n in range(LENGTH)
            if breach.opens_at <= at(n) and (breach.closes_at is None or at(n) < breach.closes_at)
        }
    return found


OCCASIONS: dict[str, Callable[[World], Asked]] = {
    "deal.stuck": lambda world: ask_visits(world, lambda norm: norm.max_stay is not None),
    "task.none": ask_no_task,
    "task.overdue": ask_overdue,
    "field.missing": lambda world: ask_visits(world, lambda norm: bool(norm.fields), closing=True),
    "owner.gone": lambda world: set(),
}


SIMULATIONS: dict[str, Callable[[World], Broken]] = {
    "deal.stuck": simulate_stuck,
    "task.none": simulate_no_task,
    "task.overdue": simulate_overdue,
    "field.missing": simulate_missing,
    "owner.gone": simulate_gone,
}
