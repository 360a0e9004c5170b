"""The median of a numeric field over the deals won in the period."""

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS, amount
from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import Median, decimal, won_deals
from metrics.words import CALENDAR, FILLED_WINS, OWNER_AT_CLOSING, WON_DEALS


def find_median(question: Question) -> Answer:
    held = won_deals(question).annotate(amount=amount(question.options))
    found = tally(held, question, median=Median("amount"), filled=Count("amount"))
    return {key: (decimal(row["median"]), row["filled"]) for key, row in found.items()}


register(
    Metric(
        code="field_median",
        title=_("Median of a field"),
        unit="number",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=FILLED_WINS,
        by=("manager", "pipeline"),
        options=("field", "date", *CONDITIONS),
        empty=None,
        source=won_deals,
        answer=find_median,
        listed=WON_DEALS,
    )
)
