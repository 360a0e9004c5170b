"""Incoming calls of the period."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from metrics.question import Question
from metrics.registry import Metric, register
from metrics.sources import touches
from metrics.words import CALENDAR, NO_DENOMINATOR, ZERO
from pipelines.models import Touch


def incoming(question: Question) -> QuerySet[Touch]:
    return touches(question, Touch.Kind.CALL_IN)


register(
    Metric(
        code="calls_in",
        title=_("Incoming calls"),
        unit="count",
        clock=CALENDAR,
        attribution=_("who took the call"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline"),
        options=(),
        empty=ZERO,
        source=incoming,
    )
)
