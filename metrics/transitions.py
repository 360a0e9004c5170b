"""How deals flow from stage to stage, read from the visits in ``Stay``."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core.periods import Period
from metrics.entries import STAGES_OF_PIPELINE, select_entries

DAY = 86_400


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """One stage of a funnel for the deals that first entered it in the period (period conversion, metrics.md 2.2).

    ``moved_on`` of them left it for a stage that is not lost; ``won`` of them are won by now. ``conversion`` is
    moved_on ÷ entered, null when nobody entered. ``median_days``: calendar days of their finished visits.
    """

    stage: str
    name: str
    entered: int
    moved_on: int
    won: int
    conversion: float | None
    median_days: float | None


def find_funnel(pipeline: int, period: Period, people: Iterable[int] | None = None) -> list[FunnelStage]:
    """Stages in amoCRM's order; ``people`` restricts to deals that they own now."""
    entries, values = select_entries(STAGES_OF_PIPELINE, period, people, pipeline)
    sql = f"""
        with entry as ({entries}), visit as (
            select e.stage_id, e.deal_id, e.moved_on, extract(epoch from s.left_at - s.visit_since) as seconds
            from entry e
            left join pipelines_stay s
                on s.deal_id = e.deal_id and s.stage_id = e.stage_id and s.next_stage_id is not null
        )
        select g.id, g.name,
               count(distinct v.deal_id),
               count(distinct v.deal_id) filter (where v.moved_on),
               count(distinct v.deal_id) filter (where dg.kind = 'won'),
               percentile_cont(0.5) within group (order by v.seconds)
        from pipelines_stage g
        left join visit v on v.stage_id = g.id
        left join pipelines_deal d on d.id = v.deal_id
        left join pipelines_stage dg on dg.id = d.stage_id
        where g.pipeline_id = %s and g.deleted_at is null
        group by g.id, g.name, g.sort
        order by g.sort
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, pipeline])
        return [
            FunnelStage(
                stage,
                name,
                entered,
                moved,
                won,
                moved / entered if entered else None,
                None if median is None else median / DAY,
            )
            for stage, name, entered, moved, won, median in cursor.fetchall()
        ]


@dataclass(frozen=True, slots=True)
class Transition:
    """Moves from one stage straight to another: how many, and the calendar days of the visits that they ended."""

    stage: str
    next_stage: str
    loss_reason: int | None
    n: int
    median_days: float
    mean_days: float


def list_transitions(
    stage: str | None = None,
    next_stage: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    people: Iterable[int] | None = None,
) -> list[Transition]:
    """Transitions made in ``[start, end)``; moves to a lost stage are split by the deal's loss reason."""
    sql = """
        select s.stage_id, s.next_stage_id, case when n.kind = 'lost' then d.loss_reason_id end as reason, count(*),
               percentile_cont(0.5) within group (order by extract(epoch from s.left_at - s.visit_since)),
               avg(extract(epoch from s.left_at - s.visit_since))
        from pipelines_stay s
        join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
        left join pipelines_stage n on n.id = s.next_stage_id
        where s.next_stage_id is not null
          and (%(stage)s::text is null or s.stage_id = %(stage)s)
          and (%(next)s::text is null or s.next_stage_id = %(next)s)
          and (%(start)s::timestamptz is null or s.left_at >= %(start)s)
          and (%(end)s::timestamptz is null or s.left_at < %(end)s)
          and (%(people)s::bigint[] is null or s.manager_id = any(%(people)s))
        group by 1, 2, 3
        order by 1, 4 desc, 2, 3
    """
    values: dict[str, Any] = {
        "stage": stage,
        "next": next_stage,
        "start": start,
        "end": end,
        "people": None if people is None else list(people),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [
            Transition(stage_id, next_id, reason, n, float(median) / DAY, float(mean) / DAY)
            for stage_id, next_id, reason, n, median, mean in cursor.fetchall()
        ]
