"""Deals created in the period."""

from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS
from metrics.registry import Metric, register
from metrics.sources import created_deals
from metrics.words import CALENDAR, NO_DENOMINATOR, ZERO

register(
    Metric(
        code="deals_created",
        title=_("Deals created"),
        unit="count",
        clock=CALENDAR,
        attribution=_("the owner and the stage at the moment of creation"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage"),
        options=CONDITIONS,
        empty=ZERO,
        source=created_deals,
    )
)
