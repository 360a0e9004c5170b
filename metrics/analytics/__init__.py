"""Reports of analytics: one file each, pure functions over the arrays of `metrics.analytics.log`.

Importing a module registers its reports; `REPORTS` holds them by code.
"""

from metrics.analytics import (  # noqa: F401 - registered by being imported
    accumulation,
    ageing,
    cohorts,
    coverage,
    cycle,
    deal_days,
    floors,
    flow,
    forecast,
    hand_overs,
    incidence,
    journeys,
    load,
    process,
    reached,
    saturation,
    service,
    speed_to_lead,
    stage_times,
    stock,
    tasks,
    transitions,
    velocity,
    weekly,
    win_rates,
)
from metrics.analytics.report import REPORTS, Report
from metrics.analytics.terms import BadQuestion, Terms

__all__ = ["REPORTS", "BadQuestion", "Report", "Terms"]
