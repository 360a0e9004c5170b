from collections.abc import Iterable, Iterator
from datetime import timedelta

from qc.rules.checks import Breach, Check, checks
from qc.rules.norms import Version
from qc.rules.parameters import CALENDAR
from qc.rules.registry import AHEAD, VIOLATION, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from qc.rules.waiting import Waiting, explained, names_fields
from timeline.timeline import Timeline, Visit

MINUTE = timedelta(minutes=1)  # the promised day, and not the midnight after it


@rule(
    "wait.broken",
    _("The day that was promised has passed"),
    VIOLATION,
    clock=CALENDAR,
    icon="calendar-x",
    weight=2,
    sentence=_("On the stage “%(stage)s” what was promised by %(due)s has not come"),
    variants={AHEAD: _("On the stage “%(stage)s” something is promised by %(due)s")},
    check="a visit to a stage on which deals wait with a reason or a date, owned for a part of the period",
    occasion=VISIT,
    goes_by=(Waiting,),
)
def broken(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A client who promised to pay on Tuesday and is not rung up on Wednesday pays somebody else.

    Fix: ring the client up on the promised day; move the deal on, or agree on a new date and write it down.
    """
    for visit, versions, held in terms.asked(deal, Waiting, names_fields):
        yield from checks(
            held,
            _breaches(deal, visit, versions.last, terms),
            stage=visit.stage,
            since=visit.since,
            until=visit.until,
        )


def _breaches(deal: Timeline, visit: Visit, version: Version[Waiting], terms: Terms) -> Iterator[Breach]:
    """From the end of what explained the wait until something else does, or the deal goes on."""
    if not names_fields(version.norm):
        return
    begin = version.published_at or visit.since
    for span, reason, promised, until in explained(deal, visit, version.norm, terms):
        if until is None:
            continue
        opens_at = max(until, begin, span.start)
        if span.end is not None and opens_at >= span.end:
            continue
        piece = deal.piece_at(opens_at)
        values = {"due": ((promised or until) - MINUTE).isoformat(), "reason": reason or ""}
        yield Breach(
            max(span.start, visit.since),
            opens_at,
            span.end,
            piece.owner if piece else None,
            visit.stage,
            values,
            regulation=version.regulation,
        )
