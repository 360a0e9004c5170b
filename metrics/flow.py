"""Metrics of the flow: how many deals get through, and how much money a day comes out at the other end."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from metrics.deals import CALENDAR, WON, ZERO, avg_deal, cycle_days, win_rate
from metrics.question import Answer, Question, behind, tally
from metrics.registry import Metric, register
from metrics.sources import open_deals
from pipelines.models import Deal, Stage

# Deals on the stages that they first entered within the period; a return counts where it came first.
ENTRIES = """
    select s.deal_id, s.stage_id, bool_or(n.kind <> 'lost') as moved_on
    from pipelines_stay s
    join pipelines_stage g on g.id = s.stage_id and g.kind in ('incoming', 'work')
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
    left join pipelines_stage n on n.id = s.next_stage_id
    where %s::bigint[] is null or d.manager_id = any(%s)
    group by s.deal_id, s.stage_id
    having min(s.visit_since) >= %s and min(s.visit_since) < %s
"""
MOVED_ON = f"select stage_id, count(*), count(*) filter (where moved_on) from ({ENTRIES}) e group by stage_id"


def newcomers(question: Question) -> QuerySet[Any]:
    period = question.period
    deals = Deal.objects.alive().filter(created_at__gte=period.start, created_at__lt=period.end)
    return deals.annotate(who=F("manager_id"), funnel=F("pipeline_id"))


def conversion(question: Question) -> Answer:
    """Created → won; by stage: entered → moved on."""
    if question.by == "stage":
        with connection.cursor() as cursor:
            cursor.execute(MOVED_ON, entries(question))
            return {stage: (Decimal(moved) / entered, entered) for stage, entered, moved in cursor}
    found = tally(newcomers(question), question, won=Count("pk", filter=Q(stage__kind=WON)))
    return {key: (Decimal(row["won"]) / row["n"], row["n"]) for key, row in found.items()}


def entries(question: Question) -> list[Any]:
    people = None if question.people is None else sorted(question.people)
    return [people, people, question.period.start, question.period.end]


def conversion_facts(question: Question, key: Any) -> QuerySet[Any]:
    if question.by == "stage":
        found = RawSQL(f"select deal_id from ({ENTRIES}) e where stage_id = %s", [*entries(question), key])
        return Deal.objects.filter(pk__in=found)
    return behind(newcomers(question), question, key)


def qualified(question: Question) -> QuerySet[Any]:
    return open_deals(question).filter(stage__kind=Stage.Kind.WORK)


def velocity(question: Question) -> Answer:
    """Open qualified deals × win rate × average deal ÷ cycle, all four of the same pipeline (and manager).

    The whole is the sum of the pipelines: one mixture of their cycles and sizes would be a number about nothing.
    """
    asked = replace(question, by="manager/pipeline" if question.by == "manager" else "pipeline")
    rates, sizes, cycles = win_rate(asked), avg_deal(asked), cycle_days(asked)
    found: dict[Any, tuple[Decimal | None, int]] = {}
    for part, row in tally(qualified(asked), asked).items():
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
        source=qualified,
        answer=velocity,
    )
)
register(
    Metric(
        code="conversion",
        title=_("Conversion"),
        unit="share",
        clock=CALENDAR,
        attribution=_("whose the deal is now"),
        denominator=_("deals created in the period; by stage: deals that first entered the stage in it"),
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=None,
        source=newcomers,
        answer=conversion,
        facts=conversion_facts,
    )
)
