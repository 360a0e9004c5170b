from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import CALENDAR, Count, Length, parameter
from qc.rules.registry import REMARK, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import LOST, Timeline, pipeline_of

CODE = "deal.lost_untried"


@dataclass(frozen=True)
class Attempts:
    count: int = parameter(
        Count(_("Attempts to reach the client"), most=50),
        _("Attempts to reach the client, at least"),
        default=3,
    )
    talk: timedelta | None = parameter(
        Length(_("A talk lasts at least")), _("A call counts as a talk from"), default=timedelta(seconds=20)
    )


@rule(
    CODE,
    _("Lost without enough attempts"),
    REMARK,
    clock=CALENDAR,
    icon="phone-missed",
    weight=1,
    sentence=_("Closed as lost on %(since)s; attempts to reach the client before that: %(count)s"),
    check="a deal closed as lost in the period that nobody had talked about with the client",
    occasion=VISIT,
    norm=Attempts,
    everywhere=True,
    reads_touches=True,
)
def lost_untried(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """One call without an answer is no refusal: most clients pick up at the third.

    Fix: call again on other hours and other days, and write; then close.
    """
    for visit in deal.visits:
        if visit.kind != LOST or pipeline_of(visit.stage) in terms.robots:
            continue
        norm = terms.portal_norm(Attempts, CODE, visit.since)
        before = [touch for touch in deal.touches if touch.at <= visit.since]
        talk = max((norm.talk or timedelta()).total_seconds(), 1)
        talked = any(touch.seconds >= talk for touch in before) or any(at <= visit.since for at in deal.heard)
        owner = visit.pieces[0].owner
        held = terms.asked_at(owner, visit.since)
        if talked or visit.until == visit.since:
            continue
        attempts = sum(touch.is_attempt for touch in before)
        breaches = []
        if attempts < norm.count:
            closes_at = min(visit.until or visit.since + SHOWN, visit.since + SHOWN)
            values = {"count": attempts}
            breaches.append(Breach(visit.since, visit.since, closes_at, owner, visit.stage, values))
        yield from checks(
            held, breaches, stage=visit.stage, since=visit.since, until=visit.until, timed=False
        )
