"""Metrics of the department: ``measure`` gives numbers, ``rows`` what is behind one, ``METRICS`` the definitions."""

from kpi.metrics import activity, deals, flow, quality, tasks  # noqa: F401 - importing a room registers its metrics
from kpi.metrics.deals import wins
from kpi.metrics.options import UnknownField
from kpi.metrics.options import check as check_fields
from kpi.metrics.quality import held_by_rule
from kpi.metrics.registry import METRICS, Metric, Value, check, measure, rows

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
