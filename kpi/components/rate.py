"""A rate of a sum: flat, or by tiers of the quota, marginal or on the whole sum."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from kpi.calculation import tiers
from kpi.calculation.component import Earning, Inputs, OfMeasure, Reason, component
from kpi.calculation.document import Place
from kpi.calculation.fields import SHARES, choice, measure, rows
from kpi.calculation.rounding import ZERO
from kpi.calculation.tiers import Tier
from kpi.calculation.wording import (
    Listing,
    MeasureTitle,
    Money,
    Percent,
    Said,
    Text,
    Word,
    gettext,
    gettext_noop,
)

FLAT, MARGINAL, WHOLE = "flat", "marginal", "whole"
SCALES = {
    FLAT: gettext_noop("one rate"),
    MARGINAL: gettext_noop("each rate for its own part of the sum"),
    WHOLE: gettext_noop("the rate reached for the whole sum"),
}


class NoData(OfMeasure, frozen=True, kw_only=True, tag="no_data"):
    def because(self, amount: Decimal) -> Text:
        return gettext("There is no data on sales")


class NoQuota(OfMeasure, frozen=True, kw_only=True, tag="no_quota"):
    sold: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "Sales of %(sold)s, but there is no plan for the month: the rate cannot be found",
            sold=Money(self.sold),
        )


class Flat(OfMeasure, frozen=True, kw_only=True, tag=FLAT):
    sold: Decimal
    rate: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "Sales of %(sold)s × %(rate)s = %(result)s",
            sold=Money(self.sold),
            rate=Percent(self.rate),
            result=Money(amount),
        )


class Whole(OfMeasure, frozen=True, kw_only=True, tag=WHOLE):
    sold: Decimal
    quota: Decimal
    attainment: Decimal
    rate: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "Sales of %(sold)s out of a plan of %(quota)s (%(attainment)s): %(rate)s of the whole sum → %(result)s",
            sold=Money(self.sold),
            quota=Money(self.quota),
            attainment=Percent(self.attainment),
            rate=Percent(self.rate),
            result=Money(amount),
        )


class Part(Struct, frozen=True):
    """What one marginal tier pays; ``upto`` is None for the last."""

    rate: Decimal
    sold: Decimal
    pay: Decimal
    upto: Decimal | None = None


class Marginal(OfMeasure, frozen=True, kw_only=True, tag=MARGINAL):
    """``tiers`` are those that were reached."""

    sold: Decimal
    quota: Decimal
    attainment: Decimal
    tiers: tuple[Part, ...]

    def because(self, amount: Decimal) -> Text:
        if not self.tiers:
            return gettext("No sales yet out of a plan of %(quota)s", quota=Money(self.quota))
        return gettext(
            "Sales of %(sold)s out of a plan of %(quota)s (%(attainment)s): %(tiers)s → %(result)s",
            sold=Money(self.sold),
            quota=Money(self.quota),
            attainment=Percent(self.attainment),
            tiers=Listing(list(self._parts())),
            result=Money(amount),
        )

    def _parts(self) -> Iterator[Word]:
        """«2 % up to 70 %, 3 % beyond»: what each tier reached pays."""
        for number, part in enumerate(self.tiers):
            rate = Percent(part.rate)
            if number and part is self.tiers[-1]:
                yield gettext("%(rate)s beyond that", rate=rate)
            elif part.upto is None:
                yield rate
            else:
                yield gettext("%(rate)s up to %(share)s", rate=rate, share=Percent(part.upto))


def read_tiers(place: Place) -> tuple[Tier, ...]:
    found: list[Tier] = []
    given = list(place.items())
    for row in given:
        row.keys("upto", "rate")
        last = row is given[-1]
        if last and "upto" in row:
            raise row["upto"].fail(gettext("left out in the last tier"))
        upto = None if last else row["upto"].positive(SHARES)
        if upto is not None and found and found[-1].upto is not None and upto <= found[-1].upto:
            before = Said(str(found[-1].upto))
            raise row["upto"].fail(gettext("above %(before)s, where the tier before it ends", before=before))
        found.append(Tier(row["rate"].number(0, 1), upto))
    return tuple(found)


@component("rate", gettext_noop("Rate of sales"), NoData | NoQuota | Flat | Marginal | Whole)
@dataclass(frozen=True)
class Rate(Earning):
    """``tiers`` end at shares of the quota; a flat rate has one."""

    measure: str = measure(gettext_noop("Of which sum"))
    scale: str = choice(gettext_noop("Scale"), SCALES)
    tiers: tuple[Tier, ...] = rows(gettext_noop("Tiers"), Tier, read_tiers)

    def check(self, place: Place) -> None:
        if self.scale == FLAT and len(self.tiers) > 1:
            raise place["tiers"].fail(gettext("a single tier when the scale is flat"))

    @property
    def sales(self) -> str:
        return self.measure

    @property
    def by_quota(self) -> bool:
        return self.scale != FLAT

    @property
    def tiers_of_quota(self) -> tuple[Tier, ...]:
        return self.tiers if self.by_quota else ()

    def promise(self) -> Text:
        title = MeasureTitle(self.measure)
        if self.scale == FLAT:
            return gettext("%(rate)s of “%(measure)s”.", rate=Percent(self.tiers[0].rate), measure=title)
        rates = Listing([_promise_tier(tier) for tier in self.tiers])
        if self.scale == MARGINAL:
            return gettext(
                "Of “%(measure)s”: %(tiers)s. Each rate counts for its own part of the sum.",
                measure=title,
                tiers=rates,
            )
        return gettext(
            "Of “%(measure)s”: %(tiers)s. The rate reached counts for the whole sum.",
            measure=title,
            tiers=rates,
        )

    def earn(self, inputs: Inputs) -> tuple[Decimal, Reason]:
        sold, quota, name = inputs.measure(self.measure), inputs.quota, self.measure
        if sold is None:
            return ZERO, NoData(measure=name)
        if self.scale == FLAT:
            rate = self.tiers[0].rate
            return sold * rate, Flat(measure=name, sold=sold, rate=rate)
        if not quota:
            return ZERO, NoQuota(measure=name, sold=sold)
        attainment = sold / quota
        if self.scale == WHOLE:
            rate = tiers.find_tier(sold, quota, self.tiers).rate
            return tiers.pay_whole(sold, quota, self.tiers), Whole(
                measure=name, sold=sold, quota=quota, attainment=attainment, rate=rate
            )
        parts = [
            Part(rate=one.tier.rate, upto=one.tier.upto, sold=one.sold, pay=one.pay)
            for one in tiers.cut_sales(sold, quota, self.tiers)
        ]
        return sum((part.pay for part in parts), ZERO), Marginal(
            measure=name, sold=sold, quota=quota, attainment=attainment, tiers=tuple(parts)
        )


def _promise_tier(tier: Tier) -> Text:
    if tier.upto is None:
        return gettext("%(rate)s beyond that", rate=Percent(tier.rate))
    return gettext("%(rate)s up to %(share)s of the plan", rate=Percent(tier.rate), share=Percent(tier.upto))
