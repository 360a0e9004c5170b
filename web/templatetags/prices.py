from collections.abc import Iterable, Mapping
from decimal import Decimal

from django import template
from django.template.context import Context

import kpi.prices
from qc import first_times
from qc.models import Finding

register = template.Library()


@register.simple_tag(takes_context=True)
def finding_prices(context: Context, findings: Iterable[Finding]) -> Mapping[int, Decimal | None]:
    """What each finding costs its manager this month; nothing for a reader who may not see money."""
    return kpi.prices.finding_prices(list(findings)) if context["request"].user.sees_money else {}


@register.filter
def price_of(prices: Mapping[int, Decimal | None], finding: Finding) -> Decimal | None:
    return prices.get(finding.pk)


@register.simple_tag
def note_free(findings: Iterable[Finding]) -> str:
    """Put ``free_until`` on findings that are about to be shown."""
    first_times.note_free(findings)
    return ""
