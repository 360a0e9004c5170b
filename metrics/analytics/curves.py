"""Curves of what has not ended yet, and intervals of shares. Pure; lengths in any unit, ties exact."""

from math import sqrt
from typing import NamedTuple

import numpy as np

from metrics.analytics.columns import Flags, Floats, Ints

Z = 1.959963984540054  # two-sided 95 %
_TIE = 1e-12  # products of shares that should be a half are not, to the last bit


class Incidence(NamedTuple):
    """Aalen–Johansen: the shares won and lost by each of ``times``, rising; ``open`` is what is left of one."""

    times: Ints
    won: Floats
    lost: Floats
    open: Floats

    def at(self, length: int) -> tuple[float, float, float]:
        """By ``length``, events at exactly that length included."""
        place = int(np.searchsorted(self.times, length, side="right")) - 1
        if place < 0:
            return 0.0, 0.0, 1.0
        return float(self.won[place]), float(self.lost[place]), float(self.open[place])


def find_incidence(lengths: Ints, won: Flags, lost: Flags) -> Incidence:
    """What is neither won nor lost is still open, or left, at its length: it was watched that long and no longer."""
    times, place = np.unique(lengths, return_inverse=True)
    wins = np.bincount(place, weights=won, minlength=len(times))
    losses = np.bincount(place, weights=lost, minlength=len(times))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = len(lengths) - np.concatenate(([0], np.cumsum(leaving)[:-1])) if len(times) else np.empty(0)
    left = np.cumprod(1 - (wins + losses) / at_risk).astype(np.float64)
    before = np.concatenate(([1.0], left[:-1])) if len(times) else np.empty(0)
    won_by, lost_by = np.cumsum(before * wins / at_risk), np.cumsum(before * losses / at_risk)
    return Incidence(times, won_by, lost_by, left)


def find_error(lengths: Ints, won: Flags, lost: Flags) -> Floats:
    """The standard error of the share won by each time of `find_incidence`, by the delta method."""
    times, place = np.unique(lengths, return_inverse=True)
    wins, losses = (np.bincount(place, weights=one, minlength=len(times)) for one in (won, lost))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = len(lengths) - np.concatenate(([0], np.cumsum(leaving)[:-1])) if len(times) else np.empty(0)
    ended, curve = wins + losses, find_incidence(lengths, won, lost)
    before = np.concatenate(([1.0], curve.open[:-1])) / at_risk if len(times) else np.empty(0)
    by = curve.won
    with np.errstate(divide="ignore", invalid="ignore"):
        all_, own = ended / (at_risk * (at_risk - ended)), before * wins / at_risk
        spread = by**2 * np.cumsum(all_) - 2 * by * np.cumsum(by * all_) + np.cumsum(by**2 * all_)
        spread += np.cumsum(before**2 * (at_risk - wins) * wins / at_risk)
        spread += 2 * np.cumsum(by * own) - 2 * by * np.cumsum(own)
        error: Floats = np.sqrt(np.maximum(spread, 0.0))
    return error


def find_weighted(lengths: Ints, weights: Floats, ended: Flags) -> tuple[Ints, Floats, Floats]:
    """(times, expected weight by each of them, share still there): what an end brings, with open ones censored."""
    times, place = np.unique(lengths, return_inverse=True)
    ends = np.bincount(place, weights=ended, minlength=len(times))
    brought = np.bincount(place, weights=np.where(ended, weights, 0.0), minlength=len(times))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = len(lengths) - np.concatenate(([0], np.cumsum(leaving)[:-1])) if len(times) else np.empty(0)
    left = np.cumprod(1 - ends / at_risk).astype(np.float64)
    before = np.concatenate(([1.0], left[:-1])) if len(times) else np.empty(0)
    return times, np.cumsum(before * brought / at_risk), left


def median_survival(lengths: Ints, ended: Flags) -> int | None:
    """Kaplan–Meier's: the least length by which half has ended; None while less than half has."""
    if not len(lengths):
        return None
    times, _, left = find_weighted(lengths, np.zeros(len(lengths)), ended)
    reached = np.flatnonzero(left <= 0.5 + _TIE)
    return int(times[reached[0]]) if len(reached) else None


def wilson(hits: int, n: int) -> tuple[float | None, float | None, float | None]:
    """The share and its 95 % interval, without a correction for continuity; None for all of nothing."""
    if n == 0:
        return None, None, None
    share, spread = hits / n, Z * Z / n
    middle, half = share + spread / 2, Z * sqrt(share * (1 - share) / n + spread / (4 * n))
    return share, max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def describe(lengths: Ints, unit: int) -> dict[str, float | int | None]:
    """n, mean, median, p75, p90, min and max in ``unit``; percentiles interpolate linearly."""
    n = len(lengths)
    if n == 0:
        return {"n": 0} | dict.fromkeys(("mean", "median", "p75", "p80", "p90", "min", "max"))
    ordered = np.sort(lengths)

    def share(part: float) -> float:
        """numpy's percentile to the last bit, at a hundredth of its cost for some dozens of deals."""
        place = part * (n - 1)
        low = int(place)
        first, last, rest = int(ordered[low]), int(ordered[min(low + 1, n - 1)]), place - low
        return first + (last - first) * rest if rest < 0.5 else last - (last - first) * (1 - rest)

    return {
        "n": n,
        "mean": float(lengths.sum()) / n / unit,
        "median": share(0.5) / unit,
        "p75": share(0.75) / unit,
        "p80": share(0.8) / unit,
        "p90": share(0.9) / unit,
        "min": int(ordered[0]) / unit,
        "max": int(ordered[-1]) / unit,
    }
