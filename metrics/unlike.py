"""A week unlike the thirteen before it: by their median and MAD, and by what chance alone does to a count. Pure.

A rate is far off only if both say so. Thirteen weeks that happened to be alike have next to no spread, so that the
next one would always stand out; and a rate over little work jumps about without anything having happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

from metrics.week_lines import LEAST, PER, Count

BEFORE = 13  # weeks that one is compared with
KNOWN = 8  # of them, at least, with enough work to have a rate
FEW = 5  # cases in the week, found or usual: fewer are told one by one, not as a rate
FAR = 3.0  # standard deviations, by his own weeks and by chance: 3.5 is usual where only one of them is asked
OF_MAD, OF_MEAN = 1.4826, 1.2533  # what makes either of them the standard deviation of a normal spread


@dataclass(frozen=True)
class Unlike:
    """``usual`` is the median rate of ``weeks`` weeks, per hundred as the count's; ``z`` how far off, with its sign."""

    count: Count
    usual: float
    z: float
    weeks: int


def robust_z(value: float, before: Sequence[float]) -> float | None:
    """(value − median) ÷ (1.4826 × MAD); None when all of ``before`` are equal or there are none.

    Where more than half of them are equal the MAD is zero, and the mean absolute deviation × 1.2533 stands in.
    """
    if not before:
        return None
    middle = median(before)
    apart = [abs(one - middle) for one in before]
    spread = OF_MAD * median(apart) or OF_MEAN * fmean(apart)
    return (value - middle) / spread if spread else None


def judge_week(count: Count, before: Sequence[Count]) -> Unlike | None:
    """What is unlike about a week, given those before it; None when it is like them, or nobody could tell."""
    rate = count.rate
    rates = [one.rate for one in before if one.base >= LEAST and one.rate is not None]
    if rate is None or count.base < LEAST or len(rates) < KNOWN:
        return None
    usual = median(rates)
    expected = usual * count.base / PER
    if max(count.top, expected) < FEW:
        return None
    by_chance = (rate - usual) / (PER * sqrt(max(expected, 1.0)) / count.base)
    own = robust_z(rate, rates)
    z = by_chance if own is None else min(own, by_chance, key=abs)
    return Unlike(count, usual, z, len(rates)) if abs(z) >= FAR else None
