"""How much money a day comes out at the other end of the funnel."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from metrics.definitions.avg_deal import find_average
from metrics.definitions.cycle_days import find_cycle
from metrics.definitions.win_rate import find_win_rate
from metrics.question import Answer, Question, tally
from metrics.registry import Metric, register
from metrics.sources import open_deals
from metrics.words import CALENDAR, ZERO
from pipelines.models import Stage
from timeline.attribution import selling


def qualified_deals(question: Question) -> QuerySet[Any]:
    return open_deals(question).filter(selling(), stage__kind=Stage.Kind.WORK)


def find_velocity(question: Question) -> Answer:
    """Open qualified deals × win rate × average deal ÷ cycle, all four of the same pipeline (and manager).

    The whole is the sum of the pipelines: one mixture of their cycles and sizes would be a number about nothing.
    """
    asked = replace(question, by="manager/pipeline" if question.by == "manager" else "pipeline")
    rates, sizes, cycles = find_win_rate(asked), find_average(asked), find_cycle(asked)
    found: dict[Any, tuple[Decimal | None, int]] = {}
    for part, row in tally(qualified_deals(asked), asked).items():
        rate, size, cycle = (answer.get(part, (None, 0))[0] for answer in (rates, sizes, cycles))
        key = None if question.by is None else part[0] if question.by == "manager" else part
        value, n = found.get(key, (None, 0))
        if rate is not None and size is not None and cycle:
            value = (value or ZERO) + row["n"] * rate * size / cycle
        found[key] = value, n + row["n"]
    return found


register(
    Metric(
        code="velocity",
        title=_("Sales velocity"),
        unit="money_per_day",
        clock=CALENDAR,
        attribution=_("open deals by their present owner, results by the owner at closing"),
        denominator=_(
            "the median sales cycle in days of each pipeline; undefined without deals won in the period"
        ),
        by=("manager", "pipeline"),
        options=("field", "date"),
        empty=None,
        source=qualified_deals,
        answer=find_velocity,
    )
)
