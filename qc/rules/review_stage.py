from collections.abc import Iterable

from qc.rules.checks import Check
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, REVIEW, WARN, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.reviewing import CHECK, SENTENCE, answers
from qc.rules.terms import Terms
from timeline.timeline import Timeline


@rule(
    "review.stage",
    _("The stage is not where the deal really stands"),
    REMARK,
    clock=CALENDAR,
    icon="map-pin-off",
    weight=1,
    mode=WARN,
    sentence=SENTENCE,
    check=CHECK,
    occasion=REVIEW,
    reads_reviews=True,
    asks=(2, _("The stage is the one where the deal really stands")),
)
def true_stage(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A deal on a wrong stage is wrong in every forecast, and nobody does what its real stage asks for.

    Fix: move the deal to the stage whose result has been reached.
    """
    return answers("stage", deal, terms)
