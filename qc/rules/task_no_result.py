from collections.abc import Iterable

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, TASK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import Timeline


@rule(
    "task.no_result",
    _("Task done without a result"),
    REMARK,
    clock=CALENDAR,
    icon="message-square-off",
    weight=1,
    sentence=_("The task was done on %(since)s, and nothing was written about what came of it"),
    check="a task done, of which amoCRM tells whether a result was written",
    occasion=TASK,
    reads_tasks=True,
)
def no_result(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Whoever opens the deal next does not know what was agreed, and calls the client to ask the same.

    Fix: write the result in a line when completing the task.
    """
    for task in deal.tasks:
        done = task.completed_at
        if done is None or done != task.ended_at or task.has_result is None:
            continue
        holder = task.holder_at(done)
        held = terms.asked_at(holder, done)
        piece = deal.piece_at(done)
        stage = piece.stage if piece else None
        breaches = []
        if not task.has_result:
            breaches.append(Breach(done, done, done + SHOWN, holder, stage, {}, task=task.id))
        yield from checks(held, breaches, stage=stage, task=task.id, timed=False)
