"""How long deals really stay on a stage: those that moved on, and those that stand there now, by length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.db import run_statements
from qc import regulations
from qc.regulations import Dwell

BARS = 40  # and one for all that is longer
ENOUGH = 30  # visits; below, percentiles are an accident
DAYS = 90  # of visits that are drawn
WIDTHS = [
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=7),
]

# One statement for bars above and below: visits that moved on to anything but a lost stage, and open deals.
COUNTS = """
    select false, least(floor(extract(epoch from s.left_at - s.visit_since) / %(width)s)::int, %(last)s), count(*)
    from pipelines_stay s
    where s.stage_id = %(stage)s and not s.inferred and s.left_at > s.visit_since and s.left_at > %(since)s
      and s.next_stage_id in (select id from pipelines_stage where kind <> 'lost')
      and not exists (select from pipelines_deal d where d.id = s.deal_id and d.deleted_at is not null)
    group by 2
    union all
    select true, least(floor(extract(epoch from %(now)s - d.stage_since) / %(width)s)::int, %(last)s), count(*)
    from pipelines_deal d
    where d.stage_id = %(stage)s and d.deleted_at is null and d.closed_at is null and d.stage_since <= %(now)s
    group by 2
"""


@dataclass(frozen=True)
class Picture:
    """``moved`` and ``standing``: how many visits and deals by bars of ``width``; the last one: all longer."""

    dwell: Dwell
    width: timedelta
    moved: Sequence[int]
    standing: Sequence[int]

    @property
    def enough(self) -> bool:
        return self.dwell.n >= ENOUGH

    @property
    def number(self) -> int:
        return sum(self.moved)

    @property
    def number_standing(self) -> int:
        return sum(self.standing)


def picture(stage_id: str, norms: Sequence[timedelta | None], now: datetime) -> Picture:
    """Two queries. The width of bars leaves room for these norms."""
    dwell = regulations.suggest(stage_id)
    longest = [norm for norm in norms if norm is not None]
    width = _width(max([2 * (dwell.p80 or timedelta()), *(norm * 1.6 for norm in longest)]))
    values = {
        "stage": stage_id,
        "width": width.total_seconds(),
        "last": BARS,
        "now": now,
        "since": now - timedelta(days=DAYS),
    }
    [rows] = run_statements((COUNTS, values))
    found = {(standing, bar): number for standing, bar, number in rows}
    moved, standing = ([found.get((which, bar), 0) for bar in range(BARS + 1)] for which in (False, True))
    return Picture(dwell, width, moved, standing)


def _width(longest: timedelta) -> timedelta:
    return next((width for width in WIDTHS if width * BARS >= longest), WIDTHS[-1])
