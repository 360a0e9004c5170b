from collections.abc import Iterable

from qc.rules.checks import Check
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, REVIEW, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.reviewing import CHECK, SENTENCE, answers
from qc.rules.terms import Terms
from timeline.timeline import Timeline


@rule(
    "review.record",
    _("Calls and answers are not recorded for a colleague"),
    REMARK,
    clock=CALENDAR,
    icon="notebook-pen",
    weight=1,
    mode=WARN,
    sentence=SENTENCE,
    check=CHECK,
    occasion=REVIEW,
    reads_reviews=True,
    asks=(5, _("Calls and answers are recorded so that a colleague could go on")),
)
def told_talks(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """What stands in one head only is on leave with it.

    Fix: write after each talk what was said and agreed.
    """
    return answers("record", deal, terms)
