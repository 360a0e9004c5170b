"""What closed months have paid and would not pay now, and what they would pay now and have not: for corrections.

A deal may have been reopened, lost, deleted, re-priced, re-dated or given another owner since, or entered too late.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.measures import read_measure
from kpi.models import Statement
from kpi.paid_sales import read_paid
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.payees import read_payees
from kpi.sales import find_wins, find_wins_ever, has_team, sales_measures
from kpi.what_if import Wins, compute_pay, settle, without_owed
from metrics import UnknownField
from pipelines.models import Deal, Stage

Named = tuple[int, str]  # a statement and a measure


class Why(TextChoices):
    LATE = "late", _("won in this month and not paid")
    REOPENED = "reopened", _("reopened since")
    LOST = "lost", _("lost since")
    DELETED = "deleted", _("deleted since")
    REPRICED = "repriced", _("its amount has changed since")
    REDATED = "redated", _("it counts in another month now")
    REOWNED = "reowned", _("it is somebody else’s sale now")


@dataclass(frozen=True)
class Difference:
    """A deal that a closed statement counts as ``counted`` by a measure and that is ``now`` worth something else there.

    None is not counted at all. ``pay``: what the difference alone would change in the statement.
    """

    deal: int
    measure: str
    why: Why
    counted: Decimal | None
    now: Decimal | None
    pay: Decimal

    @property
    def sales(self) -> Decimal:
        return (self.now or ZERO) - (self.counted or ZERO)

    @property
    def key(self) -> str:
        """Its name in a form, of one statement."""
        return f"{self.deal}:{self.measure}"


@dataclass(frozen=True)
class Differences:
    """Of one statement. ``pay`` is that of all together, which tiers need not make the sum of each alone."""

    rows: tuple[Difference, ...] = ()
    pay: Decimal = ZERO

    @property
    def paid(self) -> list[Difference]:
        """Paid, and no longer so."""
        return [one for one in self.rows if one.why != Why.LATE]

    @property
    def late(self) -> list[Difference]:
        """Won and not paid."""
        return [one for one in self.rows if one.why == Why.LATE]

    @property
    def sales(self) -> Decimal:
        """Of the measures together, each deal once: where several measures speak of a deal, by the first."""
        firsts = {one.deal: one.sales for one in reversed(self.rows)}
        return sum(firsts.values(), ZERO)


def find_differences(statements: Collection[Statement]) -> dict[int, Differences]:
    """By key of the statement, of closed ones with any. The number of queries grows with measures, not with people.

    Months are best asked for together: they are read as one span.
    """
    closed = [
        one for one in statements if one.status == Statement.Status.CLOSED and one.facts.wins is not None
    ]
    if not closed:
        return {}
    schemes = {one.pk: read_scheme(one.scheme) for one in closed}
    span = _span(closed)
    payees = read_payees(span, teams=has_team(schemes.values()))
    wanted: dict[str, list[Statement]] = defaultdict(list)
    for one in closed:
        for name in sales_measures(schemes[one.pk]):
            wanted[name].append(one)
    now: dict[Named, Wins] = {}
    for name, rows in wanted.items():
        by_month = {(row.manager_id, row.period): row.pk for row in rows}
        found: dict[Named, Wins] = {(row.pk, name): {} for row in rows}
        try:
            for win in find_wins(read_measure(name), {row.manager_id for row in rows}, payees):
                pk = by_month.get((win.person, win.day.replace(day=1)))
                if pk is not None:
                    found[pk, name][win.deal] = win.amount
        except UnknownField:
            continue  # nothing is known of it any more
        now |= found
    return _compare(closed, schemes, now)


def _compare(
    closed: Collection[Statement], schemes: Mapping[int, PayScheme], now: Mapping[Named, Wins]
) -> dict[int, Differences]:
    keys = {one.pk for one in closed}
    counted: dict[Named, Wins] = defaultdict(dict)
    settled: set[tuple[int, str, int]] = set()  # by corrections that did not keep how much
    taken_back: set[tuple[int, str, int]] = set()
    elsewhere: dict[tuple[str, int], set[int]] = defaultdict(set)
    for sale in read_paid((deal for wins in now.values() for deal in wins), keys):
        elsewhere[sale.measure, sale.deal].add(sale.statement)
        if sale.amount is None:
            settled.add((sale.statement, sale.measure, sale.deal))
        elif sale.statement in keys:
            counted[sale.statement, sale.measure][sale.deal] = sale.amount
            if sale.is_noted:
                taken_back.add((sale.statement, sale.measure, sale.deal))
    changed: dict[Named, dict[int, tuple[Decimal | None, Decimal | None]]] = {}
    gone: dict[str, set[int]] = defaultdict(set)
    for (pk, name), wins in now.items():
        before = counted[pk, name]
        for deal in sorted(before.keys() | wins.keys()):
            was, is_ = before.get(deal), wins.get(deal)
            if was == is_ or (pk, name, deal) in settled or (was is None and elsewhere[name, deal]):
                continue
            if (pk, name, deal) in taken_back and (is_ or ZERO) < (was or ZERO):
                continue  # what it counts for more nobody else pays
            changed.setdefault((pk, name), {})[deal] = was, is_
            if is_ is None:
                gone[name].add(deal)
    reasons = _Reasons(gone)
    found = {}
    for one in closed:
        mine = {name: rows for (pk, name), rows in changed.items() if pk == one.pk}
        if mine:
            base = {name: counted[one.pk, name] for name in sales_measures(schemes[one.pk])}
            differences = _weigh(one, without_owed(schemes[one.pk]), base, mine, reasons)
            if differences.rows:
                found[one.pk] = differences
    return found


def _weigh(
    statement: Statement,
    scheme: PayScheme,
    base: Mapping[str, Wins],
    changed: Mapping[str, Mapping[int, tuple[Decimal | None, Decimal | None]]],
    reasons: "_Reasons",
) -> Differences:
    period = month_of(statement.period, portal_zone())
    facts = settle(statement.facts, base, scheme)
    paid = compute_pay(facts, scheme)
    rows, everything = [], {name: dict(wins) for name, wins in base.items()}
    for name, deals in changed.items():
        for deal, (was, is_) in deals.items():
            pay = compute_pay(settle(facts, {name: _put(base[name], deal, is_)}, scheme), scheme) - paid
            everything[name] = _put(everything[name], deal, is_)
            if pay or (was or ZERO) != (is_ or ZERO):
                why = Why.LATE if was is None else Why.REPRICED
                if is_ is None:
                    why = reasons.find(name, deal, period)
                rows.append(Difference(deal, name, why, was, is_, pay))
    return Differences(tuple(rows), compute_pay(settle(facts, everything, scheme), scheme) - paid)


def _put(wins: Wins, deal: int, amount: Decimal | None) -> Wins:
    others = {key: value for key, value in wins.items() if key != deal}
    return others if amount is None else others | {deal: amount}


class _Reasons:
    """Why deals are no longer won by somebody in a month. Two queries, and one for each measure."""

    def __init__(self, gone: Mapping[str, set[int]]) -> None:
        wanted = {deal for deals in gone.values() for deal in deals}
        self.deals = Deal.objects.select_related("stage").in_bulk(list(wanted)) if wanted else {}
        self.won: dict[tuple[str, int], date] = {}
        for name, deals in gone.items():
            self.won |= {(name, deal): day for deal, (day, _) in find_wins_ever(name, deals).items()}

    def find(self, measure: str, deal: int, period: Period) -> Why:
        row, day = self.deals.get(deal), self.won.get((measure, deal))
        if row is None or row.deleted_at is not None:
            return Why.DELETED
        if day is not None:
            return Why.REOWNED if period.first <= day <= period.last else Why.REDATED
        if row.stage is not None and row.stage.kind == Stage.Kind.LOST:
            return Why.LOST
        return Why.REPRICED if row.stage is not None and row.stage.kind == Stage.Kind.WON else Why.REOPENED


def _span(statements: Iterable[Statement]) -> Period:
    firsts = sorted({one.period for one in statements})
    first, last = month_of(firsts[0], portal_zone()), month_of(firsts[-1], portal_zone())
    return first if first == last else Period(first.start, last.end, f"{first.label}/{last.label}")
