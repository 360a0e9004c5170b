"""Deals that are learnt from: all, or of a large account enough, drawn by a number that says nothing of the deal."""

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.log import count_deals
from metrics.analytics.terms import Terms

MOST_STUDIED = 40_000  # more teach nothing new, and ten times as many take ten times as long


def choose_step(terms: Terms) -> int:
    """Every so-many-th of the deals that were alive in the period is enough."""
    return max(1, -(-count_deals(terms, "alive") // MOST_STUDIED))


def is_drawn(ids: Ints, step: int) -> Flags:
    """Whether each is of the sample; `metrics.analytics.log` reads closed deals by the same formula."""
    found: Flags = ((ids % 1_000_000_007 * 2_654_435_761) >> 16) % step == 0
    return found
