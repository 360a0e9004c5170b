from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.spans import Span, Spans
from qc.rules.checks import Breach, Check, checks
from qc.rules.norms import Versions, outlived
from qc.rules.parameters import ALL_UNITS, CALENDAR, CLIENT, NORM, OWNER, ClockName, Length, parameter
from qc.rules.registry import VIOLATION, VISIT, WARN, ngettext_noop, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Clock, Fact, Requirement, Said, Standing
from qc.rules.telling import Telling
from qc.rules.terms import OPEN, Terms
from qc.rules.waiting import Waiting, names_fields, waits_validly
from timeline.timeline import Timeline, Visit

CODE = "deal.stuck"
NEW_NORM, WAITED = "new", "waited"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class LongestStay:
    max_stay: timedelta | None = parameter(
        Length(
            _("Longest stay"),
            ALL_UNITS,
            clock="clock",
            nothing=_("no limit"),
            closing=_("A closing stage has no longest stay."),
        ),
        _("Longest stay"),
        alias="max_stay",
    )
    clock: str = parameter(ClockName(), _("Clock"), alias="stay_clock", default=CALENDAR)


def is_limited(norm: LongestStay) -> bool:
    return norm.max_stay is not None


def limit(norm: LongestStay) -> tuple[timedelta, str] | None:
    return None if norm.max_stay is None else (norm.max_stay, norm.clock)


def fact(norm: LongestStay) -> Fact:
    if norm.max_stay is None:
        return Fact(_("Longest stay"), Said(_("no limit")))
    words = {"length": Brief(norm.max_stay, norm.clock), "clock": Clock(norm.clock)}
    return Fact(_("Longest stay"), Said("%(length)s, %(clock)s", words))


def pill(norm: LongestStay) -> tuple[str, Said, Said | None] | None:
    if norm.max_stay is None:
        return None
    length = Said("%(length)s", {"length": Brief(norm.max_stay, norm.clock)})
    return "timer", length, Said("%(clock)s", {"clock": Clock(norm.clock)})


def requirements(norm: LongestStay, standing: Standing) -> list[Requirement]:
    if norm.max_stay is None:
        return []
    words = {"norm": Brief(norm.max_stay, CALENDAR), "clock": Clock(norm.clock)}
    says = Said(_("Stand here no longer than %(norm)s (%(clock)s)"), words)
    return [Requirement(says, not standing.is_open, standing.opens_at)]


@rule(
    CODE,
    _("Deal stays on a stage longer than the norm"),
    VIOLATION,
    clock=NORM,
    icon="hourglass",
    weight=3,
    mode=WARN,
    sentence=_("On the stage “%(stage)s” for %(elapsed)s with a norm of %(norm)s: since %(since)s"),
    variants={
        OWNER: _(
            "On the stage “%(stage)s” since %(since)s; the norm of %(hours)s of the owner's shifts ends on %(opens)s"
        ),
        CLIENT: _(
            "On the stage “%(stage)s” since %(since)s; the norm of %(hours)s of company hours ends on %(opens)s"
        ),
        NEW_NORM: _(
            "On the stage “%(stage)s” since %(since)s, longer than the norm that is in force since %(opens)s"
        ),
        WAITED: _("On the stage “%(stage)s” without a valid reason to wait any more since %(opens)s"),
    },
    check="a visit to a stage with a longest stay, owned for a part of the period",
    occasion=VISIT,
    figures=("stuck_deals", "stuck_sum", "ageing"),
    norm=LongestStay,
    facts=fact,
    pill=pill,
    requirements=requirements,
    stay=limit,
    goes_by=(Waiting,),
    tells=(
        Telling(
            CODE,
            _("Deal is stuck"),
            _("A deal is stuck"),
            ngettext_noop("%(count)s stuck deal", "%(count)s stuck deals"),
            _("The deal has moved on"),
            why=_(
                "The money of a deal that has outlived its stage stands still, and whoever leads it can move it on "
                "today."
            ),
            head=4 * HOUR,
            director=20 * HOUR,
        ),
        Telling(
            f"{CODE}_soon",
            _("Deal will be stuck soon"),
            _("A deal is about to get stuck"),
            ngettext_noop("%(count)s deal about to get stuck", "%(count)s deals about to get stuck"),
            _("The deal has moved on in time"),
            why=_("There is still time to move the deal on, so that nothing is broken at all."),
            ahead=2 * HOUR,
        ),
    ),
)
def stuck(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A deal that outlives its stage rarely moves on by itself, and the money in it stands still.

    Fix: do the stage's next step and move the deal, or close it with a reason.
    """
    for visit, versions, held in terms.asked(deal, LongestStay, is_limited, OPEN):
        yield from checks(
            held,
            _breaches(deal, visit, versions, terms),
            stage=visit.stage,
            since=visit.since,
            until=visit.until,
            clock=versions.last.norm.clock,
        )


def _breaches(
    deal: Timeline, visit: Visit, versions: Versions[LongestStay], terms: Terms
) -> Iterator[Breach]:
    """A deal that waits validly is not stuck: what stands beyond the norm is cut where it waits."""
    last, stay = versions.last, versions.last.norm.max_stay
    if stay is None or (visit.until is not None and visit.until - visit.since <= stay):
        return  # no clock is faster than the calendar

    def runs_out(norm: LongestStay) -> datetime | None:
        if norm.max_stay is None:
            return None
        return terms.runs_out(norm.clock, visit.pieces, visit.since, norm.max_stay)

    opens_at = outlived(versions.versions, runs_out)
    if opens_at is None or (visit.until is not None and opens_at >= visit.until):
        return
    beyond = [Span(opens_at, visit.until)]
    waiting = terms.versions(Waiting, visit)
    if waiting is not None and names_fields(waiting.last.norm):
        beyond = list(Spans(beyond) - waits_validly(deal, visit, waiting.last.norm, terms))
    for place, (start, end) in enumerate(beyond):
        owner = visit.owner_at(start)
        values: dict[str, object] = {"norm": stay.total_seconds(), "case": last.norm.clock}
        if start == last.published_at:
            values["case"] = NEW_NORM
        elif start != opens_at:
            values["case"] = WAITED
        if visit.pieces[0].inferred:
            values["inferred"] = True
        since = start if place else visit.since
        yield Breach(since, start, end, owner, visit.stage, values, regulation=last.regulation)
