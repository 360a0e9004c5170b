"""Sales of closed months that came back: what each would bring its month less, for components that take back.

Corrections of closed months and this never take the same twice: what a correction has settled counts as settled, and
what a component takes back is no difference that waits for a correction (`kpi.differences`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Max

from core.periods import Period
from core.zone import portal_zone
from kpi.calculation.component import Return
from kpi.calculation.rounding import ZERO
from kpi.models import Statement
from kpi.month_facts import Facts
from kpi.paid_sales import read_paid
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.sales import find_wins_ever
from kpi.what_if import Wins, compute_pay, settle, without_owed
from metrics import UnknownField
from pipelines.models import Deal, Event, Stage, Stay

Schemes = Mapping[int, PayScheme]


@dataclass(frozen=True)
class _Sale:
    """A deal that a closed statement counts as ``counted`` and that is worth ``now`` by what is known."""

    deal: int
    counted: Decimal
    now: Decimal


def collect_returns(schemes: Schemes, period: Period) -> dict[int, dict[str, list[Return]]]:
    """By person and component that takes back: each sale of his that came back by the month's end, in that order.

    Those that an earlier month has noted stay with their day, whatever becomes of the deal. The number of queries does
    not grow with people; none where no scheme takes back.
    """
    taking = {person: scheme for person, scheme in schemes.items() if scheme.reversals}
    if not taking:
        return {}
    noted = _read_noted(taking, period.first)
    closed = _find_closed(taking, noted, period)
    paid = {one.pk: defaultdict[str, Wins](dict) for one in closed}
    for sale in read_paid(statements=paid):
        if sale.statement in paid and sale.amount is not None:
            paid[sale.statement][sale.measure][sale.deal] = sale.amount
    names = {one.reversed_sales for scheme in taking.values() for one in scheme.reversals}
    now = {name: _worth(name, {deal for by in paid.values() for deal in by[name]}) for name in names}
    sold: dict[tuple[int, str], list[_Sale]] = {}
    for row in closed:
        for name in names:
            worth = now[name]
            if worth is not None:
                sold[row.pk, name] = [
                    _Sale(deal, amount, worth.get(deal, ZERO))
                    for deal, amount in paid[row.pk][name].items()
                    if worth.get(deal, ZERO) < amount
                ]
    days = _Days({one.deal for sales in sold.values() for one in sales})
    found: dict[int, dict[str, list[Return]]] = defaultdict(dict)
    for person, scheme in taking.items():
        mine = [row for row in closed if row.manager_id == person]
        for component in scheme.reversals:
            name = component.reversed_sales
            known = {(one.paid_in, one.deal): one for one in noted[person].get(component.code, ())}
            rows: list[Return] = []
            for row in mine:
                sales = {one.deal: one for one in sold.get((row.pk, name), ())}
                if (row.pk, name) not in sold:  # nothing is known of the field any more
                    rows += [one for (month, _deal), one in known.items() if month == row.period]
                    continue
                dated = list(_date(row, name, sales.values(), known, days, period.last, component.longest))
                rows += _weigh(row, name, paid[row.pk], dated)
                still = {one.deal for one in dated}
                rows += [
                    _forgive(one)
                    for (month, deal), one in known.items()
                    if month == row.period and deal not in still
                ]
            found[person][component.code] = sorted(rows, key=lambda one: (one.returned_on, one.deal))
    return dict(found)


def _read_noted(schemes: Schemes, month: date) -> dict[int, Mapping[str, list[Return]]]:
    """What the latest earlier month has noted, by the same scheme."""
    found: dict[int, Mapping[str, list[Return]]] = dict.fromkeys(schemes, {})
    earlier = Statement.objects.filter(manager__in=schemes, period__lt=month, takes_back=True)
    latest = earlier.order_by("manager_id", "-period").distinct("manager_id")
    for row in latest.select_related("scheme"):
        if row.scheme.code == schemes[row.manager_id].code:
            found[row.manager_id] = row.facts.returns
    return found


def _find_closed(
    schemes: Schemes, noted: Mapping[int, Mapping[str, list[Return]]], period: Period
) -> list[Statement]:
    """Closed months of the same schemes, as far back as a sale can come back, and those of which any is noted."""
    longest = max(one.longest for scheme in schemes.values() for one in scheme.reversals)
    since = (period.first - timedelta(days=longest)).replace(day=1)
    months = {(person, back.paid_in) for person, by in noted.items() for rows in by.values() for back in rows}
    first = min([since, *(month for _person, month in months)])
    rows = Statement.objects.filter(
        manager__in=schemes, period__gte=first, period__lt=period.first, status=Statement.Status.CLOSED
    ).select_related("scheme")
    return [
        row
        for row in rows.order_by("period", "manager")
        if row.scheme.code == schemes[row.manager_id].code
        and row.facts.wins is not None
        and (row.period >= since or (row.manager_id, row.period) in months)
    ]


def _worth(name: str, deals: set[int]) -> Wins | None:
    """What these deals count as by the measure now, won whenever and by whomever; None when nothing is known."""
    try:
        return {deal: amount for deal, (_day, amount) in find_wins_ever(name, deals).items()}
    except UnknownField:
        return None


def _date(
    row: Statement,
    name: str,
    sales: Iterable[_Sale],
    known: Mapping[tuple[date, int], Return],
    days: "_Days",
    last: date,
    longest: int,
) -> Iterator[Return]:
    """Sales of the statement that came back by the day ``last``, with their days and without their cost."""
    for one in sales:
        before = known.get((row.period, one.deal))
        won_on = before.won_on if before else days.won(one.deal, row.period)
        returned_on = before.returned_on if before else days.returned(one.deal, won_on)
        if before or (returned_on <= last and (returned_on - won_on).days < longest):
            yield Return(
                deal=one.deal,
                measure=name,
                paid_in=row.period,
                won_on=won_on,
                returned_on=returned_on,
                counted=one.counted,
                now=one.now,
                cost=ZERO,
            )


def _weigh(row: Statement, name: str, paid: Mapping[str, Wins], dated: list[Return]) -> Iterator[Return]:
    """One after another, in the order in which they came back: tiers are climbed down once."""
    scheme = without_owed(read_scheme(row.scheme))
    wins = dict(paid[name])
    facts: Facts = settle(row.facts, paid, scheme)
    pay = compute_pay(facts, scheme)
    for one in sorted(dated, key=lambda back: (back.returned_on, back.deal)):
        wins = {**wins, one.deal: one.now} if one.now else _without(wins, one.deal)
        left = compute_pay(settle(facts, {name: wins}, scheme), scheme)
        yield Return(
            deal=one.deal,
            measure=one.measure,
            paid_in=one.paid_in,
            won_on=one.won_on,
            returned_on=one.returned_on,
            counted=one.counted,
            now=one.now,
            cost=max(pay - left, ZERO),
        )
        pay = left


def _forgive(one: Return) -> Return:
    """It counts again, or a correction has settled it."""
    return Return(
        deal=one.deal,
        measure=one.measure,
        paid_in=one.paid_in,
        won_on=one.won_on,
        returned_on=one.returned_on,
        counted=one.counted,
        now=one.counted,
        cost=ZERO,
    )


def _without(wins: Wins, deal: int) -> Wins:
    return {key: value for key, value in wins.items() if key != deal}


class _Days:
    """When deals were won and when they came back, by local day. Three queries."""

    def __init__(self, deals: set[int]) -> None:
        self.deals = Deal.objects.select_related("stage").in_bulk(list(deals)) if deals else {}
        self.entered: dict[int, list[date]] = defaultdict(list)
        self.changed: dict[int, date] = {}
        if not deals:
            return
        stays = Stay.objects.filter(deal__in=deals, stage__kind=Stage.Kind.WON)
        for deal, at in stays.values_list("deal", "entered_at"):
            self.entered[deal].append(_local(at))
        events = Event.objects.filter(
            entity="deal", entity_id__in=deals, kind__in=[Event.Kind.PRICE, Event.Kind.FIELD]
        )
        latest = events.values("entity_id").annotate(latest=Max("at")).order_by()
        self.changed = {one["entity_id"]: _local(one["latest"]) for one in latest}

    def won(self, deal: int, month: date) -> date:
        """In the month that paid for it; the first day of the month where nobody knows, which takes the least."""
        return max((day for day in self.entered[deal] if day.replace(day=1) == month), default=month)

    def returned(self, deal: int, won_on: date) -> date:
        row = self.deals.get(deal)
        if row is None:
            return won_on
        if row.deleted_at is not None:
            return _local(row.deleted_at)
        kind = row.stage.kind if row.stage is not None else None
        if kind == Stage.Kind.WON:
            found = self.changed.get(deal, _local(row.updated_at))
        elif kind == Stage.Kind.LOST:
            found = _local(row.closed_at or row.updated_at)
        else:
            found = _local(row.stage_since or row.updated_at)
        return found if found >= won_on else _local(row.updated_at)


def _local(moment: datetime) -> date:
    return moment.astimezone(portal_zone()).date()
