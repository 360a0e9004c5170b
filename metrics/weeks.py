"""One week of the department as rows: what stood at its end and what happened in it, by person, stage and rule.

A stock (`STOCKS`) is counted at the week's end, or now while it goes on; a flow over its days. Whose a row is: the
owner of that moment. Amounts are those that deals have now. Deals deleted since are left out. Findings are counted
whatever the rule's mode was that day, as long as the rule is shown now: a time without control is judged afterwards.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from core import account
from core.periods import Period
from qc.models import NEVER, SHOWN, RuleMode
from qc.rules import behind
from timeline.attribution import OWNER_AT_CLOSING

DEFINITIONS = (
    1  # raised when a row below comes to mean another thing: weeks kept by an older number stay as they are
)
OPEN, STUCK, UNTASKED, OVERDUE, FINDINGS = "open", "stuck", "untasked", "overdue", "findings"
STOCKS = (OPEN, STUCK, UNTASKED, OVERDUE, FINDINGS)
DAYS, OPENED, CLOSED, CREATED, WON, LOST = "days", "opened", "closed", "created", "won", "lost"
SQL = f"""
with pieces as materialized (
    select s.deal_id, s.stage_id, s.manager_id, s.entered_at, s.left_at, d.price,
           (g.pipeline_id = any(%(robots)s)) is not true as by_people
    from pipelines_stay s
    join pipelines_stage g on g.id = s.stage_id and g.kind in ('incoming', 'work')
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
    where s.entered_at < %(at)s and (s.left_at is null or s.left_at > %(start)s)
), standing as (
    select * from pieces where left_at is null or left_at > %(at)s
), planned as (
    select distinct t.deal_id from pipelines_task t
    where t.created_at <= %(at)s and (t.deleted_at is null or t.deleted_at > %(at)s)
      and (not t.is_completed or t.completed_at > %(at)s)
), found as materialized (
    select f.deal_id, f.rule, f.stage_id, f.manager_id, f.opens_at, f.closes_at,
           f.opens_at < %(at)s and coalesce(f.closes_at, %(never)s) > %(at)s as stands
    from qc_finding f
    where f.withdrawn_at is null and f.opens_at < %(at)s and coalesce(f.closes_at, %(never)s) > %(start)s
      and (f.mode = any(%(shown)s) or f.rule = any(%(rules)s))
), resting as (
    select distinct on (f.deal_id) f.deal_id, f.stage_id, f.manager_id, d.price
    from found f join pipelines_deal d on d.id = f.deal_id and d.deleted_at is null
    where f.stands and f.rule = any(%(stuck)s)
    order by f.deal_id, f.opens_at desc
), ended as (
    select d.id, g.kind, d.stage_id, d.price, {OWNER_AT_CLOSING} as manager_id
    from pipelines_deal d join pipelines_stage g on g.id = d.stage_id and g.kind in ('won', 'lost')
    where d.closed_at >= %(start)s and d.closed_at < %(at)s and d.deleted_at is null
      and (d.pipeline_id = any(%(not_selling)s)) is not true
)
select 'open', stage_id, manager_id, '', count(*), coalesce(sum(price), 0) from standing group by 2, 3
union all
select 'days', stage_id, manager_id, '', count(distinct deal_id),
       round((sum(extract(epoch from least(coalesce(left_at, %(at)s), %(at)s) - greatest(entered_at, %(start)s)))
              / 86400)::numeric, 2)
from pieces group by 2, 3
union all
select 'stuck', stage_id, manager_id, '', count(*), sum(price) from resting group by 2, 3
union all
select 'untasked', s.stage_id, s.manager_id, '', count(*), sum(s.price)
from standing s where s.by_people and not exists (select from planned p where p.deal_id = s.deal_id) group by 2, 3
union all
select 'overdue', s.stage_id, t.manager_id, '', count(*), 0
from pipelines_task t join standing s on s.deal_id = t.deal_id
where t.created_at <= %(at)s and t.due_at < %(at)s and (t.deleted_at is null or t.deleted_at > %(at)s)
  and (not t.is_completed or t.completed_at > %(at)s)
group by 2, 3
union all
select 'findings', stage_id, manager_id, rule, count(*), 0 from found where stands group by 2, 3, 4
union all
select 'opened', stage_id, manager_id, rule, count(*), 0 from found where opens_at >= %(start)s group by 2, 3, 4
union all
select 'closed', stage_id, manager_id, rule, count(*), 0 from found
where not stands and closes_at <= %(at)s group by 2, 3, 4
union all
select 'created', b.stage_id, b.manager_id, '', count(*), sum(d.price)
from pipelines_deal d
cross join lateral (
    select coalesce(s.stage_id, d.stage_id) as stage_id, coalesce(s.manager_id, d.manager_id) as manager_id
    from (select 1) one left join lateral (
        select stage_id, manager_id from pipelines_stay where deal_id = d.id order by entered_at limit 1
    ) s on true
) b
where d.created_at >= %(start)s and d.created_at < %(at)s and d.deleted_at is null
group by 2, 3
union all
select kind, stage_id, manager_id, '', count(*), sum(price) from ended group by 1, 2, 3
"""


class WeekRow(NamedTuple):
    """``n`` deals (tasks, findings) for ``amount``; of `DAYS`: n deals in work for ``amount`` days."""

    measure: str
    stage: str | None
    manager: int | None
    rule: str
    n: int
    amount: Decimal


class Fact(NamedTuple):
    """Some rows of a week, added up over the dimensions that were not asked for."""

    week: date
    measure: str
    stage: str | None
    manager: int | None
    rule: str
    n: int
    amount: Decimal

    @property
    def row(self) -> WeekRow:
        return WeekRow(*self[1:])


def list_last_weeks(now: datetime, count: int, zone: Any) -> list[Period]:
    """The last ``count`` weeks, the present one among them, the oldest first."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(days=7 * (count - 1))
    return list(Period.parse(first.isoformat(), (monday + timedelta(days=7)).isoformat(), zone).weeks())


def count_week(week: Period, now: datetime) -> list[WeekRow]:
    """The rows of one week as they are known now; one statement, which reads the lives that touch the week."""
    shown = RuleMode.objects.filter(mode__in=SHOWN).values_list("rule", flat=True)
    values: dict[str, Any] = {
        "start": week.start,
        "at": min(week.end, now),
        "never": NEVER,
        "shown": list(SHOWN),
        "rules": list(shown),
        "stuck": behind("stuck_deals"),
        "robots": account.own().robots,
        "not_selling": account.own().not_selling,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        return list(_read(cursor.fetchall()))


def _read(rows: list[Any]) -> Iterator[WeekRow]:
    for measure, stage, manager, rule, n, amount in rows:
        yield WeekRow(measure, stage, manager, rule, n, Decimal(amount))
