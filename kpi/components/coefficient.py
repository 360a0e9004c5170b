"""Multiplies earnings by a curve of a measure: quality as a condition of earning."""

from dataclasses import dataclass
from decimal import Decimal

from kpi.calculation import curves
from kpi.calculation.component import Inputs, Multiplied, Multiplier, component
from kpi.calculation.fields import measure, points
from kpi.calculation.rounding import ONE
from kpi.calculation.wording import (
    Difference,
    Listing,
    Measured,
    MeasureTitle,
    Plain,
    Text,
    Titles,
    gettext,
    gettext_noop,
)


class NoData(Multiplied, frozen=True, kw_only=True, tag="no_data"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(title)s: no data yet, the coefficient is not applied", title=MeasureTitle(self.measure)
        )


class Applied(Multiplied, frozen=True, kw_only=True, tag="applied"):
    fact: Decimal
    factor: Decimal

    def because(self, amount: Decimal) -> Text:
        return self.unearned() or gettext(
            "%(title)s %(fact)s: × %(factor)s → %(difference)s",
            title=MeasureTitle(self.measure),
            fact=Measured(self.measure, self.fact),
            factor=Plain(self.factor, 3),
            difference=Difference(amount),
        )


@component("coefficient", gettext_noop("Coefficient of a measure"), NoData | Applied)
@dataclass(frozen=True)
class Coefficient(Multiplier):
    measure: str = measure(gettext_noop("Measure"))
    points: curves.Points = points(gettext_noop("Coefficient by the measure’s value"))

    @property
    def graded(self) -> str:
        return self.measure

    def promise(self) -> Text:
        told = [
            gettext("%(fact)s gives × %(factor)s", fact=Measured(self.measure, x), factor=Plain(y, 3))
            for x, y in self.points
        ]
        return gettext(
            "“%(of)s” is multiplied by “%(measure)s”: %(points)s; in between by a straight line.",
            of=Titles(self.of),
            measure=MeasureTitle(self.measure),
            points=Listing(told),
        )

    def factor(self, inputs: Inputs) -> tuple[Decimal, Multiplied]:
        fact = inputs.measure(self.measure)
        if fact is None:
            return ONE, NoData(measure=self.measure)
        factor = curves.read_curve(fact, self.points)
        return factor, Applied(measure=self.measure, fact=fact, factor=factor)
