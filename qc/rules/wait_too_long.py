from collections.abc import Iterable, Iterator
from datetime import datetime

from qc.rules.checks import Breach, Check, checks
from qc.rules.norms import Versions, outlived
from qc.rules.parameters import CALENDAR
from qc.rules.registry import AHEAD, VIOLATION, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from qc.rules.waiting import Waiting, waited_before
from timeline.timeline import Timeline, Visit


def is_limited(norm: Waiting) -> bool:
    return norm.longest is not None


@rule(
    "wait.too_long",
    _("Deal waits longer than any deal may"),
    VIOLATION,
    clock=CALENDAR,
    icon="hourglass",
    weight=1,
    sentence=_("Waits since %(since)s, and in all longer than %(norm)s"),
    variants={AHEAD: _("Waits since %(since)s; the longest wait ends on %(opens)s")},
    check="a visit to a stage with a longest wait, owned for a part of the period",
    occasion=VISIT,
    goes_by=(Waiting,),
)
def too_long(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A promise that is renewed for half a year is no promise.

    Fix: close the deal; who comes back later is a new one.
    """
    for visit, versions, held in terms.asked(deal, Waiting, is_limited):
        yield from checks(
            held,
            _breaches(deal, visit, versions, terms),
            stage=visit.stage,
            since=visit.since,
            until=visit.until,
        )


def _breaches(deal: Timeline, visit: Visit, versions: Versions[Waiting], terms: Terms) -> Iterator[Breach]:
    """Waits of a deal add up: leaving the stage for an hour begins nothing anew."""
    longest = versions.last.norm.longest
    if longest is None:
        return
    before = waited_before(deal, visit, terms)

    def ends(norm: Waiting) -> datetime | None:
        return None if norm.longest is None else max(visit.since, visit.since + norm.longest - before)

    opens_at = outlived(versions.versions, ends)
    if opens_at is None or (visit.until is not None and opens_at >= visit.until):
        return
    piece = deal.piece_at(opens_at)
    yield Breach(
        visit.since,
        opens_at,
        visit.until,
        piece.owner if piece else None,
        visit.stage,
        {"norm": longest.total_seconds()},
        regulation=versions.last.regulation,
    )
