"""Metrics of the department: ``measure`` gives numbers, ``rows`` what is behind one, ``METRICS`` the definitions."""

from metrics import definitions, quality  # noqa: F401 - importing a module registers its metrics
from metrics.definitions.won_sum import list_wins
from metrics.options import NARROWING, UnknownField, check_fields
from metrics.quality import held_by_rule
from metrics.registry import METRICS, Listing, Metric, Value, check_metric, measure, rows

__all__ = [
    "METRICS",
    "NARROWING",
    "Listing",
    "Metric",
    "UnknownField",
    "Value",
    "check_fields",
    "check_metric",
    "held_by_rule",
    "list_wins",
    "measure",
    "rows",
]
