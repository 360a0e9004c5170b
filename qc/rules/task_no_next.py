from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.spans import Spans
from qc.rules.checks import Breach, Check, checks
from qc.rules.norms import Demand, Versions
from qc.rules.parameters import OWNER, Length, parameter
from qc.rules.registry import AHEAD, TASK, VIOLATION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Said
from qc.rules.terms import Terms
from timeline.timeline import WORK, Planned, Timeline


@dataclass(frozen=True)
class TaskAfterTask:
    grace: timedelta | None = parameter(
        Length(_("Time to set the task after the last one")),
        _("Time to set the next task after the last one is done, by the owner's shifts"),
    )


def grace(norm: TaskAfterTask) -> timedelta | None:
    return norm.grace


def demand(versions: Versions[TaskAfterTask]) -> Demand:
    return versions.demand(grace)


def fact(norm: TaskAfterTask) -> Fact | None:
    if norm.grace is None:
        return None
    words = {"grace": Brief(norm.grace, OWNER)}
    return Fact(_("After the last task"), Said(_("the next one within %(grace)s of shifts"), words))


@rule(
    "task.no_next",
    _("Last task done, and no next one"),
    VIOLATION,
    clock=OWNER,
    icon="calendar-minus",
    weight=1,
    sentence=_("The last task was done on %(since)s, and no next one was set for %(elapsed)s"),
    variants={AHEAD: _("The last task was done on %(since)s; the next one must be set by %(opens)s")},
    check="a task done on a stage that demands the next one",
    occasion=TASK,
    norm=TaskAfterTask,
    facts=fact,
    reads_tasks=True,
)
def no_next(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Whoever has just talked to the client knows best when to call again, and an hour later he does not.

    Fix: set the next task when the last one is done.
    """
    gaps: Spans | None = None
    for task in deal.tasks:
        done = task.completed_at
        if done is None or done != task.ended_at or (asked := _asked(deal, done, terms)) is None:
            continue
        stage, owner, norm, until = asked
        if gaps is None:
            gaps = Spans([(deal.created_at, None)]) - deal.covered_by_tasks
        held = terms.asked_at(owner, done)
        breaches = list(_breaches(deal, task, gaps, asked, terms))
        yield from checks(held, breaches, stage=stage, task=task.id, timed=False)


Asked = tuple[str, int | None, Versions[TaskAfterTask], datetime | None]


def _asked(deal: Timeline, done: datetime, terms: Terms) -> Asked | None:
    """The stage on which a task was done, whose the deal was, its norm, and when the deal left the stage."""
    for visit in deal.visits:
        if visit.since <= done and (visit.until is None or done < visit.until):
            versions = terms.versions(TaskAfterTask, visit) if visit.kind == WORK else None
            if versions is None or not (demanded := versions.kept(demand)):
                return None
            begin = demanded[0][0]
            if begin is not None and begin > done:
                return None
            piece = deal.piece_at(done)
            return visit.stage, piece.owner if piece else None, versions, visit.until
    return None


def _breaches(deal: Timeline, task: Planned, gaps: Spans, asked: Asked, terms: Terms) -> Iterator[Breach]:
    stage, _owner, versions, until = asked
    done = task.completed_at
    gap = next((one for one in gaps if one.start == done), None)
    if gap is None or done is None or task.id != _last_done(deal, done):
        return
    ends = [end for end in (gap.end, until) if end is not None]
    closes_at = min(ends) if ends else None
    opens_at = terms.deadline(deal.pieces, done, versions.kept(demand), end=closes_at)
    if opens_at is None or (closes_at is not None and opens_at >= closes_at):
        return
    piece = deal.piece_at(opens_at)
    yield Breach(
        done,
        opens_at,
        closes_at,
        piece.owner if piece else None,
        stage,
        {},
        task=task.id,
        regulation=versions.last.regulation,
    )


def _last_done(deal: Timeline, done: datetime) -> int:
    """Of several tasks done in one second, one stands for all."""
    return max(task.id for task in deal.tasks if task.completed_at == done == task.ended_at)
