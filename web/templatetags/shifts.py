from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

from kpi.backtest import try_norms
from pipelines.models import Stage

register = template.Library()


@register.simple_tag
def money_shift(stage: Stage, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the draft would have done to the present month's pay: ``total`` and how many ``people`` it touches."""
    moved = try_norms(stage.pk, values)
    return {
        "total": sum(moved.values(), Decimal(0)),
        "people": sum(bool(amount) for amount in moved.values()),
    }
