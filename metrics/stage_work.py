"""The visits of stages with what was done in them, read in a fixed number of statements for `stage_cuts`."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from core.db import run_statements
from metrics.stage_cuts import FIELD, TASK, StageLoad, StageVisit, Work, weigh_stage
from pipelines.models import CustomField, Stage, TaskType
from timeline.timeline import PRICE

LOOKED_BACK = timedelta(days=180)
VISITS = 1_500  # of each stage, the newest: shares need no more
# The last piece of a visit tells of the whole; standing visits are read however old they are. What is done within a
# minute of the entry was work of the stage before.
_VISIT = """
    with visit as materialized (
        select g.id as stage, g.pipeline_id, g.sort, v.*
        from pipelines_stage g cross join lateral (
            (select s.deal_id, s.visit, s.visit_since, s.left_at, s.next_stage_id from pipelines_stay s
             where s.stage_id = g.id and s.next_stage_id is not null and s.entered_at >= %(since)s
             order by s.entered_at desc limit %(visits)s)
            union all
            (select d.id, s.visit, s.visit_since, null, null from pipelines_deal d
             join pipelines_stay s on s.deal_id = d.id and s.left_at is null
             where d.stage_id = g.id and d.closed_at is null and d.deleted_at is null
             order by d.id desc limit %(visits)s)
        ) v
        where g.kind = 'work' and g.deleted_at is null
          and (%(pipeline)s::bigint is null or g.pipeline_id = %(pipeline)s)
    )
"""
READ_VISITS = (
    _VISIT
    + """
    select v.stage, v.deal_id, v.visit, v.visit_since, v.left_at, v.next_stage_id, d.price,
           n.kind = 'won' or (n.kind = 'work' and (n.pipeline_id <> v.pipeline_id or n.sort > v.sort))
    from visit v join pipelines_deal d on d.id = v.deal_id and d.deleted_at is null
    left join pipelines_stage n on n.id = v.next_stage_id
"""
)
READ_TASKS = (
    _VISIT
    + """
    select v.stage, v.deal_id, v.visit, t.kind_id, min(t.completed_at)
    from visit v join pipelines_task t on t.deal_id = v.deal_id and t.deleted_at is null and t.kind_id is not null
     and t.completed_at > v.visit_since + interval '1 minute' and t.completed_at <= coalesce(v.left_at, %(now)s)
    group by 1, 2, 3, 4
"""
)
READ_FIELDS = (
    _VISIT
    + """
    select v.stage, v.deal_id, v.visit, case e.kind when 'price' then 'price' else e.after ->> 'field' end,
           min(e.at)
    from visit v join pipelines_event e on e.entity_id = v.deal_id and e.entity = 'deal'
     and e.kind in ('field', 'price') and e.at > v.visit_since + interval '1 minute'
     and e.at < coalesce(v.left_at, %(now)s)
     and e.after is not null
    group by 1, 2, 3, 4
"""
)


class WeighedStage(NamedTuple):
    """A stage with what it holds; ``names`` of its works and roads are put in by the page."""

    stage: Stage
    load: StageLoad


def weigh_stages(now: datetime, pipeline: int | None = None) -> list[WeighedStage]:
    """Every stage in work that has visits: those to be cut first, then those that fill up, the most deals first."""
    values: dict[str, Any] = {"now": now, "since": now - LOOKED_BACK, "visits": VISITS, "pipeline": pipeline}
    visits, tasks, fields = run_statements((READ_VISITS, values), (READ_TASKS, values), (READ_FIELDS, values))
    done: dict[tuple[Any, ...], dict[Work, datetime]] = defaultdict(dict)
    for kind, rows in ((TASK, tasks), (FIELD, fields)):
        for *key, work, at in rows:
            if work is not None:
                done[tuple(key)][Work(kind, str(work))] = at
    by_stage: dict[str, list[StageVisit]] = defaultdict(list)
    for stage, deal, visit, since, until, road, money, forward in visits:
        own = done.get((stage, deal, visit), {})
        by_stage[stage].append(
            StageVisit(since, until, None if until is None else bool(forward), road, money, own)
        )
    stages = Stage.objects.filter(pk__in=by_stage).select_related("pipeline")
    found = [WeighedStage(stage, weigh_stage(by_stage[stage.pk], now)) for stage in stages]
    return sorted(
        found,
        key=lambda one: (not one.load.is_named, not one.load.accumulates, -one.load.standing, one.stage.pk),
    )


def work_names() -> dict[Work, str]:
    """What each kind of work is called: the task's kind, the field; the amount has no name of its own."""
    names = {Work(TASK, str(key)): name for key, name in TaskType.objects.values_list("id", "name")}
    names |= {Work(FIELD, str(key)): name for key, name in CustomField.objects.values_list("id", "name")}
    return names | {Work(FIELD, PRICE): ""}
