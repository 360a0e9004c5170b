"""Open deals that stand on their stage for longer than its norm."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from metrics.question import Question
from metrics.registry import Metric, register
from metrics.sources import open_deals
from metrics.words import NO_DENOMINATOR, STOCK, ZERO
from pipelines.models import Deal
from qc import queries as judgement


def find_stuck(question: Question) -> QuerySet[Deal]:
    found = judgement.stuck_deals(question.moment).values("deal_id")
    return open_deals(question).filter(pk__in=found)


register(
    Metric(
        code="stuck_deals",
        title=_("Stuck deals"),
        unit="count",
        clock=STOCK,
        attribution=_("whose the deal is now"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=ZERO,
        source=find_stuck,
    )
)
