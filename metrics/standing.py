"""Open deals as `metrics.proposals` thinks of them: what stands where, since when, and what may be expected of it.

Chances are those of the report «Ageing»: amounts of a proposal equal what that page expects of the same deals.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from core import account
from core.zone import portal_zone
from metrics.analytics.ageing import read_all, win_chances
from metrics.analytics.log import OPEN, WON, WORK, Log
from metrics.analytics.terms import Terms
from metrics.analytics.transitions import Chances
from metrics.proposals import NEARLY_SOLD, Standing
from qc.models import SHOWN
from qc.rules import behind

ENOUGH = 20  # ended visits of a stage: below that, a chance says next to nothing
# The indexes deal_open_by_stage, stay_now and finding_open; of touches the one by deal.
OPEN_DEALS = """
with stuck as materialized (
    select distinct deal_id from qc_finding
    where withdrawn_at is null and mode = any(%(shown)s) and rule = any(%(stuck)s) and opens_at < %(now)s
      and coalesce(closes_at, '9999-12-31') > %(now)s
)
select d.id, d.stage_id, d.manager_id, d.price, coalesce(s.visit_since, d.created_at),
       f.deal_id is not null,
       (d.pipeline_id = any(%(robots)s)) is not true
           and not exists (select from pipelines_task t
                           where t.deal_id = d.id and not t.is_completed and t.deleted_at is null),
       (select max(t.at) from pipelines_touch t
        where f.deal_id is not null and t.deal_id = d.id and t.kind in ('call_out', 'message_out'))
from pipelines_deal d
left join stuck f on f.deal_id = d.id
left join lateral (select visit_since from pipelines_stay s where s.deal_id = d.id and s.left_at is null
                   order by entered_at desc limit 1) s on true
where d.closed_at is null and d.deleted_at is null and d.stage_id is not null
order by d.id
"""


def read_standing(now: datetime) -> tuple[list[Standing], set[str]]:
    """Every open deal, and the stages that are nearly sold. Four statements and the log of a year."""
    log = read_all(Terms(now, portal_zone()))
    at = Terms(now, portal_zone()).at
    chances = _chances(log, at)
    oldest = _oldest_won(log)
    values: dict[str, Any] = {
        "now": now,
        "shown": list(SHOWN),
        "stuck": behind("stuck_deals"),
        "robots": account.own().robots,
    }
    born = {int(one): int(created) for one, created in zip(log.ids, log.created, strict=True)}
    rows = []
    with connection.cursor() as cursor:
        cursor.execute(OPEN_DEALS, values)
        for deal, stage, manager, price, since, stuck, unplanned, touched in cursor.fetchall():
            old = oldest is not None and deal in born and at - born[deal] > oldest
            chance = chances.get(deal)
            rows.append(Standing(deal, stage, manager, price, since, chance, stuck, unplanned, old, touched))
    return rows, nearly_sold_stages(log)


def _chances(log: Log, at: int) -> Mapping[int, float]:
    ended = np.bincount(log.stage[log.ended], minlength=len(log.stages))
    known = (ended[log.stage[log.last]] >= ENOUGH) & (log.result == OPEN)
    found = win_chances(log, at)
    known &= ~np.isnan(found)
    return {
        int(deal): round(float(chance), 6) for deal, chance in zip(log.ids[known], found[known], strict=True)
    }


def _oldest_won(log: Log) -> int | None:
    """The longest life of a won deal; null without enough of them."""
    lives = (log.closed - log.created)[log.result == WON]
    return int(lives.max()) if len(lives) >= ENOUGH else None


def nearly_sold_stages(log: Log) -> set[str]:
    worth, ended = Chances(log).won, np.bincount(log.stage[log.ended], minlength=len(log.stages))
    # A stage to wait on may win as often, by way of others: here most leave straight for a sale.
    led = log.following >= 0
    kinds = log.kinds[np.where(led, log.following, 0)]
    sold = np.bincount(log.stage[led & (kinds == WON)], minlength=len(log.stages))
    return {
        stage.id
        for place, stage in enumerate(log.stages)
        if stage.kind == WORK
        and ended[place] >= ENOUGH
        and worth[place] >= NEARLY_SOLD
        and 2 * sold[place] >= ended[place]
    }
