"""A rate of what was sold: flat, by marginal tiers, or by tiers on the whole sum.

Tiers are ordered, their ends are shares of the quota (1 = the whole plan) and half-open: at exactly 100 % the tier
above 100 % is reached. The last tier has no end. Whole-sum tiers jump at their ends, marginal never.

Sales of a month can come to less than zero: more was given back than sold. What is given back lowers pay at the rate of
the first tier, at which the first roubles were paid, on every scale alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kpi.calculation.fields import SHARES, share
from kpi.calculation.rounding import ZERO
from kpi.calculation.wording import gettext_noop


@dataclass(frozen=True)
class Tier:
    """``rate`` of the sales up to the attainment ``upto``; None = without end."""

    rate: Decimal = share(gettext_noop("Rate"))
    upto: Decimal | None = share(
        gettext_noop("Up to this share of the plan"), above_zero=True, most=SHARES, optional=True
    )


@dataclass(frozen=True)
class Slice:
    """The part of the sales that one marginal tier pays for."""

    tier: Tier
    sold: Decimal
    pay: Decimal


def cut_sales(sold: Decimal, quota: Decimal, tiers: Sequence[Tier]) -> Iterator[Slice]:
    """The sales cut at the ends of the tiers; only tiers that were reached. Their ``sold`` adds up to ``sold``."""
    if sold < 0:
        yield Slice(tiers[0], sold, sold * tiers[0].rate)
        return
    below = ZERO
    for tier in tiers:
        top = sold if tier.upto is None else min(sold, tier.upto * quota)
        if top > below:
            yield Slice(tier, top - below, (top - below) * tier.rate)
            below = top


def pay_whole(sold: Decimal, quota: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """The rate of the tier reached, on all that was sold."""
    return sold * find_tier(sold, quota, tiers).rate


def find_tier(sold: Decimal, quota: Decimal, tiers: Sequence[Tier]) -> Tier:
    """The tier that the next rouble of sales falls into."""
    return next(tier for tier in tiers if tier.upto is None or sold < tier.upto * quota)


def gap_to_next(sold: Decimal, quota: Decimal, tiers: Sequence[Tier]) -> tuple[Decimal, Tier] | None:
    """How much is left to sell until the next tier, and that tier; None on the last one."""
    here = find_tier(sold, quota, tiers)
    if here.upto is None:
        return None
    return here.upto * quota - sold, tiers[tiers.index(here) + 1]
