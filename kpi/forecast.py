"""What would change a statement: the pace until the end of the month, the next step.

Everything here evaluates the frozen formulas on the statement's own kept inputs with something changed, and touches
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from core import moment
from core.periods import month_of
from kpi import month_facts, pay_schemes
from kpi.formulas import rates
from kpi.formulas.components import Coefficient, Inputs, Rate
from kpi.formulas.pay import evaluate, total
from kpi.formulas.rounding import ZERO, kopecks
from kpi.models import Statement
from kpi.sales import measures

TZ = ZoneInfo(settings.TIME_ZONE)
MORE_SALES = Decimal(10_000)
SPREAD = 1.2816  # standard deviations: four months of five end inside


@dataclass(frozen=True)
class Forecast:
    """The total at the end of the month at the present pace by shifts, and the range that holds four times of five."""

    total: Decimal
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True)
class NextStep:
    """What is near: the next tier, what more sales bring, what a point of quality is worth. None = does not apply."""

    gap: Decimal | None
    rate: Decimal | None
    per_sales: Decimal | None
    per_point: Decimal | None


def next_step(statement: Statement) -> NextStep:
    """By the scheme and the facts of the statement; each value is the statement after minus the statement before."""
    plan, given = pay_schemes.of(statement.scheme), month_facts.read(statement.inputs)
    now = total(evaluate(plan.components, given))
    gap, tier = None, None
    rate = next((item for item in plan.components if isinstance(item, Rate) and item.scale != "flat"), None)
    sold = given.measure(plan.sales) if plan.sales else None
    if rate is not None and rate.measure == plan.sales and sold is not None and given.quota:
        gap, tier = rates.gap(sold, given.quota, rate.tiers) or (None, None)
    per_sales = per_point = None
    if plan.sales and sold is not None:
        more = _changed(given, {plan.sales: sold + MORE_SALES})
        per_sales = total(evaluate(plan.components, more)) - now
    coefficient = next((item for item in plan.components if isinstance(item, Coefficient)), None)
    score = given.measure(coefficient.measure) if coefficient else None
    if coefficient is not None and score is not None:
        better = _changed(given, {coefficient.measure: score + 1})
        per_point = total(evaluate(plan.components, better)) - now
    return NextStep(gap, tier.rate if tier else None, per_sales, per_point)


def forecast(statement: Statement) -> Forecast | None:
    """None when the month is over or closed, and while no shift is worked or none is left."""
    over = month_of(statement.period, TZ).end <= moment.now()
    if over or statement.status == Statement.Status.CLOSED:
        return None
    plan, given = pay_schemes.of(statement.scheme), month_facts.read(statement.inputs)
    left = statement.inputs["shifts"]["left"]
    sold = given.measure(plan.sales) if plan.sales else None
    if not given.worked or not left or sold is None or not plan.sales:
        return None
    shifts = given.worked + left

    def ending(sales: Decimal) -> Decimal:
        grown = {name: given.measure(name) for name in measures(plan)}  # other sums keep step with the sales
        changes = {
            name: kopecks(sales if name == plan.sales else value * sales / sold)
            for name, value in grown.items()
            if value is not None and (sold or name == plan.sales)
        }
        return total(evaluate(plan.components, _changed(given, changes, shifts)))

    expected = sold * shifts / given.worked
    ahead = ending(expected)
    spread = _spread([Decimal(amount) for amount in statement.inputs["days"].values()], given.worked, left)
    if not spread:
        return Forecast(ahead, None, None)
    return Forecast(ahead, ending(max(sold, expected - spread)), ending(expected + spread))


def _spread(days: list[Decimal], worked: int, left: int) -> Decimal | None:
    """How far the sales of the shifts left may lie from their mean, taking shifts as alike and independent."""
    if worked < 2:
        return None
    mean = sum(days, ZERO) / worked
    squares = sum(((day - mean) ** 2 for day in days), ZERO) + max(worked - len(days), 0) * mean**2
    return (squares / (worked - 1) * left).sqrt() * Decimal(str(SPREAD))


def _changed(given: Inputs, changes: Mapping[str, Decimal], worked: int | None = None) -> Inputs:
    measures: dict[str, Any] = {**given.measures, **changes}
    return replace(given, measures=measures, worked=given.worked if worked is None else worked)
