from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings

from core import moment
from core.periods import month_of
from pipelines.models import Stage
from qc import backtest

register = template.Library()


@register.simple_tag
def money_shift(stage: Stage, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the draft would have done to the present month's pay: ``total`` and how many ``people`` it touches."""
    from kpi.backtest import shift  # pay is not needed to start Django, which imports every tag library

    month = month_of(moment.now(), ZoneInfo(settings.TIME_ZONE))
    moved = shift(month.first, backtest.more_violations(stage.pk, values, month.start))
    return {
        "total": sum(moved.values(), Decimal(0)),
        "people": sum(bool(amount) for amount in moved.values()),
    }
