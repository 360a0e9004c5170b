"""Drawing a fair sample, and how far two reviewers agree. Pure: the same seed draws the same rows on any machine."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import floor
from random import Random
from typing import TypeVar

S = TypeVar("S", bound=tuple[object, ...])


def allot(sizes: Mapping[S, int], size: int) -> dict[S, int]:
    """How many to draw from each stratum: in proportion, by the largest remainder, and one of each while they suffice.

    Never more than a stratum has; all together ``size``, or everything there is.
    """
    strata = {key: count for key, count in sizes.items() if count > 0}
    total = sum(strata.values())
    size = min(size, total)
    if size <= 0:
        return {}
    order = sorted(strata, key=lambda key: (-strata[key], repr(key)))
    given: dict[S, int] = dict.fromkeys(order[:size], 1)
    left = size - len(given)
    if left <= 0:
        return given
    rest = {key: strata[key] - 1 for key in order}
    whole = sum(rest.values())
    shares = {key: Decimal(left * rest[key]) / whole for key in order}
    for key in order:
        given[key] += floor(shares[key])
    behind = size - sum(given.values())
    by_remainder = sorted(order, key=lambda key: (-(shares[key] - floor(shares[key])), repr(key)))
    for key in by_remainder[:behind]:
        given[key] += 1
    return given


def draw(strata: Mapping[S, Iterable[int]], size: int, seed: int) -> list[tuple[S, int]]:
    """So many ids out of all strata, in an order by chance; each id of a stratum is as likely as the next."""
    rows: dict[S, Sequence[int]] = {key: sorted(set(ids)) for key, ids in strata.items()}
    chance = Random(seed)
    drawn: list[tuple[S, int]] = []
    for key, number in sorted(
        allot({key: len(ids) for key, ids in rows.items()}, size).items(), key=lambda one: repr(one[0])
    ):
        drawn += [(key, one) for one in chance.sample(rows[key], number)]
    chance.shuffle(drawn)
    return drawn


@dataclass(frozen=True)
class Agreement:
    """Of ``n`` answers that two people gave to the same question: ``agreed``, and Cohen's κ.

    None where chance alone would make them agree on everything, or nothing was asked twice.
    """

    n: int
    agreed: int
    kappa: Decimal | None


def agree(pairs: Iterable[tuple[str, str]]) -> Agreement:
    """κ = (observed − expected) ÷ (1 − expected), to four places."""
    rows = list(pairs)
    n, agreed = len(rows), sum(one == other for one, other in rows)
    if not n:
        return Agreement(0, 0, None)
    first, second = Counter(one for one, _ in rows), Counter(other for _, other in rows)
    expected = Decimal(sum(first[word] * second[word] for word in first)) / (n * n)
    if expected == 1:
        return Agreement(n, agreed, None)
    kappa = (Decimal(agreed) / n - expected) / (1 - expected)
    return Agreement(n, agreed, kappa.quantize(Decimal("0.0001")))
