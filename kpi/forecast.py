"""What would change a statement: the pace until the end of the month, the next step.

Everything here evaluates the scheme on the statement's own kept inputs with something changed, and touches
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.calculation import tiers
from kpi.calculation.component import Inputs, Multiplier
from kpi.calculation.rounding import ZERO, kopecks
from kpi.models import Statement
from kpi.month_facts import Facts
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.sales import sales_measures
from kpi.what_if import pay_inputs, take_inputs

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


def find_next_step(statement: Statement) -> NextStep:
    """By the scheme and the facts of the statement; each value is the statement after minus the statement before."""
    scheme, given = read_scheme(statement.scheme), take_inputs(statement.facts)
    now = pay_inputs(given, scheme)
    gap, tier = None, None
    tiered = next((item for item in scheme.earnings if item.tiers_of_quota), None)
    sold = given.measure(scheme.sales) if scheme.sales else None
    if tiered is not None and tiered.sales == scheme.sales and sold is not None:
        whole = given.over(tiered.period)
        so_far = whole.measure(scheme.sales or "")
        if so_far is not None and whole.quota:
            gap, tier = tiers.gap_to_next(so_far, whole.quota, tiered.tiers_of_quota) or (None, None)
    per_sales = per_point = None
    if scheme.sales and sold is not None:
        more = _changed(given, {scheme.sales: sold + MORE_SALES})
        per_sales = pay_inputs(more, scheme) - now
    multipliers = (item for item in scheme.components if isinstance(item, Multiplier))
    graded = next((item.graded for item in multipliers if item.graded), None)
    score = given.measure(graded) if graded else None
    if graded is not None and score is not None:
        per_point = pay_inputs(_changed(given, {graded: score + 1}), scheme) - now
    return NextStep(gap, tier.rate if tier else None, per_sales, per_point)


def forecast_total(statement: Statement) -> Forecast | None:
    """None when the month is over or closed, and while no shift is worked or none is left."""
    over = month_of(statement.period, portal_zone()).end <= moment.now()
    if over or statement.status == Statement.Status.CLOSED:
        return None
    return forecast_pay(statement.facts, read_scheme(statement.scheme))


def forecast_pay(facts: Facts, scheme: PayScheme) -> Forecast | None:
    """low ≤ total ≤ high, whatever the scheme does with more sales. None as above."""
    range_ = forecast_sales(facts, scheme)
    if range_ is None:
        return None
    ahead = compute_ending(facts, scheme, range_.expected)
    if range_.low == range_.high:
        return Forecast(ahead, None, None)
    ends = [ahead, *(compute_ending(facts, scheme, sales) for sales in (range_.low, range_.high))]
    return Forecast(ahead, min(ends), max(ends))


@dataclass(frozen=True)
class SalesRange:
    """What the month's sales come to at the present pace, and the range that holds four times of five."""

    expected: Decimal
    low: Decimal
    high: Decimal


def forecast_sales(facts: Facts, scheme: PayScheme) -> SalesRange | None:
    sold, left, worked = facts.measures.get(scheme.sales or ""), facts.shifts.left, facts.shifts.worked
    if not worked or not left or sold is None or not scheme.sales:
        return None
    expected = sold * (worked + left) / worked
    days = list(facts.days.values())
    spread = _spread(days, worked, left) or ZERO
    low = expected - spread
    if all(day >= 0 for day in days):
        low = max(sold, low)  # nothing is given back, so sales only grow
    return SalesRange(expected, min(low, expected), expected + spread)


def compute_ending(facts: Facts, scheme: PayScheme, sales: Decimal) -> Decimal:
    """The total of the month when all its shifts are worked and its sales come to ``sales``.

    Other sums of sales keep step with them; where those are not above zero, with the shifts.
    """
    given = take_inputs(facts)
    shifts = given.worked + facts.shifts.left
    sold = given.measure(scheme.sales or "") or ZERO
    growth = sales / sold if sold > 0 else Decimal(shifts) / (given.worked or shifts or 1)
    grown = {name: given.measure(name) for name in sales_measures(scheme)}
    changes = {
        name: kopecks(sales if name == scheme.sales else value * growth)
        for name, value in grown.items()
        if value is not None
    }
    return pay_inputs(_changed(given, changes, shifts), scheme)


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
