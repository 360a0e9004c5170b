"""Deals won in the period."""

from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS
from metrics.registry import Metric, register
from metrics.sources import won_deals
from metrics.words import CALENDAR, NO_DENOMINATOR, OWNER_AT_CLOSING, WON_DEALS, ZERO

register(
    Metric(
        code="deals_won",
        title=_("Deals won"),
        unit="count",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline"),
        options=("date", *CONDITIONS),
        empty=ZERO,
        source=won_deals,
        listed=WON_DEALS,
    )
)
