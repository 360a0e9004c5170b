from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from core.spans import Spans
from qc.rules.checks import Breach, Check, Stretch, checks
from qc.rules.parameters import OWNER
from qc.rules.registry import AHEAD, TASK, VIOLATION, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Requirement, Said, Standing
from qc.rules.terms import Terms
from timeline.timeline import WORK, Planned, Timeline


def requirements(norm: None, standing: Standing) -> list[Requirement]:
    return [Requirement(Said(_("Have no overdue task")), not standing.is_open)]


@rule(
    "task.overdue",
    _("Task past its due moment"),
    VIOLATION,
    clock=OWNER,
    icon="clock-alert",
    weight=2,
    mode=WARN,
    sentence=_("The task due on %(due)s is late by %(elapsed)s"),
    variants={AHEAD: _("The task is due on %(due)s")},
    check="a task due in the period, or due before and still undone when it began; not one deleted before "
    "it was due",
    occasion=TASK,
    requirements=requirements,
)
def overdue(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A promise to the client was not kept in time, or was kept and not written down.

    Fix: do what was planned and complete the task, or agree on a new time and move it before it is due.
    """
    late: dict[int, list[Stretch]] = {}
    for task in deal.tasks:
        held: dict[int | None, list[Stretch]] = {}
        breaches = list(_breaches(deal, task, terms))
        for breach in breaches:
            if breach.owner is not None:
                terms.add(held, breach.owner, breach.opens_at, breach.closes_at)
                late.setdefault(breach.owner, []).append((breach.opens_at, breach.closes_at))
        _ask_holder(task, held, terms)
        yield from checks(held, breaches, task=task.id, timed=False)
    # Of time a whole deal in work is demanded: however many tasks are late, it is one deal out of order.
    at_work: dict[int | None, list[Stretch]] = {}
    terms.held((piece for piece in deal.pieces if piece.kind == WORK), None, at_work)
    for person, stretches in late.items():
        for start, end in (Spans(stretches) & deal.in_work) - Spans(at_work.get(person, ())):
            terms.add(at_work, person, start, end)
    yield from checks(at_work, counted=False)


def _ask_holder(task: Planned, held: dict[int | None, list[Stretch]], terms: Terms) -> None:
    """Whoever has the task is asked at its last due moment, and from then on while it is undone.

    Who got it after that is not asked whether it was done in time, and nobody when it had been deleted by then.
    """
    _, due = task.dues[-1]
    _, holder = task.owners[-1]
    done_at, ended_at = task.completed_at, task.ended_at
    if holder is None or (task.deleted_at is not None and task.deleted_at <= due):
        return
    in_time = done_at is not None and done_at <= due
    if in_time or not any(since > due for since, _ in task.owners[1:]):
        terms.add(held, holder, due, due if in_time else ended_at)


def _breaches(deal: Timeline, task: Planned, terms: Terms) -> Iterator[Breach]:
    ended_at = task.ended_at
    moves = [at for at, _ in task.dues[1:]]
    for (since, due), moved_at in zip(task.dues, chain(moves, [None]), strict=True):
        fell_due = max(due, since)
        closes_at = (
            ended_at if moved_at is None or (ended_at is not None and ended_at < moved_at) else moved_at
        )
        if closes_at is not None and closes_at <= fell_due:
            continue
        opens_at, owner = _first_shift(task, fell_due, terms)
        if opens_at is None or (closes_at is not None and opens_at >= closes_at):
            continue
        piece = deal.piece_at(opens_at)
        stage = piece.stage if piece else None
        yield Breach(fell_due, opens_at, closes_at, owner, stage, {"due": due.isoformat()}, task=task.id)


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
