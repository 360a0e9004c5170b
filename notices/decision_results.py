"""What became of a decision's list, beside what was hoped for and beside like deals that nobody decided about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from notices.models import Decision

ENOUGH = 10  # like deals: a share of fewer says nothing
# The list by decision_deal_once, deals by their key; of tasks the index by deal.
LISTS = """
select l.decision_id, count(*),
       count(*) filter (where won), coalesce(sum(d.price) filter (where won), 0),
       count(*) filter (where lost), count(*) filter (where is_open and not stands),
       count(*) filter (where is_open and stands),
       count(*) filter (where d.manager_id is distinct from l.manager_id),
       count(*) filter (where is_open and planned_now), count(*) filter (where l.planned),
       count(*) filter (where is_open)
from notices_decisiondeal l
join notices_decision c on c.id = l.decision_id
join pipelines_deal d on d.id = l.deal_id
left join pipelines_stage g on g.id = d.stage_id
cross join lateral (select
    d.deleted_at is null and d.closed_at <= %(now)s and g.kind = 'won' as won,
    d.deleted_at is null and d.closed_at <= %(now)s and g.kind = 'lost' as lost,
    d.deleted_at is null and (d.closed_at is null or d.closed_at > %(now)s) as is_open,
    d.stage_id is not distinct from l.stage_id as stands) f
cross join lateral (select exists (
    select from pipelines_task t where t.deal_id = d.id and not t.is_completed and t.deleted_at is null
) as planned_now) p
where l.decision_id = any(%(decisions)s)
group by l.decision_id
"""
# The index stay_by_stage: who stood on the same stages at that moment, at least as long as the list's youngest, and is
# in no list of that moment. Weighed by the list's own stages.
LIKE = """
with asked as (
    select l.decision_id, l.stage_id, c.as_of, count(*) as n, max(s.visit_since) as youngest
    from notices_decisiondeal l
    join notices_decision c on c.id = l.decision_id
    join pipelines_stay s on s.deal_id = l.deal_id and s.stage_id = l.stage_id and s.entered_at <= c.as_of
         and (s.left_at is null or s.left_at > c.as_of)
    where l.decision_id = any(%(decisions)s)
    group by 1, 2, 3
), others as (
    select a.decision_id, a.stage_id, a.n, count(s.id) as like_n,
           count(s.id) filter (where s.left_at <= %(now)s and s.next_stage_id is not null) as left_n
    from asked a
    left join pipelines_stay s on s.stage_id = a.stage_id and s.entered_at <= a.as_of
         and (s.left_at is null or s.left_at > a.as_of) and s.visit_since <= a.youngest
         and not exists (select from notices_decisiondeal o
                         where o.decision_id = a.decision_id and o.deal_id = s.deal_id)
         and exists (select from pipelines_deal d where d.id = s.deal_id and d.deleted_at is null)
    group by 1, 2, 3
)
select decision_id, sum(like_n), sum(n) filter (where like_n > 0),
       sum(n * left_n::float8 / nullif(like_n, 0)) from others group by 1
"""


@dataclass(frozen=True)
class Result:
    """Of ``n`` deals, as of the moment of asking: ``won`` for ``won_sum``, ``lost``, ``moved`` to another open stage,
    still ``standing`` where they stood. ``handed``: whose owner is another; ``planned``: open ones with a next task, of
    ``planned_before`` at the beginning.

    ``like_n``: deals that stood on the same stages as long and in no list; ``like_share``: of them left the stage
    since, weighed by the list's stages; null with fewer than `ENOUGH`.
    """

    n: int
    won: int = 0
    won_sum: Decimal = Decimal(0)
    lost: int = 0
    moved: int = 0
    standing: int = 0
    handed: int = 0
    planned: int = 0
    planned_before: int = 0
    open: int = 0
    like_n: int = 0
    like_share: float | None = None

    @property
    def left(self) -> int:
        """No longer where they stood: won, lost or moved."""
        return self.won + self.lost + self.moved

    @property
    def left_share(self) -> float | None:
        return self.left / self.n if self.n else None


def measure_results(decisions: Iterable[Decision], now: datetime) -> dict[int, Result]:
    """Result by decision; two statements, however many they are."""
    decisions = list(decisions)
    values: dict[str, Any] = {"decisions": [one.pk for one in decisions], "now": now}
    if not values["decisions"]:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LIKE, values)
        like = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(LISTS, values)
        found = {one.pk: Result(one.n) for one in decisions}
        for decision, *numbers in cursor.fetchall():
            like_n, weighed, left = like.get(decision, (0, None, None))
            share = float(left) / float(weighed) if left is not None and like_n >= ENOUGH else None
            measured: list[Any] = [*numbers[:10], int(like_n or 0), share]
            found[decision] = Result(*measured)
    return found
