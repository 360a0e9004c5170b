"""Deals won of those closed in the period."""

from decimal import Decimal

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS
from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import WON, ended_deals
from metrics.words import CALENDAR, OWNER_AT_CLOSING


def find_win_rate(question: Question) -> Answer:
    found = tally(ended_deals(question), question, won=Count("pk", filter=Q(result=WON)))
    return {key: (Decimal(row["won"]) / row["n"], row["n"]) for key, row in found.items()}


register(
    Metric(
        code="win_rate",
        title=_("Win rate"),
        unit="share",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=_("deals won and lost in the period"),
        by=("manager", "pipeline"),
        options=("date", *CONDITIONS),
        empty=None,
        source=ended_deals,
        answer=find_win_rate,
    )
)
