"""The desk's figures in one statement: every number of one snapshot comes from the same instant, so they reconcile.

The answer is small (a row per stage and person); all blocks of all readers are cut out of it. It is kept: see
`metrics.kept_snapshot`.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection
from msgspec import Struct, json

from core import account
from core.periods import Period
from metrics.chances import Chance
from pipelines.mirror import freshness
from pipelines.models import Cursor
from qc.models import NEVER, SHOWN
from qc.rules import behind
from timeline.attribution import OWNER_AT_CLOSING

WEEK = timedelta(days=7)
CASES, STORIES = 6, 10  # the most that the desk shows of them
ENDED = 5_000  # deals that chances of winning are counted from, the latest closed
SQL = f"""
with live as materialized (
    select id, stage_id, manager_id, pipeline_id, price, by_people,
           by_people and stuck_at < %(now)s and coalesce(stuck_until, %(never)s) > %(now)s as stuck,
           by_people and stage_since is not null and next_due_at is null as untasked
    from pipelines_deal, lateral (select (pipeline_id = any(%(robots)s)) is not true) as work (by_people)
    where closed_at is null and deleted_at is null
), opened as materialized (
    select id, deal_id, rule, stage_id, manager_id, opens_at, closes_at,
           closes_at is null or closes_at > %(now)s as stands
    from qc_finding
    where withdrawn_at is null and mode = any(%(shown)s) and opens_at < %(now)s
      and coalesce(closes_at, %(never)s) > %(week_ago)s
), broken as (
    select distinct deal_id from opened where stands
), cells as (
    select stage_id as stage, manager_id as manager, count(*) as open, sum(price) as money,
           count(*) filter (where stuck) as stuck, coalesce(sum(price) filter (where stuck), 0) as frozen,
           count(*) filter (where stuck and price = 0) as unpriced,
           count(*) filter (where untasked) as untasked,
           coalesce(sum(price) filter (where untasked), 0) as untasked_money
    from live
    group by stage_id, manager_id
), priced as (
    select id, price from live
    union all
    select id, price from pipelines_deal where closed_at > %(week_ago)s and deleted_at is null
), findings as (
    select o.stage_id as stage, o.manager_id as manager, count(*) filter (where o.stands) as open,
           count(*) filter (where o.opens_at >= %(week_ago)s and r.id is null) as new,
           count(*) filter (where o.opens_at >= %(week_ago)s and r.id is not null) as by_version,
           count(*) filter (where not o.stands) as fixed,
           count(d.id) as stuck_before, coalesce(sum(d.price), 0) as frozen_before
    from opened o
    left join qc_regulation r on r.stage_id = o.stage_id and r.published_at = o.opens_at
    left join priced d on d.id = o.deal_id and o.rule = any(%(stuck)s) and o.opens_at < %(week_ago)s
    group by o.stage_id, o.manager_id
), overdue as (
    select t.manager_id as manager, d.pipeline_id as pipeline,
           count(*) filter (where d.closed_at is null and d.deleted_at is null) as tasks,
           count(*) filter (where d.closed_at is not null or d.deleted_at is not null) as leftover,
           min(t.due_at) filter (where d.closed_at is null and d.deleted_at is null) as oldest
    from pipelines_task t left join pipelines_deal d on d.id = t.deal_id
    where not t.is_completed and t.deleted_at is null and t.due_at < %(now)s
      and (d.pipeline_id = any(%(robots)s)) is not true
    group by t.manager_id, d.pipeline_id
), sold as (
    select d.id, d.closed_at, d.manager_id, d.pipeline_id, d.price
    from pipelines_deal d join pipelines_stage g on g.id = d.stage_id and g.kind = 'won'
    where d.closed_at >= %(start)s and d.closed_at < %(end)s and d.deleted_at is null
      and (d.pipeline_id = any(%(not_selling)s)) is not true
    union all
    select d.id, s.visit_since, d.manager_id, g.pipeline_id, d.price
    from pipelines_stay s
    join pipelines_stage g on g.id = s.stage_id and g.kind = 'won'
         and (g.pipeline_id = any(%(not_selling)s)) is not true
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null and d.pipeline_id = any(%(not_selling)s)
    join pipelines_stage h on h.id = d.stage_id and h.kind <> 'lost'
    where s.entered_at >= %(start)s and s.visit_since >= %(start)s and s.visit_since < %(end)s
      and s.next_stage_id is not null
      and not exists (select from pipelines_stay l join pipelines_stage k on k.id = l.stage_id
                      where l.deal_id = s.deal_id and l.visit > s.visit
                        and (k.pipeline_id = any(%(not_selling)s)) is not true)
), won as (
    select to_char(d.closed_at at time zone %(zone)s, 'YYYY-MM-DD') as day,
           {OWNER_AT_CLOSING} as manager, d.pipeline_id as pipeline,
           count(*) as deals, sum(d.price) as money
    from sold d
    group by 1, 2, 3
), cases as (
    select deal, manager, pipeline, price from (
        select d.id as deal, d.manager_id as manager, d.pipeline_id as pipeline, d.price,
               row_number() over (partition by d.manager_id, d.pipeline_id order by d.price desc, d.id desc) as place
        from live d join broken b on b.deal_id = d.id
    ) ranked where place <= %(cases)s
), events as (
    select o.id, o.rule, o.stage_id, o.manager_id, false as fixed, o.opens_at as at, r.id as regulation
    from opened o left join qc_regulation r on r.stage_id = o.stage_id and r.published_at = o.opens_at
    where o.stands and o.opens_at >= %(week_ago)s
    union all
    select id, rule, stage_id, manager_id, true, closes_at, null from opened where not stands
), stories as (
    select finding, manager, pipeline, fixed, count, at, regulation from (
        select (array_agg(e.id order by e.at desc, e.id desc))[1] as finding,
               e.manager_id as manager, g.pipeline_id as pipeline, e.fixed, count(*) as count, max(e.at) as at,
               e.regulation,
               row_number() over (partition by e.manager_id, g.pipeline_id, e.regulation is null
                                  order by max(e.at) desc) as place
        from events e left join pipelines_stage g on g.id = e.stage_id
        group by e.manager_id, g.pipeline_id, e.rule, e.fixed, e.regulation, (e.at at time zone %(zone)s)::date
    ) told where place <= %(stories)s or regulation is not null
), ended as (
    select d.id, d.price, g.kind = 'won' as won
    from pipelines_deal d join pipelines_stage g on g.id = d.stage_id and g.kind in ('won', 'lost')
    where d.closed_at <= %(now)s and d.deleted_at is null and (d.pipeline_id = any(%(not_selling)s)) is not true
    order by d.closed_at desc limit %(ended)s
), chances as (
    select stage_id as stage, count(*) as closed, count(*) filter (where won) as won,
           count(*) filter (where won and price > 0) as priced, coalesce(sum(price) filter (where won), 0) as money
    from (select distinct e.id, e.won, e.price, s.stage_id
          from ended e join pipelines_stay s on s.deal_id = e.id and s.stage_id is not null) lived
    group by stage_id
)
select json_build_object(
    'as_of', %(now)s::timestamptz,
    'cursors', (select coalesce(json_agg(json_build_object('entity', entity, 'as_of', as_of, 'state', state)), '[]')
                from pipelines_cursor),
    'amo', coalesce((select base_url from pipelines_account order by id limit 1), ''),
    'cells', (select coalesce(json_agg(cells), '[]') from cells),
    'findings', (select coalesce(json_agg(findings), '[]') from findings),
    'overdue', (select coalesce(json_agg(overdue), '[]') from overdue),
    'won', (select coalesce(json_agg(won), '[]') from won),
    'cases', (select coalesce(json_agg(cases), '[]') from cases),
    'stories', (select coalesce(json_agg(stories), '[]') from stories),
    'chances', (select coalesce(json_agg(chances), '[]') from chances)
)::text
"""


class Cell(Struct, frozen=True):
    """Open deals of one person on one stage: how many, how many stand longer than the norm (of those, how many have no
    amount yet), how many have no task."""

    stage: str | None
    manager: int | None
    open: int
    money: Decimal
    stuck: int
    frozen: Decimal
    unpriced: int
    untasked: int
    untasked_money: Decimal


class Findings(Struct, frozen=True):
    """Findings of one person on one stage: open now, opened and closed within a week, stuck a week ago.

    ``by_version``: what a new version of a regulation opened within a week, and nobody did.
    """

    stage: str | None
    manager: int | None
    open: int
    new: int
    by_version: int
    fixed: int
    stuck_before: int
    frozen_before: Decimal


class Overdue(Struct, frozen=True):
    """``leftover``: overdue tasks of deals that are closed; ``oldest`` is of the others, null without any."""

    manager: int | None
    pipeline: int | None
    tasks: int
    leftover: int
    oldest: datetime | None


class Won(Struct, frozen=True):
    """Deals won on one local day of the month, by whose they were when they were closed, as pay credits them."""

    day: str
    manager: int | None
    pipeline: int | None
    deals: int
    money: Decimal


class Case(Struct, frozen=True):
    """One of the dearest open deals of a person and pipeline in which something is broken."""

    deal: int
    manager: int | None
    pipeline: int | None
    price: Decimal


class Story(Struct, frozen=True):
    """Findings of one person by one rule that opened, or were fixed, on one local day; ``finding`` is the latest.

    ``regulation``: the version that opened them when it was published, and nobody's doing did.
    """

    finding: int
    manager: int | None
    pipeline: int | None
    fixed: bool
    count: int
    at: datetime
    regulation: int | None

    @property
    def state(self) -> str:
        return "closed" if self.fixed else "open"


class Reached(Struct, frozen=True):
    """Up to when an entity of the mirror was here."""

    entity: str
    as_of: datetime | None
    state: str


class Snapshot(Struct, frozen=True):
    """``amo``: the address of amoCRM, for links into it."""

    as_of: datetime
    cursors: list[Reached]
    amo: str
    cells: list[Cell]
    findings: list[Findings]
    overdue: list[Overdue]
    won: list[Won]
    cases: list[Case]
    stories: list[Story]
    chances: list[Chance]

    @property
    def loading(self) -> bool:
        """Whether it was counted during the first load, so of a part of what there is."""
        return freshness.is_loading(
            Cursor(entity=one.entity, as_of=one.as_of, state=one.state) for one in self.cursors
        )


_decoder = json.Decoder(Snapshot)


@lru_cache(2)  # ten blocks of the desk ask for the same one; nobody changes it
def decode_snapshot(text: bytes | str) -> Snapshot:
    return _decoder.decode(text)


def count_snapshot(now: datetime, month: Period) -> str:
    """The statement's answer as JSON text."""
    values: dict[str, Any] = {
        "now": now,
        "week_ago": now - WEEK,
        "never": NEVER,
        "shown": list(SHOWN),
        "stuck": behind("stuck_deals"),
        "start": month.start,
        "end": month.end,
        "zone": str(month.start.tzinfo),
        "not_selling": account.own().not_selling,
        "robots": account.own().robots,
        "cases": CASES,
        "stories": STORIES,
        "ended": ENDED,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        return cursor.fetchone()[0]
