"""A condition: earnings count in full when a measure reaches a limit, and by a factor when not."""

from dataclasses import dataclass
from decimal import Decimal

from kpi.calculation.component import Inputs, Multiplied, Multiplier, component
from kpi.calculation.fields import measure, number, share
from kpi.calculation.rounding import ONE
from kpi.calculation.wording import (
    Difference,
    Measured,
    MeasureTitle,
    Plain,
    Text,
    Titles,
    gettext,
    gettext_noop,
)


class Conditional(Multiplied, frozen=True, kw_only=True):
    at_least: Decimal
    otherwise: Decimal


class NoData(Conditional, frozen=True, kw_only=True, tag="no_data"):
    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(title)s: no data yet, the condition is not applied", title=MeasureTitle(self.measure)
        )


class Passed(Conditional, frozen=True, kw_only=True, tag="passed"):
    fact: Decimal

    def because(self, amount: Decimal) -> Text:
        return gettext(
            "%(title)s %(fact)s, at least %(limit)s is needed: the condition is met",
            title=MeasureTitle(self.measure),
            fact=Measured(self.measure, self.fact),
            limit=Measured(self.measure, self.at_least),
        )


class Missed(Conditional, frozen=True, kw_only=True, tag="missed"):
    fact: Decimal

    def because(self, amount: Decimal) -> Text:
        return self.unearned() or gettext(
            "%(title)s %(fact)s, at least %(limit)s is needed: × %(factor)s → %(difference)s",
            title=MeasureTitle(self.measure),
            fact=Measured(self.measure, self.fact),
            limit=Measured(self.measure, self.at_least),
            factor=Plain(self.otherwise),
            difference=Difference(amount),
        )


@component("gate", gettext_noop("Condition"), NoData | Passed | Missed)
@dataclass(frozen=True)
class Gate(Multiplier):
    measure: str = measure(gettext_noop("Measure"))
    at_least: Decimal = number(gettext_noop("Counts in full from"))
    otherwise: Decimal = share(gettext_noop("Factor below that"))

    def promise(self) -> Text:
        return gettext(
            "“%(of)s” counts in full from “%(measure)s” of %(limit)s; below that × %(factor)s.",
            of=Titles(self.of),
            measure=MeasureTitle(self.measure),
            limit=Measured(self.measure, self.at_least),
            factor=Plain(self.otherwise),
        )

    def factor(self, inputs: Inputs) -> tuple[Decimal, Multiplied]:
        fact, name, limit, otherwise = (
            inputs.measure(self.measure),
            self.measure,
            self.at_least,
            self.otherwise,
        )
        if fact is None:
            return ONE, NoData(measure=name, at_least=limit, otherwise=otherwise)
        if fact >= limit:
            return ONE, Passed(measure=name, at_least=limit, otherwise=otherwise, fact=fact)
        return otherwise, Missed(measure=name, at_least=limit, otherwise=otherwise, fact=fact)
