"""How long the deals won in the period took."""

from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from metrics.options import CONDITIONS
from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import Median, decimal, seconds, won_deals
from metrics.words import CALENDAR, OWNER_AT_CLOSING

DAY = Decimal(86_400)


def find_cycle(question: Question) -> Answer:
    found = tally(won_deals(question), question, median=Median(seconds(F("closing") - F("created_at"))))
    return {key: (_days(row["median"]), row["n"]) for key, row in found.items()}


def _days(length: float | None) -> Decimal | None:
    found = decimal(length)
    return None if found is None else found / DAY


register(
    Metric(
        code="cycle_days",
        title=_("Sales cycle"),
        unit="days",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=_("the median over deals won in the period, from creation to closing"),
        by=("manager", "pipeline"),
        options=("date", *CONDITIONS),
        empty=None,
        source=won_deals,
        answer=find_cycle,
    )
)
