from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import CALENDAR, Length, parameter
from qc.rules.registry import REMARK, TASK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import Timeline

CODE = "task.instant"


@dataclass(frozen=True)
class Instant:
    within: timedelta | None = parameter(
        Length(_("Done within"), nothing=_("no limit")), _("Done within"), default=timedelta(minutes=1)
    )


@rule(
    CODE,
    _("Task done as soon as it was set"),
    REMARK,
    clock=CALENDAR,
    icon="zap",
    weight=0,
    sentence=_("The task was set on %(since)s and done within %(norm)s"),
    check="a task that a person has set, and that was done",
    occasion=TASK,
    norm=Instant,
    everywhere=True,
    reads_tasks=True,
)
def instant(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A task that is set and done in one go plans nothing: it makes a count look better.

    Fix: write down what has been done as a note, and set tasks for what is still to come.
    """
    for task in deal.tasks:
        done = task.completed_at
        if done is None or done != task.ended_at or task.author is None:
            continue
        within = terms.portal_norm(Instant, CODE, done).within
        if within is None:
            continue
        held = terms.asked_at(task.author, done)
        piece = deal.piece_at(done)
        stage = piece.stage if piece else None
        breaches = []
        if done - task.created_at <= within:
            values = {"norm": within.total_seconds()}
            breaches.append(
                Breach(task.created_at, done, done + SHOWN, task.author, stage, values, task=task.id)
            )
        yield from checks(held, breaches, stage=stage, task=task.id, timed=False)
