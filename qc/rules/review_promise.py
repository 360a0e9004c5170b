from collections.abc import Iterable

from qc.rules.checks import Check
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REVIEW, VIOLATION, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.reviewing import CHECK, SENTENCE, answers
from qc.rules.terms import Terms
from timeline.timeline import Timeline


@rule(
    "review.promise",
    _("A promise to the client was not kept in time"),
    VIOLATION,
    clock=CALENDAR,
    icon="handshake",
    weight=1,
    mode=WARN,
    sentence=SENTENCE,
    check=CHECK,
    occasion=REVIEW,
    reads_reviews=True,
    asks=(4, _("What was promised to the client was done in time")),
)
def kept_promises(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Clients forgive a high price sooner than a call that did not come.

    Fix: do what was promised, say why it is late, and promise what can be kept.
    """
    return answers("promise", deal, terms)
