"""A piecewise straight line through points: quality → coefficient, attainment → bonus share."""

from collections.abc import Sequence
from decimal import Decimal

Points = Sequence[tuple[Decimal, Decimal]]


def read_curve(x: Decimal, points: Points) -> Decimal:
    """The line's height at ``x``; flat before the first point and after the last. Points are ordered by x."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if x <= x1:
            return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
    return points[-1][1]
