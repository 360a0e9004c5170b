"""The desk's figures in one statement: every number of one snapshot comes from the same instant, so they reconcile.

The answer is small (a row per stage and person), and is kept in Redis until something changes; all blocks of all
readers are cut out of it. What is kept always equals what the statement would answer: it is the statement's own text.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import redis
from django.db import connection
from msgspec import Struct, json

from pipelines.frozen import SHOWN
from salesops.desk import pulse
from salesops.lib.periods import Period

WEEK = timedelta(days=7)
KEEP = 60  # seconds
SQL = """
with opened as (
    select f.id, f.deal_id, f.rule, f.severity, f.stage_id, f.manager_id, f.opens_at, f.closes_at
    from qc_finding f
    where f.withdrawn_at is null and f.mode = any(%(shown)s) and f.opens_at <= %(now)s
      and (f.closes_at is null or f.closes_at > %(week_ago)s)
), stuck as (
    select distinct deal_id from opened where rule = 'deal.stuck' and (closes_at is null or closes_at > %(now)s)
), planned as (
    select distinct deal_id from pipelines_task where not is_completed and deleted_at is null
), cells as (
    select d.stage_id as stage, d.manager_id as manager, count(*) as open, sum(d.price) as money,
           count(s.deal_id) as stuck, coalesce(sum(d.price) filter (where s.deal_id is not null), 0) as frozen,
           count(*) filter (where p.deal_id is null) as untasked,
           coalesce(sum(d.price) filter (where p.deal_id is null), 0) as untasked_money
    from pipelines_deal d
    left join stuck s on s.deal_id = d.id
    left join planned p on p.deal_id = d.id
    where d.closed_at is null and d.deleted_at is null
    group by d.stage_id, d.manager_id
), findings as (
    select o.stage_id as stage, o.manager_id as manager,
           count(*) filter (where o.closes_at is null or o.closes_at > %(now)s) as open,
           count(*) filter (where o.opens_at >= %(week_ago)s) as new,
           count(*) filter (where o.closes_at <= %(now)s) as fixed,
           count(*) filter (where o.rule = 'deal.stuck' and o.opens_at <= %(week_ago)s) as stuck_before,
           coalesce(sum(d.price) filter (where o.rule = 'deal.stuck' and o.opens_at <= %(week_ago)s), 0) as frozen_before
    from opened o join pipelines_deal d on d.id = o.deal_id
    group by o.stage_id, o.manager_id
), overdue as (
    select t.manager_id as manager, d.pipeline_id as pipeline, count(*) as tasks, min(t.due_at) as oldest
    from pipelines_task t left join pipelines_deal d on d.id = t.deal_id
    where not t.is_completed and t.deleted_at is null and t.due_at < %(now)s
    group by t.manager_id, d.pipeline_id
), won as (
    select to_char(d.closed_at at time zone %(zone)s, 'YYYY-MM-DD') as day, d.manager_id as manager, d.pipeline_id as pipeline,
           count(*) as deals, sum(d.price) as money
    from pipelines_deal d join pipelines_stage g on g.id = d.stage_id and g.kind = 'won'
    where d.closed_at >= %(start)s and d.closed_at < %(end)s and d.deleted_at is null
    group by 1, 2, 3
)
select json_build_object(
    'as_of', %(now)s::timestamptz,
    'amo', coalesce((select base_url from pipelines_account order by id limit 1), ''),
    'cells', (select coalesce(json_agg(cells), '[]') from cells),
    'findings', (select coalesce(json_agg(findings), '[]') from findings),
    'overdue', (select coalesce(json_agg(overdue), '[]') from overdue),
    'won', (select coalesce(json_agg(won), '[]') from won)
)::text
"""


class Cell(Struct, frozen=True):
    """Open deals of one person on one stage: how many, how many stand longer than the norm, how many have no task."""

    stage: str | None
    manager: int | None
    open: int
    money: Decimal
    stuck: int
    frozen: Decimal
    untasked: int
    untasked_money: Decimal


class Findings(Struct, frozen=True):
    """Findings of one person on one stage: open now, opened and closed within a week, stuck a week ago."""

    stage: str | None
    manager: int | None
    open: int
    new: int
    fixed: int
    stuck_before: int
    frozen_before: Decimal


class Overdue(Struct, frozen=True):
    manager: int | None
    pipeline: int | None
    tasks: int
    oldest: datetime


class Won(Struct, frozen=True):
    """Deals won on one local day of the month."""

    day: str
    manager: int | None
    pipeline: int | None
    deals: int
    money: Decimal


class Snapshot(Struct, frozen=True):
    """``amo``: the address of amoCRM, for links into it."""

    as_of: datetime
    amo: str
    cells: list[Cell]
    findings: list[Findings]
    overdue: list[Overdue]
    won: list[Won]


_decoder = json.Decoder(Snapshot)


def take(now: datetime, month: Period) -> Snapshot:
    """The present figures, kept ones if nothing has changed since. Without Redis they are counted every time."""
    key = f"desk:snapshot:{connection.settings_dict['NAME']}:{month.label}:{pulse.stamp(now)}"
    try:
        with pulse.client().lock(f"{key}:lock", timeout=20, blocking_timeout=20):  # many blocks ask at once; one counts
            text = pulse.client().get(key)
            if text is None:
                text = count(now, month)
                pulse.client().set(key, text, ex=KEEP)
    except redis.RedisError:
        text = count(now, month)
    return decoded(text)


def decoded(text: str | bytes) -> Snapshot:
    return _decoder.decode(text)


def count(now: datetime, month: Period) -> str:
    """The statement's answer as JSON text."""
    values = {
        "now": now,
        "week_ago": now - WEEK,
        "shown": list(SHOWN),
        "start": month.start,
        "end": month.end,
        "zone": str(month.start.tzinfo),
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        return cursor.fetchone()[0]
