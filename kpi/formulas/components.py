"""The kinds of components that a pay scheme is made of.

Earnings (Salary, Rate, Bonus, Matrix) say what is earned, multipliers (Coefficient, Gate) by what earlier earnings are
multiplied, a Limit what the sum of some of them is held to. Each answers with an exact amount (or factor) and the
values that its sentence is filled with: plain text of numbers, ready for JSON, with ``outcome`` naming which sentence.
A measure that is None is not known and never costs anybody money.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from kpi.formulas import curves, matrix, rates
from kpi.formulas.rounding import ONE, ZERO

Values = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """What a month of one manager is paid by; ``measures`` are keyed as schemes name them."""

    measures: Mapping[str, Decimal | None]
    quota: Decimal | None
    planned: int  # shifts of the month
    worked: int  # shifts worked so far

    def measure(self, name: str) -> Decimal | None:
        return self.measures.get(name)


@dataclass(frozen=True)
class Salary:
    """A fixed sum for a full month, by shifts worked."""

    code: str
    amount: Decimal
    kind = "salary"

    def earn(self, inputs: Inputs) -> tuple[Decimal, Values]:
        values = {"amount": str(self.amount), "worked": inputs.worked, "planned": inputs.planned}
        if not inputs.planned:
            return ZERO, values | {"outcome": "no_shifts"}
        # multiply first: a division that does not come out even must be the last step before rounding
        return self.amount * inputs.worked / inputs.planned, values | {"outcome": "paid"}


@dataclass(frozen=True)
class Rate:
    """A rate of a sum: flat, or by tiers of the quota, marginal or on the whole sum."""

    code: str
    measure: str
    scale: Literal["flat", "marginal", "whole"]
    tiers: tuple[rates.Tier, ...]
    kind = "rate"

    def earn(self, inputs: Inputs) -> tuple[Decimal, Values]:
        sold = inputs.measure(self.measure)
        if sold is None:
            return ZERO, {"outcome": "no_data", "measure": self.measure}
        values: Values = {"sold": str(sold), "scale": self.scale, "measure": self.measure}
        if self.scale == "flat":
            return sold * self.tiers[0].rate, values | {"outcome": "flat", "rate": str(self.tiers[0].rate)}
        if not inputs.quota:
            return ZERO, values | {"outcome": "no_quota"}
        values |= {"quota": str(inputs.quota), "attainment": str(sold / inputs.quota), "outcome": self.scale}
        if self.scale == "whole":
            rate = rates.reached(sold, inputs.quota, self.tiers).rate
            return rates.whole_sum(sold, inputs.quota, self.tiers), values | {"rate": str(rate)}
        parts = list(rates.slices(sold, inputs.quota, self.tiers))
        values["tiers"] = [
            {
                "rate": str(part.tier.rate),
                "upto": None if part.tier.upto is None else str(part.tier.upto),
                "sold": str(part.sold),
                "pay": str(part.pay),
            }
            for part in parts
        ]
        return sum((part.pay for part in parts), ZERO), values


@dataclass(frozen=True)
class Bonus:
    """A sum at full attainment, times a curve of the attainment (1 = the whole plan)."""

    code: str
    measure: str
    amount: Decimal
    points: curves.Points
    kind = "bonus"

    def earn(self, inputs: Inputs) -> tuple[Decimal, Values]:
        sold = inputs.measure(self.measure)
        if sold is None:
            return ZERO, {"outcome": "no_data", "measure": self.measure}
        if not inputs.quota:
            return ZERO, {"outcome": "no_quota", "sold": str(sold), "measure": self.measure}
        attainment = sold / inputs.quota
        share = curves.value(attainment, self.points)
        values = {
            "outcome": "paid",
            "measure": self.measure,
            "amount": str(self.amount),
            "sold": str(sold),
            "quota": str(inputs.quota),
            "attainment": str(attainment),
            "share": str(share),
        }
        return self.amount * share, values


@dataclass(frozen=True)
class Matrix:
    """A fund paid by the weighted indices of a few measures; ``points`` turn the result into a share of the fund."""

    code: str
    fund: Decimal
    indicators: tuple[matrix.Indicator, ...]
    points: curves.Points | None = None
    kind = "matrix"

    def earn(self, inputs: Inputs) -> tuple[Decimal, Values]:
        rows, weighted = [], []
        for indicator in self.indicators:
            fact = inputs.measure(indicator.measure)
            index = None if fact is None else matrix.index(fact, indicator.plan, indicator.less_is_better)
            if index is not None:
                weighted.append((indicator.weight, index))
            rows.append(
                {
                    "measure": indicator.measure,
                    "weight": str(indicator.weight),
                    "plan": str(indicator.plan),
                    "fact": None if fact is None else str(fact),
                    "index": None if index is None else str(index),
                }
            )
        result = matrix.share(weighted)
        values: Values = {"fund": str(self.fund), "rows": rows}
        if result is None:
            return ZERO, values | {"outcome": "no_data"}
        share = result if self.points is None else curves.value(result, self.points)
        return self.fund * share, values | {"outcome": "paid", "result": str(result), "share": str(share)}


@dataclass(frozen=True)
class Coefficient:
    """Multiplies earlier components by a curve of a measure: quality as a condition of earning."""

    code: str
    of: tuple[str, ...]
    measure: str
    points: curves.Points
    kind = "coefficient"

    def factor(self, inputs: Inputs) -> tuple[Decimal, Values]:
        fact = inputs.measure(self.measure)
        if fact is None:
            return ONE, {"outcome": "no_data", "measure": self.measure}
        factor = curves.value(fact, self.points)
        return factor, {
            "outcome": "applied",
            "measure": self.measure,
            "fact": str(fact),
            "factor": str(factor),
        }


@dataclass(frozen=True)
class Gate:
    """Earlier components count in full when a measure reaches a limit, and by the factor ``otherwise`` when not."""

    code: str
    of: tuple[str, ...]
    measure: str
    at_least: Decimal
    otherwise: Decimal
    kind = "gate"

    def factor(self, inputs: Inputs) -> tuple[Decimal, Values]:
        fact = inputs.measure(self.measure)
        values: Values = {
            "measure": self.measure,
            "at_least": str(self.at_least),
            "otherwise": str(self.otherwise),
        }
        if fact is None:
            return ONE, values | {"outcome": "no_data"}
        passed = fact >= self.at_least
        return ONE if passed else self.otherwise, values | {
            "outcome": "passed" if passed else "missed",
            "fact": str(fact),
        }


@dataclass(frozen=True)
class Limit:
    """A cap or a floor of what some components (none named = all) bring together.

    ``by_shifts``: the limit itself is for a full month and shrinks with the shifts worked.
    """

    code: str
    kind: Literal["cap", "floor"]
    of: tuple[str, ...]
    amount: Decimal
    by_shifts: bool = False

    def bound(self, earned: Decimal, inputs: Inputs) -> tuple[Decimal, Values]:
        """What is left of ``earned``, and why."""
        limit = self.amount
        if self.by_shifts:
            limit = self.amount * inputs.worked / inputs.planned if inputs.planned else ZERO
        values: Values = {"limit": str(limit), "earned": str(earned)}
        if self.kind == "cap" and self.by_shifts and not inputs.planned:
            return earned, values | {"outcome": "free"}
        result = min(earned, limit) if self.kind == "cap" else max(earned, limit)
        return result, values | {"outcome": "free" if result == earned else "reached"}


Earning = Salary | Rate | Bonus | Matrix
Multiplier = Coefficient | Gate
Component = Earning | Multiplier | Limit
