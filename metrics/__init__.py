"""Metrics of the department: ``measure`` gives numbers, ``rows`` what is behind one, ``METRICS`` the definitions."""

from metrics import activity, deals, flow, quality, tasks  # noqa: F401 - importing a module registers its metrics
from metrics.deals import wins
from metrics.options import UnknownField
from metrics.options import check as check_fields
from metrics.quality import held_by_rule
from metrics.registry import METRICS, Metric, Value, check, measure, rows

__all__ = [
    "METRICS",
    "Metric",
    "UnknownField",
    "Value",
    "check",
    "check_fields",
    "held_by_rule",
    "measure",
    "rows",
    "wins",
]
