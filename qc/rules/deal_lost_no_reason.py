from collections.abc import Iterable

from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import LOSS_REASON, LOST, Timeline, pipeline_of


@rule(
    "deal.lost_no_reason",
    _("Lost without a reason"),
    REMARK,
    clock=CALENDAR,
    icon="message-circle-question-mark",
    weight=1,
    sentence=_("Closed as lost on %(since)s without a reason"),
    check="a deal closed as lost in the period, and still lost",
    occasion=VISIT,
)
def lost_no_reason(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Without reasons nobody learns whether it is the price, the term or a call that came too late.

    Fix: choose the reason on the deal's card.
    """
    if not deal.visits:
        return ()
    visit = deal.visits[-1]
    if visit.kind != LOST or pipeline_of(visit.stage) in terms.robots:
        return ()
    breaches = []
    if deal.loss_reason is None and LOSS_REASON not in (deal.fields or {}):
        owner = visit.pieces[0].owner
        breaches.append(Breach(visit.since, visit.since, visit.until, owner, visit.stage, {}))
    return checks(
        terms.held(visit.pieces, None, {}),
        breaches,
        stage=visit.stage,
        since=visit.since,
        until=visit.until,
        once=True,
    )
