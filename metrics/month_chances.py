"""How often a deal that stands on a stage is won before its month ends, counted on past months at the same distance.

«Six days before the end of each of the last months, deals stood on this stage for as long as this one: so many of
them were won by the end.» The deals of the same age class are asked where there are enough of them, else all of the
stage. A share comes with its interval (Wilson, 95 %), and with nothing where too few stood there.
"""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from django.db import connection
from msgspec import Struct
from redis import RedisError

from core import account, redis
from core.db import run_statements
from core.periods import Period
from metrics.analytics.curves import wilson
from metrics.chances import ENOUGH

MONTHS = 6  # that are looked back at
AGES = (timedelta(days=7), timedelta(days=30))  # where a class of time on the stage ends
KEEP = 3600  # seconds
VERSION = 1  # grows whenever chances get another shape or are counted in another way
STOOD = """
    select s.stage_id, width_bucket(extract(epoch from e.at - s.visit_since)::float8, %(ages)s::float8[]),
           count(*)::int,
           (count(*) filter (where g.kind = 'won' and d.closed_at >= e.at and d.closed_at < e.ends))::int
    from unnest(%(moments)s::timestamptz[], %(ends)s::timestamptz[]) e (at, ends)
    join pipelines_stay s on s.entered_at < e.at and (s.left_at is null or s.left_at >= e.at)
    join pipelines_stage w on w.id = s.stage_id and w.kind in ('incoming', 'work')
         and (w.pipeline_id = any(%(not_selling)s)) is not true
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
    join pipelines_stage g on g.id = d.stage_id
    group by 1, 2
"""


class Chance(Struct, frozen=True):
    """Won of ``n``; ``low`` and ``high`` are the ends of the share's interval."""

    won: int
    n: int
    share: Decimal
    low: Decimal
    high: Decimal


class Chances(Struct, frozen=True):
    """By stage and class of age: (stood there, won by the end of the month)."""

    counts: Mapping[str, Mapping[int, tuple[int, int]]] = {}

    def of(self, stage: str, stood: timedelta) -> Chance | None:
        """None where fewer than `ENOUGH` deals stood there: then nothing is known."""
        by_age = self.counts.get(stage, {})
        n, won = by_age.get(bisect_right(AGES, stood), (0, 0))
        if n < ENOUGH:
            n, won = (sum(pair[place] for pair in by_age.values()) for place in (0, 1))
        if n < ENOUGH:
            return None
        share, low, high = (round(Decimal(part or 0), 6) for part in wilson(won, n))
        return Chance(won, n, share, low, high)


def read_chances(now: datetime, month: Period) -> Chances:
    """As counted within the last hour of this local day; one query where nothing is kept."""
    day = now.astimezone(month.start.tzinfo).date()
    asked = (VERSION, month.start.tzinfo, day, *account.own().not_selling)
    key = f"month-chances:{connection.settings_dict['NAME']}:{':'.join(map(str, asked))}"
    try:
        kept: bytes | None = redis.client().get(key)  # type: ignore[assignment]  # the client is not asynchronous
        if kept:
            return msgspec.json.decode(kept, type=Chances)
        found = count_chances(now, month)
        redis.client().set(key, msgspec.json.encode(found), ex=KEEP)
    except RedisError:
        return count_chances(now, month)
    return found


def count_chances(now: datetime, month: Period) -> Chances:
    """One query."""
    left, moments, ends = month.end - now, [], []
    for _number in range(MONTHS):
        month = month.previous
        moments.append(max(month.end - left, month.start))
        ends.append(month.end)
    values = {
        "moments": moments,
        "ends": ends,
        "ages": [age.total_seconds() for age in AGES],
        "not_selling": account.own().not_selling,
    }
    [rows] = run_statements((STOOD, values))
    counts: dict[str, dict[int, tuple[int, int]]] = {}
    for stage, age, n, won in rows:
        counts.setdefault(stage, {})[age] = (n, won)
    return Chances(counts)
