from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qc.rules.checks import Breach, Check, checks
from qc.rules.norms import Demand, Versions
from qc.rules.parameters import CLIENT, Length, parameter
from qc.rules.registry import AHEAD, DEAL, VIOLATION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Said
from qc.rules.terms import Terms
from timeline.timeline import INCOMING, WORK, Timeline, Visit


@dataclass(frozen=True)
class FirstContact:
    within: timedelta | None = parameter(
        Length(
            _("First contact within"),
            nothing=_("no limit"),
            closing=_("A closing stage has no first contact."),
        ),
        _("First contact within, by company hours"),
    )


def within(norm: FirstContact) -> timedelta | None:
    return norm.within


def is_limited(norm: FirstContact) -> bool:
    return norm.within is not None


def demand(versions: Versions[FirstContact]) -> Demand:
    return versions.demand(within)


def fact(norm: FirstContact) -> Fact | None:
    if norm.within is None:
        return None
    length = {"length": Brief(norm.within, CLIENT)}
    return Fact(_("First contact"), Said(_("within %(length)s of company hours"), length))


@rule(
    "contact.first_late",
    _("First contact too late"),
    VIOLATION,
    clock=CLIENT,
    icon="phone-missed",
    weight=2,
    sentence=_(
        "Nobody had called or written to the client who came on %(since)s within %(hours)s of company hours"
    ),
    variants={AHEAD: _("The client came on %(since)s and is to be called by %(opens)s")},
    check="a deal that came to a stage with a term of the first contact before anybody had called or written",
    occasion=DEAL,
    norm=FirstContact,
    facts=fact,
    reads_touches=True,
)
def first_contact_late(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """The client compares several offers, and buys from whoever called first.

    Fix: call at once; a missed call counts as an attempt, a robot's message does not. What hangs on the client's card
    counts for every deal of his that is open then.
    """
    asking = terms.demanding_stages(FirstContact, is_limited)
    for run in deal.runs:
        for visit in run:
            if visit.stage not in asking:
                continue
            versions = terms.versions(FirstContact, visit) if visit.kind in (INCOMING, WORK) else None
            if versions is not None and (asked := versions.kept(demand)):
                yield from _judged(deal, run, visit, versions, asked, terms)
                break


def _judged(
    deal: Timeline,
    run: Sequence[Visit],
    visit: Visit,
    versions: Versions[FirstContact],
    asked: Demand,
    terms: Terms,
) -> Iterable[Check]:
    """Only the first stage of a run that demands it asks, and only of a client nobody has called or written to."""
    begin = max(visit.since, asked[0][0] or visit.since)
    contact = next((touch.at for touch in deal.touches if touch.is_contact), None)
    closed = next(
        (one.since for one in run if one.kind not in (INCOMING, WORK) and one.since >= visit.since), None
    )
    ends = [at for at in (contact, closed, run[-1].until) if at is not None]
    end = min(ends) if ends else None
    if (contact is not None and contact <= begin) or (end is not None and end <= begin):
        return ()
    held = terms.held((piece for one in run for piece in one.pieces), [(begin, end)], {})
    breaches = []
    opens_at = terms.deadline(deal.pieces, begin, asked, CLIENT, end=end)
    if opens_at is not None and (end is None or opens_at < end):
        breaches.append(_breach(deal, begin, opens_at, end, versions))
    return checks(held, breaches, stage=visit.stage, since=run[0].since, until=run[-1].until, timed=False)


def _breach(
    deal: Timeline,
    begin: datetime,
    opens_at: datetime,
    end: datetime | None,
    versions: Versions[FirstContact],
) -> Breach:
    piece, norm = deal.piece_at(opens_at), versions.last.norm.within
    values = {"norm": norm.total_seconds() if norm else 0}
    owner, stage = (piece.owner, piece.stage) if piece else (None, None)
    return Breach(begin, opens_at, end, owner, stage, values, regulation=versions.last.regulation)
