"""Hours of the owners in which their deals in work had no next step."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from core.zone import first_of_day
from metrics.question import COLUMNS, Answer, Question
from metrics.registry import Metric, register
from pipelines.models import Deal
from team.models import Employee
from team.schedules import load_clocks

SECOND = timedelta(seconds=1)
HOUR = Decimal(3600)
ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

# Every working piece of every deal within the period, minus the time covered by the deal's tasks. least() skips nulls:
# what has no end yet is cut off by what has one.
UNCOVERED = """
    with asked as (select %s::timestamptz as start, %s::timestamptz as until, %s::bigint[] as people),
    piece as (
        select s.deal_id, s.manager_id, g.pipeline_id, s.stage_id, greatest(s.entered_at, asked.start) as since,
               least(s.left_at, d.deleted_at, asked.until) as until
        from asked, pipelines_stay s
        join pipelines_stage g on g.id = s.stage_id and g.kind in ('incoming', 'work')
        join pipelines_deal d on d.id = s.deal_id
        where s.entered_at < asked.until and (s.left_at is null or s.left_at > asked.start)
          and (asked.people is null or s.manager_id = any(asked.people))
    )
    select p.deal_id, p.manager_id as who, p.pipeline_id as funnel, p.stage_id as step, lower(gap), upper(gap)
    from piece p
    cross join lateral (
        select range_agg(tstzrange(t.created_at, t.until)) as tasks
        from (
            select created_at,
                   least(case when is_completed then coalesce(completed_at, updated_at) end, deleted_at) as until
            from pipelines_task where deal_id = p.deal_id
        ) t
        where t.created_at < coalesce(t.until, 'infinity')
    ) covered
    left join lateral unnest(tstzmultirange(tstzrange(p.since, p.until)) - coalesce(covered.tasks, '{}')) gap on true
    where p.since < p.until
"""


def employed(people: Collection[int] | None) -> dict[int, tuple[datetime, datetime]]:
    """From when to when they worked here, of those with such a day; half-open."""
    rows = Employee.objects.exclude(hired_on=None, left_on=None)
    if people is not None:
        rows = rows.filter(person__in=people)
    return {
        person: (
            ALWAYS[0] if hired_on is None else _midnight(hired_on),
            ALWAYS[1] if left_on is None else _midnight(left_on + timedelta(days=1)),
        )
        for person, hired_on, left_on in rows.values_list("person", "hired_on", "left_on")
    }


def _midnight(day: date) -> datetime:
    return first_of_day(day)


def asked(question: Question) -> list[Any]:
    people = None if question.people is None else sorted(question.people)
    return [question.period.start, question.moment, people]


def sum_hours(question: Question) -> Answer:
    """Working hours of the owners in which their deals in work had no open task."""
    place = None if question.by is None else UNCOVERED_COLUMNS[question.by]
    hours: dict[Any, timedelta] = {}
    deals: dict[Any, set[int]] = {}
    working, here = load_clocks(question.people), employed(question.people)
    with connection.cursor() as cursor:
        cursor.execute(UNCOVERED, asked(question))
        for row in cursor:
            deal, owner, since, until = row[0], row[1], row[4], row[5]
            key = None if place is None else row[place]
            hours.setdefault(key, timedelta())
            deals.setdefault(key, set())
            if since is not None:
                hired, left = here.get(owner, ALWAYS)
                since, until = max(since, hired), min(until, left)
                hours[key] += working.owner(owner).worked(since, until)
                deals[key].add(deal)
    return {key: (Decimal(length // SECOND) / HOUR, len(deals[key])) for key, length in hours.items()}


UNCOVERED_COLUMNS = {"manager": 1, "pipeline": 2, "stage": 3}


def uncovered(question: Question) -> QuerySet[Deal]:
    """Deals that stood without a task at some time of the period."""
    return uncovered_by(replace(question, by=None), None)


def uncovered_by(question: Question, key: Any) -> QuerySet[Deal]:
    gaps, values = f"select deal_id from ({UNCOVERED}) found where lower is not null", asked(question)
    if question.by is not None:
        gaps, values = f"{gaps} and {COLUMNS[question.by]} = %s", [*values, key]
    return Deal.objects.filter(pk__in=RawSQL(gaps, values))


register(
    Metric(
        code="no_task_hours",
        title=_("Hours without a next step"),
        unit="hours",
        clock=_("owner's: his shifts only"),
        attribution=_("the owner of the deal in every hour"),
        denominator=_("none: a number, not a share; undefined without deals in work"),
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=None,
        source=uncovered,
        answer=sum_hours,
        waiting=True,
        facts=uncovered_by,
    )
)
