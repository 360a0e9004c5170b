"""Rounding: once per line, to the kopeck, halves up."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

ZERO, ONE = Decimal(0), Decimal(1)
KOPECK = Decimal("0.01")


def kopecks(amount: Decimal) -> Decimal:
    """``amount`` to the kopeck; half a kopeck goes away from zero, as in accounting."""
    return amount.quantize(KOPECK, ROUND_HALF_UP)


def kopecks_within(limit: Decimal) -> Decimal:
    """The most whole kopecks that are not above a limit (of at least zero)."""
    return limit.quantize(KOPECK, ROUND_DOWN)
