from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from core.spans import Spans
from qc.rules.checks import Breach, Check, Stretch, checks
from qc.rules.parameters import OWNER, Flag, parameter
from qc.rules.registry import AHEAD, TASK, VIOLATION, WARN, ngettext_noop, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Requirement, Said, Standing
from qc.rules.telling import Telling
from qc.rules.terms import Terms
from timeline.timeline import LOST, WON, WORK, Planned, Timeline

NEVER = Spans()


CODE = "task.overdue"


@dataclass(frozen=True)
class ClosedDeals:
    counted: bool = parameter(
        Flag(
            on=_("Tasks of closed deals are now held against their owners."),
            off=_("Tasks of closed deals are no longer held against anybody."),
            nonsense=_("Whether tasks of closed deals count must be yes or no."),
        ),
        _("Tasks of closed deals count, too"),
        default=False,
    )


def is_counted(norm: ClosedDeals) -> bool:
    return norm.counted


def requirements(norm: object, standing: Standing) -> list[Requirement]:
    return [Requirement(Said(_("Have no overdue task")), not standing.is_open)]


@rule(
    CODE,
    _("Task past its due moment"),
    VIOLATION,
    clock=OWNER,
    icon="clock-alert",
    weight=2,
    mode=WARN,
    sentence=_("The task due on %(due)s is late by %(elapsed)s"),
    variants={AHEAD: _("The task is due on %(due)s")},
    check="a task due in the period, or due before and still undone when it began; not one deleted before "
    "it was due, nor one of a deal that was closed by then",
    occasion=TASK,
    figures=("late_tasks",),
    norm=ClosedDeals,
    everywhere=True,
    requirements=requirements,
    reads_tasks=True,
    tells=(
        Telling(
            CODE,
            _("Task overdue"),
            _("A task is overdue"),
            ngettext_noop("%(count)s overdue task", "%(count)s overdue tasks"),
            _("The task is done"),
            why=_("A promise to a client is being broken at this moment, and one call mends it."),
            head=timedelta(hours=2),
            director=timedelta(hours=10),
        ),
        Telling(
            "task.soon",
            _("Task will be overdue soon"),
            _("A task is due soon"),
            ngettext_noop("%(count)s task due soon", "%(count)s tasks due soon"),
            _("The task is done"),
            why=_(
                "amoCRM rings about its own tasks as well, so this stands behind the bell only, unless somebody "
                "wants more."
            ),
            ahead=timedelta(minutes=30),
            loud=False,
        ),
    ),
)
def overdue(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A promise to the client was not kept in time, or was kept and not written down.

    Fix: do what was planned and complete the task, or agree on a new time and move it before it is due.
    """
    late: dict[int, list[Stretch]] = {}
    let_off = _let_off(deal, terms)
    for task in deal.tasks:
        held: dict[int | None, list[Stretch]] = {}
        breaches = list(_breaches(deal, task, terms, let_off))
        for breach in breaches:
            if breach.owner is not None:
                terms.add(held, breach.owner, breach.opens_at, breach.closes_at)
                late.setdefault(breach.owner, []).append((breach.opens_at, breach.closes_at))
        _ask_holder(task, held, terms, let_off)
        yield from checks(held, breaches, task=task.id, timed=False)
    # Of time a whole deal in work is demanded: however many tasks are late, it is one deal out of order.
    at_work: dict[int | None, list[Stretch]] = {}
    terms.held((piece for piece in deal.pieces if piece.kind == WORK), None, at_work)
    for person, stretches in late.items():
        for start, end in (Spans(stretches) & deal.in_work) - Spans(at_work.get(person, ())):
            terms.add(at_work, person, start, end)
    yield from checks(at_work, counted=False)


def _let_off(deal: Timeline, terms: Terms) -> Spans:
    """When nobody has to do what is still planned: while the deal is closed, unless the norm of that time counts it."""
    closed = [(piece.since, piece.until) for piece in deal.pieces if piece.kind in (WON, LOST)]
    if not closed or not deal.tasks:
        return NEVER
    return Spans(closed) - Spans(terms.demanded(ClosedDeals, CODE, is_counted))


def _ask_holder(task: Planned, held: dict[int | None, list[Stretch]], terms: Terms, let_off: Spans) -> None:
    """Whoever has the task is asked at its last due moment, and from then on while it is undone.

    Who got it after that is not asked whether it was done in time, and nobody when it had been deleted by then, or the
    deal was closed.
    """
    _, due = task.dues[-1]
    _, holder = task.owners[-1]
    done_at, ended_at = task.completed_at, task.ended_at
    if holder is None or due in let_off or (task.deleted_at is not None and task.deleted_at <= due):
        return
    if done_at is not None and done_at <= due:
        terms.add(held, holder, due, due)
    elif not any(since > due for since, _ in task.owners[1:]):
        if not let_off:
            terms.add(held, holder, due, ended_at)
        for start, end in Spans([(due, ended_at)]) - let_off if let_off else ():
            terms.add(held, holder, start, end)


def _breaches(deal: Timeline, task: Planned, terms: Terms, let_off: Spans) -> Iterator[Breach]:
    ended_at = task.ended_at
    moves = [at for at, _ in task.dues[1:]]
    for (since, due), moved_at in zip(task.dues, chain(moves, [None]), strict=True):
        fell_due = max(due, since)
        closes_at = (
            ended_at if moved_at is None or (ended_at is not None and ended_at < moved_at) else moved_at
        )
        if closes_at is not None and closes_at <= fell_due:
            continue
        undone = [(fell_due, closes_at)]
        for since, until in Spans(undone) - let_off if let_off else undone:
            opens_at, owner = _first_shift(task, since, terms)
            if opens_at is None or (until is not None and opens_at >= until):
                continue
            piece = deal.piece_at(opens_at)
            stage = piece.stage if piece else None
            yield Breach(since, opens_at, until, owner, stage, {"due": due.isoformat()}, task=task.id)


def _first_shift(task: Planned, fell_due: datetime, terms: Terms) -> tuple[datetime | None, int | None]:
    """When somebody who has the task is next at work, and who; None at the first place = never."""
    if len(task.owners) == 1:
        [(_, owner)] = task.owners
        return terms.clocks.owner(owner).resumes(fell_due), owner
    ends = [since for since, _ in task.owners[1:]]
    for (since, owner), until in zip(task.owners, chain(ends, [None]), strict=True):
        if until is not None and until <= fell_due:
            continue
        at_work = terms.clocks.owner(owner).resumes(max(since, fell_due))
        if at_work is not None and (until is None or at_work < until):
            return at_work, owner
    return None, None
