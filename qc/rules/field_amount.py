from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.spans import Spans
from qc.rules.checks import Breach, Check, Stretch, checks
from qc.rules.norms import Demand, Version, Versions
from qc.rules.parameters import OWNER, Flag, Length, parameter
from qc.rules.registry import AHEAD, DEAL, REMARK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Brief, Fact, Requirement, Said, Standing
from qc.rules.terms import Terms
from timeline.timeline import PRICE, WON, WORK, Timeline, Visit


@dataclass(frozen=True)
class AmountFromHere:
    demanded: bool = parameter(
        Flag(
            on=_("From here on an amount is now demanded."),
            off=_("From here on an amount is no longer demanded."),
            nonsense=_("Whether an amount is demanded must be yes or no."),
        ),
        _("From here on the deal must have an amount"),
        default=False,
    )
    grace: timedelta | None = parameter(
        Length(_("Grace to name the amount")), _("Time to name it, by the owner's shifts")
    )


def needs(norm: AmountFromHere) -> Collection[str]:
    return (PRICE,) if norm.demanded else ()


def grace(norm: AmountFromHere) -> timedelta | None:
    return (norm.grace or timedelta()) if norm.demanded else None


def is_demanded(norm: AmountFromHere) -> bool:
    return norm.demanded


def demand(versions: Versions[AmountFromHere]) -> Demand:
    return versions.demand(grace)


def fact(norm: AmountFromHere) -> Fact | None:
    if not norm.demanded:
        return None
    also = None
    if norm.grace is not None:
        also = Said(_("%(grace)s of shifts to name it"), {"grace": Brief(norm.grace, OWNER)})
    return Fact(_("Amount"), Said(_("demanded from here on")), also)


def requirements(norm: AmountFromHere, standing: Standing) -> list[Requirement]:
    if not norm.demanded:
        return []
    return [Requirement(Said(_("Name the amount")), standing.is_filled(PRICE), standing.opens_at)]


@rule(
    "field.amount",
    _("No amount from a stage on"),
    REMARK,
    clock=OWNER,
    icon="circle-dollar-sign",
    weight=1,
    sentence=_("Without an amount since %(since)s: %(elapsed)s"),
    variants={AHEAD: _("Without an amount since %(since)s; it must be named by %(opens)s")},
    check="a deal that has come to a stage from which an amount is demanded, owned for a part of the period",
    occasion=DEAL,
    norm=AmountFromHere,
    facts=fact,
    requirements=requirements,
    needs=needs,
)
def no_amount(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """What stands in the pipeline without an amount is missing in every plan and every forecast.

    Fix: name the amount, if only roughly; it can be corrected later.
    """
    filled: Spans | None = None
    for run in deal.runs:
        begun = _begin(run, terms)
        if begun is None:
            continue
        since, version, asked = begun
        demanded = [(since, None)]
        held: dict[int | None, list[Stretch]] = {}
        asking = [visit for visit in run if visit.kind in (WORK, WON)]
        for visit in asking:
            terms.held(visit.pieces, demanded, held)
        filled = deal.filled(PRICE) if filled is None else filled
        empty = Spans((max(visit.since, since), visit.until) for visit in asking) - filled
        breaches = list(_breaches(deal, empty, version, asked, terms))
        yield from checks(held, breaches, since=run[0].since, until=run[-1].until)


def _begin(run: Sequence[Visit], terms: Terms) -> tuple[datetime, Version[AmountFromHere], Demand] | None:
    """Since when an amount is demanded, by which version: that of the first stage on the way that demands it."""
    asking = terms.demanding_stages(AmountFromHere, is_demanded)
    for visit in run:
        if visit.stage not in asking:
            continue
        versions = terms.versions(AmountFromHere, visit) if visit.kind in (WORK, WON) else None
        if versions is not None and (asked := versions.kept(demand)):
            return max(visit.since, asked[0][0] or visit.since), versions.last, asked
    return None


def _breaches(
    deal: Timeline, empty: Spans, version: Version[AmountFromHere], asked: Demand, terms: Terms
) -> Iterator[Breach]:
    for gap in empty:
        opens_at = terms.deadline(deal.pieces, gap.start, asked, end=gap.end)
        if opens_at is None or (gap.end is not None and opens_at >= gap.end):
            continue
        piece = deal.piece_at(opens_at)
        assert piece is not None  # a gap lies inside of visits
        yield Breach(
            gap.start, opens_at, gap.end, piece.owner, piece.stage, {}, regulation=version.regulation
        )
