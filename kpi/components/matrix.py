"""A KPI matrix: a fund paid by the weighted indices of a few measures."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from kpi.calculation import curves
from kpi.calculation.component import Earning, Inputs, Reason, component
from kpi.calculation.document import Place
from kpi.calculation.fields import flag, measure, money, number, points, rows, share
from kpi.calculation.rounding import ONE, ZERO
from kpi.calculation.wording import (
    Listing,
    Measured,
    MeasureTitle,
    Money,
    Percent,
    Text,
    gettext,
    gettext_noop,
)

BEST = Decimal("1.2")  # an index counts up to 120 % of its plan


@dataclass(frozen=True)
class Indicator:
    """What a line of the matrix measures and its plan; ``less_is_better`` for minutes and the like."""

    measure: str = measure(gettext_noop("Measure"))
    weight: Decimal = share(gettext_noop("Weight"), above_zero=True)
    plan: Decimal = number(gettext_noop("Plan"), above_zero=True)
    less_is_better: bool = flag(gettext_noop("Less is better"))


class Row(Struct, frozen=True):
    """An indicator with what came of it; None is not known."""

    measure: str
    weight: Decimal
    plan: Decimal
    fact: Decimal | None = None
    index: Decimal | None = None

    def told(self) -> Text:
        title, weight = MeasureTitle(self.measure), Percent(self.weight)
        if self.fact is None:
            return gettext("%(title)s: no data, does not count", title=title)
        return gettext(
            "%(title)s: %(fact)s of %(plan)s with a weight of %(weight)s",
            title=title,
            weight=weight,
            fact=Measured(self.measure, self.fact),
            plan=Measured(self.measure, self.plan),
        )


class OfRows(Reason, frozen=True, kw_only=True):
    fund: Decimal
    rows: tuple[Row, ...]

    @property
    def measured(self) -> tuple[str, ...]:
        return tuple(row.measure for row in self.rows)


class NoData(OfRows, frozen=True, kw_only=True, tag="no_data"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "None of the indicators has data yet: the fund of %(fund)s is not counted", fund=Money(self.fund)
        )


class Paid(OfRows, frozen=True, kw_only=True, tag="paid"):
    """``result`` is the weighted index, ``share`` what it brings of the fund."""

    result: Decimal
    share: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(rows)s: %(share)s of the fund of %(fund)s = %(result)s",
            rows=Listing([row.told() for row in self.rows], "; "),
            share=Percent(self.share),
            fund=Money(self.fund),
            result=Money(amount),
        )


@component("matrix", gettext_noop("KPI matrix"), NoData | Paid)
@dataclass(frozen=True)
class Matrix(Earning):
    """``points`` turn the weighted index into a share of the fund; without them it is the share."""

    fund: Decimal = money(gettext_noop("Fund"))
    indicators: tuple[Indicator, ...] = rows(gettext_noop("Indicators"), Indicator)
    points: curves.Points | None = points(
        gettext_noop("Share of the fund by the weighted index"), optional=True
    )

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(indicator.measure for indicator in self.indicators)

    def check(self, place: Place) -> None:
        if sum((indicator.weight for indicator in self.indicators), ZERO) != ONE:
            raise place["indicators"].fault(gettext("weights must add up to 1"))

    def promise(self) -> Text:
        told = [
            gettext(
                "%(title)s, plan %(plan)s, weight %(weight)s",
                title=MeasureTitle(one.measure),
                plan=Measured(one.measure, one.plan),
                weight=Percent(one.weight),
            )
            for one in self.indicators
        ]
        return gettext(
            "A fund of %(fund)s by how far the indicators are met: %(rows)s.",
            fund=Money(self.fund),
            rows=Listing(told, "; "),
        )

    def earn(self, inputs: Inputs) -> tuple[Decimal, Reason]:
        found = [_row(one, inputs.measure(one.measure)) for one in self.indicators]
        result = weigh((row.weight, row.index) for row in found if row.index is not None)
        if result is None:
            return ZERO, NoData(fund=self.fund, rows=tuple(found))
        share = result if self.points is None else curves.read_curve(result, self.points)
        return self.fund * share, Paid(fund=self.fund, rows=tuple(found), result=result, share=share)


def index(fact: Decimal, plan: Decimal, less_is_better: bool = False) -> Decimal:
    """fact ÷ plan, or plan ÷ fact where less is better, clipped to 0…1.2."""
    if less_is_better:
        return BEST if fact <= 0 else min(plan / fact, BEST)
    return max(ZERO, min(fact / plan, BEST))


def weigh(pairs: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Σ weight × index ÷ Σ weight over the (weight, index) pairs; None when there are none.

    An indicator without data (None is not zero) is not among them, and the others keep their proportion.
    """
    known = list(pairs)
    weights = sum((weight for weight, _index in known), ZERO)
    if not weights:
        return None
    return sum((weight * index for weight, index in known), ZERO) / weights


def _row(one: Indicator, fact: Decimal | None) -> Row:
    found = None if fact is None else index(fact, one.plan, one.less_is_better)
    return Row(measure=one.measure, weight=one.weight, plan=one.plan, fact=fact, index=found)
