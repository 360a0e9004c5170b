"""Metrics of the department: ``measure`` gives numbers, ``rows`` what is behind one, ``METRICS`` the definitions."""

from metrics import definitions  # noqa: F401 - importing a module registers its metrics
from metrics.credit import CREDITING
from metrics.definitions.quality import count_held
from metrics.definitions.won_sum import list_if_won, list_wins
from metrics.options import NARROWING, UnknownField
from metrics.registry import (
    LONGEST_PERIOD,
    METRICS,
    Listing,
    Metric,
    Value,
    check_metric,
    is_too_long,
    measure,
    rows,
)
from metrics.sources import check_fields

__all__ = [
    "LONGEST_PERIOD",
    "METRICS",
    "CREDITING",
    "NARROWING",
    "Listing",
    "Metric",
    "UnknownField",
    "Value",
    "check_fields",
    "check_metric",
    "count_held",
    "is_too_long",
    "list_if_won",
    "list_wins",
    "measure",
    "rows",
]
