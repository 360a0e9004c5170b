"""Deals that are learnt from: all, or of a large account enough, drawn by a number that says nothing of the deal."""

from metrics.analytics.columns import Flags, Ints

MOST_STUDIED = 40_000  # more teach nothing new, and ten times as many take ten times as long
# As `is_drawn` has it. The remainder keeps the product within eight bytes, where numpy and PostgreSQL agree.
DRAWN = "((d.id %% 1000000007 * 2654435761) >> 16) %% %(step)s = 0"


def choose_step(deals: int) -> int:
    """Every so-many-th of so many deals is enough."""
    return max(1, -(-deals // MOST_STUDIED))


def is_drawn(ids: Ints, step: int) -> Flags:
    """Whether each is of the sample of every ``step``-th."""
    found: Flags = ((ids % 1_000_000_007 * 2_654_435_761) >> 16) % step == 0
    return found
