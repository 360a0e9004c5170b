from collections.abc import Iterable

from qc.rules.checks import Check
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, REVIEW, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.reviewing import CHECK, SENTENCE, answers
from qc.rules.terms import Terms
from timeline.timeline import Timeline


@rule(
    "review.step",
    _("The next step is not agreed with the client"),
    REMARK,
    clock=CALENDAR,
    icon="calendar-x",
    weight=1,
    mode=WARN,
    sentence=SENTENCE,
    check=CHECK,
    occasion=REVIEW,
    reads_reviews=True,
    asks=(3, _("The next step is agreed with the client and dated")),
)
def agreed_step(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A step that only the manager knows of is a surprise to the client, and moves from day to day.

    Fix: agree with the client on what comes next and when, and set a task for that day.
    """
    return answers("step", deal, terms)
