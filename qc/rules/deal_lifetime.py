from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from qc.rules.checks import Breach, Check, Stretch, checks
from qc.rules.norms import outlived
from qc.rules.parameters import ALL_UNITS, CALENDAR, NORM, ClockName, Length, parameter
from qc.rules.registry import AHEAD, DEAL, VIOLATION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Clock, Fact, Requirement, Said, Standing
from qc.rules.terms import Terms
from timeline.timeline import WORK, Piece, Timeline, Visit


@dataclass(frozen=True)
class LongestLife:
    max_life: timedelta | None = parameter(
        Length(
            _("Longest life in the pipeline"),
            ALL_UNITS,
            clock="clock",
            nothing=_("no limit"),
            closing=_("A closing stage has no longest life."),
        ),
        _("Longest life in the pipeline, over all stages that have one"),
    )
    clock: str = parameter(ClockName(), _("Clock of the life"), default=CALENDAR)


def is_limited(norm: LongestLife) -> bool:
    return norm.max_life is not None


def fact(norm: LongestLife) -> Fact | None:
    if norm.max_life is None:
        return None
    words = {"length": Brief(norm.max_life, norm.clock), "clock": Clock(norm.clock)}
    return Fact(_("Longest life in the pipeline"), Said("%(length)s, %(clock)s", words))


def requirements(norm: LongestLife, standing: Standing) -> list[Requirement]:
    if norm.max_life is None:
        return []
    says = Said(_("Be closed within %(norm)s of the pipeline"), {"norm": Brief(norm.max_life, norm.clock)})
    return [Requirement(says, not standing.is_open, standing.opens_at)]


@rule(
    "deal.lifetime",
    _("Deal lives in the pipeline longer than it may"),
    VIOLATION,
    clock=NORM,
    icon="calendar-clock",
    weight=2,
    sentence=_("In the pipeline for %(elapsed)s with a norm of %(norm)s: since %(since)s"),
    variants={AHEAD: _("In the pipeline since %(since)s; its longest life ends on %(opens)s")},
    check="a deal on stages with a longest life, owned for a part of the period",
    occasion=DEAL,
    norm=LongestLife,
    facts=fact,
    requirements=requirements,
)
def lifetime(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """A deal that is moved from stage to stage never stands too long on one, and is never sold either.

    Fix: close it, or hand it over to where clients are warmed up.
    """
    for run in deal.runs:
        held: dict[int | None, list[Stretch]] = {}
        for visit in run:
            if visit.kind == WORK and (demanded := terms.demanded(LongestLife, visit.stage, is_limited)):
                terms.held(visit.pieces, demanded, held)
        if held or any(visit.kind == WORK for visit in run):
            breaches = list(_breaches(run, terms))
            if held or breaches:
                yield from checks(held, breaches, since=run[0].since, until=run[-1].until)


def _breaches(run: Sequence[Visit], terms: Terms) -> Iterator[Breach]:
    """Time on stages without a limit does not count; what goes on from stage to stage is one."""
    spent: list[Piece] = []
    found: Breach | None = None
    for visit in run:
        versions = terms.versions(LongestLife, visit) if visit.kind == WORK else None
        if versions is None or versions.last.norm.max_life is None:
            continue
        last = versions.last
        if visit.until is not None and visit.until - run[0].since <= versions.last.norm.max_life:
            spent.extend(visit.pieces)
            continue  # no clock is faster than the calendar

        def runs_out(norm: LongestLife, visit: Visit = visit) -> datetime | None:
            if norm.max_life is None:
                return None
            left = norm.max_life - terms.worked(norm.clock, spent)
            if left <= timedelta():
                return visit.since
            return terms.runs_out(norm.clock, visit.pieces, visit.since, left)

        opens_at = outlived(versions.versions, runs_out)
        spent.extend(visit.pieces)
        if opens_at is None or (visit.until is not None and opens_at >= visit.until):
            continue
        if found is not None and found.closes_at == opens_at:
            found = replace(found, closes_at=visit.until)
            continue
        owner = visit.owner_at(opens_at)
        since = run[0].since if found is None else opens_at
        if found is not None:
            yield found
        assert last.norm.max_life is not None
        values = {"norm": last.norm.max_life.total_seconds()}
        found = Breach(since, opens_at, visit.until, owner, visit.stage, values, regulation=last.regulation)
    if found is not None:
        yield found
