"""A sum at full attainment of the quota, times a curve of the attainment (1 = the whole plan)."""

from dataclasses import dataclass
from decimal import Decimal

from kpi.calculation import curves
from kpi.calculation.component import Earning, Inputs, OfMeasure, Reason, component
from kpi.calculation.fields import measure, money, points
from kpi.calculation.rounding import ZERO
from kpi.calculation.wording import Listing, Money, Percent, Text, gettext, gettext_noop


class NoData(OfMeasure, frozen=True, kw_only=True, tag="no_data"):
    def because(self, amount: Decimal) -> Text:
        return gettext("There is no data on sales")


class NoQuota(OfMeasure, frozen=True, kw_only=True, tag="no_quota"):
    sold: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "Sales of %(sold)s, but there is no plan for the month: the bonus cannot be found",
            sold=Money(self.sold),
        )


class Paid(OfMeasure, frozen=True, kw_only=True, tag="paid"):
    amount: Decimal
    sold: Decimal
    quota: Decimal
    attainment: Decimal
    share: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "The plan is met by %(attainment)s: %(share)s of %(amount)s = %(result)s",
            attainment=Percent(self.attainment),
            share=Percent(self.share),
            amount=Money(self.amount),
            result=Money(amount),
        )


@component("bonus", gettext_noop("Bonus for the plan"), NoData | NoQuota | Paid)
@dataclass(frozen=True)
class Bonus(Earning):
    measure: str = measure(gettext_noop("Of which sum"))
    amount: Decimal = money(gettext_noop("When the plan is met exactly"))
    points: curves.Points = points(gettext_noop("Share of it by the attainment of the plan"))

    @property
    def sales(self) -> str:
        return self.measure

    @property
    def by_quota(self) -> bool:
        return True

    def promise(self) -> Text:
        shares = [
            gettext("at %(x)s of the plan %(y)s of it", x=Percent(x), y=Percent(y)) for x, y in self.points
        ]
        return gettext(
            "%(amount)s when the plan is met exactly; %(points)s.",
            amount=Money(self.amount),
            points=Listing(shares, "; "),
        )

    def earn(self, inputs: Inputs) -> tuple[Decimal, Reason]:
        sold = inputs.measure(self.measure)
        if sold is None:
            return ZERO, NoData(measure=self.measure)
        if not inputs.quota:
            return ZERO, NoQuota(measure=self.measure, sold=sold)
        attainment = sold / inputs.quota
        share = curves.read_curve(attainment, self.points)
        return self.amount * share, Paid(
            measure=self.measure,
            amount=self.amount,
            sold=sold,
            quota=inputs.quota,
            attainment=attainment,
            share=share,
        )
