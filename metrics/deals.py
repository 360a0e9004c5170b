"""Metrics of created and closed deals."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from core.periods import Period
from metrics.options import amount
from metrics.question import Answer, Question, credited, tally
from metrics.registry import Metric, register
from metrics.sources import Median, closed, created, decimal, seconds
from pipelines.models import Stage

WON, LOST = Stage.Kind.WON, Stage.Kind.LOST
DAY = Decimal(86_400)
ZERO = Decimal(0)
CALENDAR = _("calendar")
NO_DENOMINATOR = _("none: a number, not a share")
OWNER_AT_CLOSING = _("the owner at the moment of closing; later reassignment does not move the result")


def won(question: Question) -> QuerySet[Any]:
    return closed(question, WON)


def lost(question: Question) -> QuerySet[Any]:
    return closed(question, LOST)


def ended(question: Question) -> QuerySet[Any]:
    return closed(question, WON, LOST)


def won_sum(question: Question) -> Answer:
    found = tally(won(question), question, total=Sum(amount(question.options)))
    return {key: (row["total"] or ZERO, row["n"]) for key, row in found.items()}


def wins(
    period: Period, people: Iterable[int], options: Mapping[str, str]
) -> Iterator[tuple[int, int, date, Decimal]]:
    """The rows that ``won_sum`` adds up: (person, deal, local day, amount). One query."""
    question = Question(period, period.end, "manager", frozenset(people), options)
    rows = credited(won(question), question).order_by("at", "pk")
    rows = rows.annotate(day=TruncDate("at", tzinfo=period.start.tzinfo), amount=amount(options))
    for person, deal, day, sum_ in rows.values_list("who", "pk", "day", "amount"):
        yield person, deal, day, sum_ or ZERO


def win_rate(question: Question) -> Answer:
    found = tally(ended(question), question, won=Count("pk", filter=Q(stage__kind=WON)))
    return {key: (Decimal(row["won"]) / row["n"], row["n"]) for key, row in found.items()}


def cycle_days(question: Question) -> Answer:
    found = tally(won(question), question, median=Median(seconds(F("closed_at") - F("created_at"))))
    return {key: (_days(row["median"]), row["n"]) for key, row in found.items()}


def avg_deal(question: Question) -> Answer:
    field = amount(question.options)
    found = tally(won(question).annotate(amount=field), question, total=Sum("amount"), filled=Count("amount"))
    return {
        key: (row["total"] / row["filled"] if row["filled"] else None, row["filled"])
        for key, row in found.items()
    }


def _days(length: float | None) -> Decimal | None:
    found = decimal(length)
    return None if found is None else found / DAY


register(
    Metric(
        code="deals_created",
        title=_("Deals created"),
        unit="count",
        clock=CALENDAR,
        attribution=_("the owner and the stage at the moment of creation"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=ZERO,
        source=created,
    )
)
register(
    Metric(
        code="deals_won",
        title=_("Deals won"),
        unit="count",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline"),
        options=("date",),
        empty=ZERO,
        source=won,
    )
)
register(
    Metric(
        code="won_sum",
        title=_("Sales"),
        unit="money",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline"),
        options=("field", "date"),
        empty=ZERO,
        source=won,
        answer=won_sum,
    )
)
register(
    Metric(
        code="deals_lost",
        title=_("Deals lost"),
        unit="count",
        clock=CALENDAR,
        attribution=_("the owner at the moment of closing; the stage that the deal was lost from"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage", "loss_reason"),
        options=("date",),
        empty=ZERO,
        source=lost,
    )
)
register(
    Metric(
        code="win_rate",
        title=_("Win rate"),
        unit="share",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=_("deals won and lost in the period"),
        by=("manager", "pipeline"),
        options=("date",),
        empty=None,
        source=ended,
        answer=win_rate,
    )
)
register(
    Metric(
        code="cycle_days",
        title=_("Sales cycle"),
        unit="days",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=_("the median over deals won in the period, from creation to closing"),
        by=("manager", "pipeline"),
        options=("date",),
        empty=None,
        source=won,
        answer=cycle_days,
    )
)
register(
    Metric(
        code="avg_deal",
        title=_("Average deal"),
        unit="money",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=_("deals won in the period whose amount is known"),
        by=("manager", "pipeline"),
        options=("field", "date"),
        empty=None,
        source=won,
        answer=avg_deal,
    )
)
