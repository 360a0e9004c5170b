"""Whether a change helped: findings per 100 deal-days before and after, beside those of a group that did not change.

Pure. The interval allows for deals of one person being alike: people, not deals, are what was drawn by chance. So each
rate is a ratio of sums over people, and the effect's variance comes from what every person adds to it (the
linearised ratio with clusters), with Student's quantile for as many people as there are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal, NamedTuple

PER = 100  # deal-days
LEAST_PEOPLE, LEAST_DAYS, LEAST_FINDINGS = 3, 100.0, 10
# Student's t, 97.5 %, by degrees of freedom; beyond, the normal one with a correction.
STUDENT = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
)

CHANGED, OTHERS = "changed", "others"  # groups
BEFORE, AFTER = "before", "after"  # times
HELPED, WORSE, UNPROVEN, EARLY, TOO_LITTLE = "helped", "worse", "unproven", "early", "little"


class Sum(NamedTuple):
    """Of one person in one group and time: findings that opened, and days in which deals could have had any."""

    findings: float
    days: float


Cell = tuple[str, str]  # group, time
Sums = Mapping[Cell, Mapping[int, Sum]]  # by person


@dataclass(frozen=True)
class Rate:
    """``value``: findings per 100 deal-days; None without any day."""

    findings: float
    days: float
    people: int

    @property
    def value(self) -> float | None:
        return PER * self.findings / self.days if self.days else None


@dataclass(frozen=True)
class Effect:
    """``value`` is in findings per 100 deal-days, below zero is fewer; ``low`` and ``high`` are its 95 % interval.

    ``parallel``: whether both groups went side by side before the change, as far as can be told; None: it cannot.
    """

    rates: Mapping[Cell, Rate]
    value: float | None
    low: float | None
    high: float | None
    people: int
    parallel: bool | None = None


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t."""
    if freedom < 1:
        return float("inf")
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def rate_of(people: Mapping[int, Sum]) -> Rate:
    known = [one for one in people.values() if one.days > 0]
    return Rate(sum(one.findings for one in known), sum(one.days for one in known), len(known))


def measure_effect(sums: Sums, scale: Literal["difference", "ratio", "alone"]) -> Effect:
    """The effect of a change on the changed group.

    By ``difference``: the change there minus the change of the others (difference in differences). By ``ratio``: what
    there is now minus what there would be, had it gone as with the others in proportion; for groups of different size.
    ``alone``: no others, before and after only.
    """
    cells = [(group, time) for group in (CHANGED, OTHERS) for time in (BEFORE, AFTER)]
    rates = {cell: rate_of(sums.get(cell, {})) for cell in cells}
    weights = _weights(rates, scale)
    if weights is None:
        return Effect(rates, None, None, None, 0)
    values = {cell: rate.value or 0.0 for cell, rate in rates.items()}
    if scale == "ratio":
        before, after = values[OTHERS, BEFORE], values[OTHERS, AFTER]
        value = values[CHANGED, AFTER] - values[CHANGED, BEFORE] * after / before
    else:
        value = sum(weight * values[cell] for cell, weight in weights.items())
    people = {person for cell in weights for person, one in sums.get(cell, {}).items() if one.days > 0}
    if len(people) < 2:
        return Effect(rates, value, None, None, len(people))
    spread = 0.0
    for person in people:
        own = 0.0
        for cell, weight in weights.items():
            one = sums.get(cell, {}).get(person)
            if one is not None and rates[cell].days:
                own += weight * PER * (one.findings - values[cell] / PER * one.days) / rates[cell].days
        spread += own * own
    error = sqrt(spread * len(people) / (len(people) - 1))
    reach = student(len(people) - 1) * error
    return Effect(rates, value, value - reach, value + reach, len(people))


def _weights(rates: Mapping[Cell, Rate], scale: str) -> dict[Cell, float] | None:
    """The derivative of the effect by each rate; None where it is not defined."""
    wanted = (CHANGED,) if scale == "alone" else (CHANGED, OTHERS)
    if any(not rates[group, time].days for group in wanted for time in (BEFORE, AFTER)):
        return None
    found = {(CHANGED, AFTER): 1.0, (CHANGED, BEFORE): -1.0}
    if scale == "difference":
        return found | {(OTHERS, AFTER): -1.0, (OTHERS, BEFORE): 1.0}
    if scale == "ratio":
        values = {cell: rate.value or 0.0 for cell, rate in rates.items()}
        before, after, own = values[OTHERS, BEFORE], values[OTHERS, AFTER], values[CHANGED, BEFORE]
        if not before:
            return None
        return {
            (CHANGED, AFTER): 1.0,
            (CHANGED, BEFORE): -after / before,
            (OTHERS, AFTER): -own / before,
            (OTHERS, BEFORE): own * after / before**2,
        }
    return found


def decide(effect: Effect, is_over: bool) -> str:
    """What may be said: helped and worse only where the interval leaves zero out; early while it is not over."""
    if not is_over:
        return EARLY
    own = [effect.rates[CHANGED, BEFORE], effect.rates[CHANGED, AFTER]]
    if (
        effect.value is None
        or effect.low is None
        or effect.high is None
        or effect.people < LEAST_PEOPLE
        or min(one.days for one in own) < LEAST_DAYS
        or sum(one.findings for one in own) < LEAST_FINDINGS
    ):
        return TOO_LITTLE
    if effect.high < 0:
        return HELPED
    return WORSE if effect.low > 0 else UNPROVEN


def add_up(rows: Iterable[tuple[Cell, int, float, float]]) -> dict[Cell, dict[int, Sum]]:
    """Sums from (cell, person, findings, days)."""
    found: dict[Cell, dict[int, Sum]] = {}
    for cell, person, findings, days in rows:
        old = found.setdefault(cell, {}).get(person, Sum(0, 0))
        found[cell][person] = Sum(old.findings + findings, old.days + days)
    return found
