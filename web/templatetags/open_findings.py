"""Open findings on pages of rooms that know nothing of judgement."""

from collections.abc import Mapping

from django import template
from django.db.models import Count
from django.template.context import Context

from core import moment
from qc.models import Finding
from qc.stalled import SHOWN

register = template.Library()


@register.simple_tag(takes_context=True)
def open_findings_by_person(context: Context) -> Mapping[int | None, int]:
    """Open findings that everybody may see, as the list shows them, by the id of the amoCRM user; one query."""
    rows = (
        Finding.objects.visible_to(context["request"].user)
        .filter(mode__in=SHOWN)
        .open(moment.now())
        .order_by()
        .values_list("manager")
    )
    return dict(rows.annotate(Count("pk")))


@register.filter
def count_of(counts: Mapping[int | None, int], person: int | None) -> int:
    return counts.get(person, 0)
