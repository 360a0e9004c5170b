"""How many deals get through: created to won, or on from a stage."""

from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from metrics.entries import WORKING_STAGES, select_entries
from metrics.question import Answer, Question, behind, tally
from metrics.registry import Metric, register
from metrics.sources import WON, deals_created_in
from metrics.words import CALENDAR
from pipelines.models import Deal
from timeline.attribution import results, selling


def newcomers(question: Question) -> QuerySet[Any]:
    """Deals created in the period, credited to whose they are now."""
    deals = deals_created_in(question.period).annotate(**results())
    return deals.filter(selling() | Q(result__isnull=False)).annotate(
        who=F("manager_id"), funnel=F("sold_in")
    )


def find_conversion(question: Question) -> Answer:
    """Created → won; by stage: entered → moved on."""
    if question.by == "stage":
        entries, values = select_entries(WORKING_STAGES, question.period, question.people)
        counts = f"select stage_id, count(*), count(*) filter (where moved_on) from ({entries}) e group by stage_id"
        with connection.cursor() as cursor:
            cursor.execute(counts, values)
            return {stage: (Decimal(moved) / entered, entered) for stage, entered, moved in cursor}
    found = tally(newcomers(question), question, won=Count("pk", filter=Q(result=WON)))
    return {key: (Decimal(row["won"]) / row["n"], row["n"]) for key, row in found.items()}


def find_entries(question: Question, key: Any) -> QuerySet[Any]:
    if question.by == "stage":
        entries, values = select_entries(WORKING_STAGES, question.period, question.people)
        found = RawSQL(f"select deal_id from ({entries}) e where stage_id = %s", [*values, key])
        return Deal.objects.filter(pk__in=found)
    return behind(newcomers(question), question, key)


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
        answer=find_conversion,
        facts=find_entries,
    )
)
