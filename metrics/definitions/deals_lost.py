"""Deals lost in the period."""

from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS
from metrics.registry import Metric, register
from metrics.sources import lost_deals
from metrics.words import CALENDAR, NO_DENOMINATOR, ZERO

register(
    Metric(
        code="deals_lost",
        title=_("Deals lost"),
        unit="count",
        clock=CALENDAR,
        attribution=_("the owner at the moment of closing; the stage that the deal was lost from"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage", "loss_reason"),
        options=("date", *CONDITIONS),
        empty=ZERO,
        source=lost_deals,
    )
)
