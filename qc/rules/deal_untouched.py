from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from qc.rules.checks import Breach, Check, checks
from qc.rules.norms import Demand, Versions
from qc.rules.parameters import ALL_UNITS, CALENDAR, Length, parameter
from qc.rules.registry import AHEAD, VIOLATION, VISIT, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Requirement, Said, Standing
from qc.rules.terms import Terms
from timeline.timeline import Timeline, Visit


@dataclass(frozen=True)
class LongestSilence:
    idle: timedelta | None = parameter(
        Length(_("Longest time without a touch"), ALL_UNITS, nothing=_("no limit")),
        _("Longest time without a touch, by the calendar"),
    )


def silence(norm: LongestSilence) -> timedelta | None:
    return norm.idle


def demand(versions: Versions[LongestSilence]) -> Demand:
    return versions.demand(silence)


def fact(norm: LongestSilence) -> Fact:
    if norm.idle is None:
        return Fact(_("Longest time without a touch"), Said(_("no limit")))
    length = Said("%(length)s", {"length": Brief(norm.idle, CALENDAR)})
    return Fact(_("Longest time without a touch"), length)


def pill(norm: LongestSilence) -> tuple[str, Said, Said | None] | None:
    if norm.idle is None:
        return None
    length = Said("%(length)s", {"length": Brief(norm.idle, CALENDAR)})
    return "phone-off", length, Said(_("longest time without a touch"))


def requirements(norm: LongestSilence, standing: Standing) -> list[Requirement]:
    if norm.idle is None:
        return []
    says = Said(_("Touch the client at least every %(norm)s"), {"norm": Brief(norm.idle, CALENDAR)})
    return [Requirement(says, not standing.is_open, standing.opens_at)]


@rule(
    "deal.untouched",
    _("Nobody has touched the deal for too long"),
    VIOLATION,
    clock=CALENDAR,
    icon="phone-off",
    weight=2,
    sentence=_("No call, message or note of a person since %(since)s: %(elapsed)s with a norm of %(norm)s"),
    variants={AHEAD: _("The last touch was on %(since)s; the next one must come by %(opens)s")},
    check="a visit to a stage in work with a longest time without a touch, owned for a part of the period",
    occasion=VISIT,
    norm=LongestSilence,
    facts=fact,
    pill=pill,
    requirements=requirements,
    reads_touches=True,
)
def untouched(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A task that is moved on every day looks like work, and the client has not heard from anybody for weeks.

    Fix: call or write to the client, or note on the deal's card what was agreed.
    """
    for visit, versions, held in terms.asked(deal, LongestSilence, silence):
        yield from checks(
            held,
            _breaches(deal, visit, versions, terms),
            stage=visit.stage,
            since=visit.since,
            until=visit.until,
        )


def _breaches(
    deal: Timeline, visit: Visit, versions: Versions[LongestSilence], terms: Terms
) -> Iterator[Breach]:
    """From each touch (or the beginning of the visit: somebody moved the deal) to the next one."""
    asked, idle = versions.kept(demand), versions.last.norm.idle
    if not asked or idle is None:
        return
    begun = max(visit.since, asked[0][0] or visit.since)
    touched = {
        touch.at
        for touch in deal.touches
        if touch.at > begun and (visit.until is None or touch.at < visit.until)
    }
    moments = [begun, *sorted(touched)]
    for since, until in zip(moments, [*moments[1:], visit.until], strict=True):
        opens_at = terms.deadline(visit.pieces, since, asked, CALENDAR, end=until)
        if opens_at is None or (until is not None and opens_at >= until):
            continue
        piece = deal.piece_at(opens_at)
        owner = piece.owner if piece else None
        values = {"norm": idle.total_seconds()}
        yield Breach(since, opens_at, until, owner, visit.stage, values, regulation=versions.last.regulation)
