"""The sum of the deals lost in the period."""

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS, amount
from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import lost_deals
from metrics.words import CALENDAR, NO_DENOMINATOR, OWNER_AT_CLOSING, ZERO


def sum_lost(question: Question) -> Answer:
    found = tally(lost_deals(question), question, total=Sum(amount(question.options)))
    return {key: (row["total"] or ZERO, row["n"]) for key, row in found.items()}


register(
    Metric(
        code="lost_sum",
        title=_("Sum of lost deals"),
        unit="money",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage", "loss_reason"),
        options=("field", "date", *CONDITIONS),
        empty=ZERO,
        source=lost_deals,
        answer=sum_lost,
    )
)
