from collections.abc import Iterable

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import QUESTION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import WON, Timeline, pipeline_of


@rule(
    "deal.won_untouched",
    _("Won without a contact"),
    QUESTION,
    clock=CALENDAR,
    icon="circle-question-mark",
    weight=0,
    sentence=_(
        "Won on %(since)s, and amoCRM knows of no call and no message to the client. Whose sale is it?"
    ),
    check="none: a question is answered, and counts in nobody's quality",
    reads_touches=True,
)
def won_untouched(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A sale without a single call is a client who came by himself, a call past the telephony, or somebody else's deal.

    Fix: say which; a call from an own phone is written down as a note.
    """
    breaches = []
    for visit in deal.visits:
        if visit.kind != WON or visit.until == visit.since or pipeline_of(visit.stage) in terms.robots:
            continue
        if not any(touch.is_contact and touch.at <= visit.since for touch in deal.touches):
            closes_at = min(visit.until or visit.since + SHOWN, visit.since + SHOWN)
            breaches.append(
                Breach(visit.since, visit.since, closes_at, visit.pieces[0].owner, visit.stage, {})
            )
    return checks({}, breaches)
