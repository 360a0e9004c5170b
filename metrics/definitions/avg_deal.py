"""The average amount of the deals won in the period."""

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS, amount
from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import won_deals
from metrics.words import CALENDAR, OWNER_AT_CLOSING, WON_DEALS


def find_average(question: Question) -> Answer:
    field = amount(question.options)
    found = tally(
        won_deals(question).annotate(amount=field), question, total=Sum("amount"), filled=Count("amount")
    )
    return {
        key: (row["total"] / row["filled"] if row["filled"] else None, row["filled"])
        for key, row in found.items()
    }


register(
    Metric(
        code="avg_deal",
        title=_("Average deal"),
        unit="money",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=_("deals won in the period whose amount is known"),
        by=("manager", "pipeline"),
        options=("field", "date", *CONDITIONS),
        empty=None,
        source=won_deals,
        answer=find_average,
        listed=WON_DEALS,
    )
)
