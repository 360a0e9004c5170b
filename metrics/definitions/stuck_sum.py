"""The money in stuck deals."""

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from metrics.definitions.stuck_deals import find_stuck
from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.words import NO_DENOMINATOR, STOCK, ZERO


def sum_stuck(question: Question) -> Answer:
    found = tally(find_stuck(question), question, total=Sum("price"))
    return {key: (row["total"], row["n"]) for key, row in found.items()}


register(
    Metric(
        code="stuck_sum",
        title=_("Money in stuck deals"),
        unit="money",
        clock=STOCK,
        attribution=_("whose the deal is now"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=ZERO,
        source=find_stuck,
        answer=sum_stuck,
    )
)
