"""A KPI matrix: a few indices with weights that share one fund."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from kpi.formulas.rounding import ONE, ZERO

BEST = Decimal("1.2")  # an index counts up to 120 % of its plan


@dataclass(frozen=True)
class Indicator:
    """What a matrix line measures and its plan; ``less_is_better`` for minutes and the like."""

    measure: str
    weight: Decimal
    plan: Decimal
    less_is_better: bool = False


def index(fact: Decimal, plan: Decimal, less_is_better: bool = False) -> Decimal:
    """fact ÷ plan, or plan ÷ fact where less is better, clipped to 0…1.2."""
    if less_is_better:
        return BEST if fact <= 0 else min(plan / fact, BEST)
    return max(ZERO, min(fact / plan, BEST))


def share(weighted: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Σ weight × index ÷ Σ weight over the lines that have an index; None when there are none.

    A line without data (None is not zero) leaves the matrix and the others keep their proportion.
    """
    pairs = list(weighted)
    weights = sum((weight for weight, _ in pairs), ZERO)
    if not weights:
        return None
    return sum((weight * index for weight, index in pairs), ZERO) / weights


def whole(indicators: Iterable[Indicator]) -> bool:
    """Whether the weights share exactly one fund."""
    return sum((indicator.weight for indicator in indicators), ZERO) == ONE
