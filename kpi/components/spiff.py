"""A fixed sum for a dated event: for each deal of some size that is won within a few days."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kpi.calculation.component import Earning, Inputs, OfMeasure, Reason, component
from kpi.calculation.document import Place
from kpi.calculation.fields import day, measure, money
from kpi.calculation.rounding import ZERO
from kpi.calculation.wording import Day, Money, Said, Text, gettext, gettext_noop, ngettext


class NoData(OfMeasure, frozen=True, kw_only=True, tag="no_data"):
    def because(self, amount: Decimal) -> Text:
        return gettext("There is no data on sales")


class Paid(OfMeasure, frozen=True, kw_only=True, tag="paid"):
    amount: Decimal
    deals: int

    def because(self, amount: Decimal) -> Text:
        return ngettext(
            "%(deals)s such deal × %(amount)s = %(result)s",
            "%(deals)s such deals × %(amount)s = %(result)s",
            self.deals,
            deals=self.deals,
            amount=Money(self.amount),
            result=Money(amount),
        )


@component("spiff", gettext_noop("Special bonus for deals"), NoData | Paid)
@dataclass(frozen=True)
class Spiff(Earning):
    """``measure`` is the sum of sales that says what a deal is worth and when it is won; ``until`` is not in it."""

    measure: str = measure(gettext_noop("Of which sum"))
    amount: Decimal = money(gettext_noop("For each deal"))
    at_least: Decimal = money(gettext_noop("Of deals from"))
    since: date = day(gettext_noop("Won since"))
    until: date = day(gettext_noop("Won before"))

    @property
    def event(self) -> str:
        """The measure of the deals that count: a deal is paid once by it, whatever month it is won in again."""
        mark = "&" if "?" in self.measure else "?"
        return f"{self.measure}{mark}at_least={self.at_least:f}&since={self.since}&until={self.until}"

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.event,)

    def check(self, place: Place) -> None:
        if self.until <= self.since:
            raise place["until"].fail(
                gettext("a day after %(since)s, the first day", since=Said(self.since.isoformat()))
            )
        place["measure"].demand_measure(self.event)

    def promise(self) -> Text:
        return gettext(
            "%(amount)s for each deal of %(least)s and more won from %(first)s to %(last)s.",
            amount=Money(self.amount),
            least=Money(self.at_least),
            first=Day(self.since),
            last=Day(self.until - timedelta(days=1)),
        )

    def earn(self, inputs: Inputs) -> tuple[Decimal, Reason]:
        if inputs.measure(self.event) is None:
            return ZERO, NoData(measure=self.event)
        deals = inputs.deals.get(self.event, 0)
        return self.amount * deals, Paid(measure=self.event, amount=self.amount, deals=deals)
