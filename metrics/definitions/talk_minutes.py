"""Minutes talked in calls of the period."""

from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import touches
from metrics.words import CALENDAR, NO_DENOMINATOR, ZERO
from pipelines.models import Touch

MINUTE = Decimal(60)


def talks(question: Question) -> QuerySet[Touch]:
    return touches(question, Touch.Kind.CALL_OUT, Touch.Kind.CALL_IN)


def sum_minutes(question: Question) -> Answer:
    found = tally(talks(question), question, seconds=Sum("seconds"))
    return {key: (row["seconds"] / MINUTE, row["n"]) for key, row in found.items()}


register(
    Metric(
        code="talk_minutes",
        title=_("Minutes on the phone"),
        unit="minutes",
        clock=CALENDAR,
        attribution=_("who talked, in incoming and outgoing calls"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline"),
        options=(),
        empty=ZERO,
        source=talks,
        answer=sum_minutes,
    )
)
