from collections.abc import Iterable

from qc.rules.checks import Check
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, REVIEW, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.reviewing import CHECK, SENTENCE, answers
from qc.rules.terms import Terms
from timeline.timeline import Timeline


@rule(
    "review.need",
    _("What the client needs is not clear from the card"),
    REMARK,
    clock=CALENDAR,
    icon="message-circle-question-mark",
    weight=1,
    mode=WARN,
    sentence=SENTENCE,
    check=CHECK,
    occasion=REVIEW,
    reads_reviews=True,
    asks=(1, _("What the client needs is clear from the card")),
)
def all_needs_known(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Whoever takes the deal over asks the client again, and an offer that misses the need is a discount at best.

    Fix: ask what the client needs, by when and why, and write it on the deal's card.
    """
    return answers("need", deal, terms)
