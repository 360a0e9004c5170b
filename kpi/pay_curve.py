"""What sales pay, from nothing to half as much again as the plan, and where one rouble more pays a leap. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from kpi.calculation.component import Inputs
from kpi.calculation.evaluation import evaluate, sum_lines
from kpi.calculation.rounding import ONE, ZERO, kopecks
from kpi.calculation.running import LENGTHS, MONTH
from kpi.measures import read_measure
from kpi.pay_schemes import PayScheme

STEPS = 150  # one is a per cent of the plan
USUAL_PLAN = Decimal(1_000_000)  # where the scheme gives none
KOPECK = Decimal("0.01")


@dataclass(frozen=True)
class Cliff:
    """At ``sales`` pay leaps from ``before``, a kopeck of sales less, to ``after``. ``attainment``: of the plan."""

    sales: Decimal
    attainment: Decimal
    before: Decimal
    after: Decimal

    @property
    def leap(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class Curve:
    """``points``: (sales, pay). All shifts are worked; measures beside sums of sales are not known, so they neither pay
    nor take."""

    quota: Decimal
    points: tuple[tuple[Decimal, Decimal], ...]
    cliffs: tuple[Cliff, ...]


def draw_curve(scheme: PayScheme, usual: Decimal | None = None) -> Curve | None:
    """``usual``: the plan to draw by where the scheme gives none. None for a scheme that pays for no sales."""
    if scheme.sales is None:
        return None
    quota = _month_quota(scheme) or usual or USUAL_PLAN
    points = [(quota * step / 100, _pay(scheme, quota * step / 100, quota)) for step in range(STEPS + 1)]
    return Curve(quota, tuple(points), tuple(_find_cliffs(scheme, points, quota)))


def _month_quota(scheme: PayScheme) -> Decimal | None:
    for length in (MONTH, *LENGTHS):
        if quota := scheme.quotas.get(length):
            return quota / LENGTHS[length]
    return None


def _pay(scheme: PayScheme, sold: Decimal, quota: Decimal) -> Decimal:
    measures: dict[str, Decimal | None] = {
        name: sold * Decimal(read_measure(name).options.get("share", ONE))
        for name in scheme.measures
        if read_measure(name).is_sales
    }
    return sum_lines(evaluate(scheme.components, Inputs(measures, quota, 1, 1)))


def _find_cliffs(scheme: PayScheme, points: list[tuple[Decimal, Decimal]], quota: Decimal) -> Iterator[Cliff]:
    """Where pay grows unlike elsewhere, the step is halved until what is left of it is a leap or nothing."""
    steps = [abs(after[1] - before[1]) for before, after in zip(points, points[1:], strict=False)]
    usual = median(steps)
    for (low, paid), (high, pays), step in zip(points, points[1:], steps, strict=False):
        if step <= usual * Decimal("1.2") + 1:
            continue
        bottom, top, below, above = low, high, paid, pays
        while top - bottom > KOPECK:
            middle = kopecks((bottom + top) / 2)
            if middle in (bottom, top):
                break
            there = _pay(scheme, middle, quota)
            if abs(there - below) >= abs(above - there):
                top, above = middle, there
            else:
                bottom, below = middle, there
        if abs(above - below) > max(ONE, top - bottom):
            yield Cliff(top, top / quota if quota else ZERO, below, above)
