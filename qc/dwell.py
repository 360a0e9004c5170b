"""How long deals really stay on a stage: those that moved on, and those that stand there now, by length."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from msgspec import Struct, msgpack

from core.db import run_statements
from core.kept import Question, find_answer
from qc import regulations
from qc.regulations import Dwell

BARS = 40  # and one for all that is longer
ENOUGH = 30  # visits; below, percentiles are an accident
DAYS = 90  # of visits that are drawn
SLOW = 0.05  # seconds: what is counted in less is never old
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

# Visits that moved on to anything but a lost stage.
MOVED = """
    select false, least(floor(extract(epoch from s.left_at - s.visit_since) / %(width)s)::int, %(last)s), count(*)
    from pipelines_stay s
    where s.stage_id = %(stage)s and not s.inferred and s.left_at > s.visit_since and s.left_at > %(since)s
      and s.next_stage_id in (select id from pipelines_stage where kind <> 'lost')
      and not exists (select from pipelines_deal d where d.id = s.deal_id and d.deleted_at is not null)
    group by 2
"""
STANDING = """
    select true, least(floor(extract(epoch from %(now)s - d.stage_since) / %(width)s)::int, %(last)s), count(*)
    from pipelines_deal d
    where d.stage_id = %(stage)s and d.deleted_at is null and d.closed_at is null and d.stage_since <= %(now)s
    group by 2
"""


class Visits(Struct, frozen=True):
    """Visits that moved on: their lengths, and how many of them by bars of ``width``; the last one: all longer.
    ``standing``: open deals, likewise."""

    dwell: Dwell
    width: timedelta
    moved: list[int]
    standing: list[int]
    as_of: datetime


@dataclass(frozen=True)
class Picture:
    """What is drawn of `Visits`, and who stands there now; ``counted_at``: when the visits were, if not just now."""

    dwell: Dwell
    width: timedelta
    moved: Sequence[int]
    standing: Sequence[int]
    counted_at: datetime | None = None

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
    """Two queries, or one where the visits are kept. The width of bars leaves room for these norms."""
    longest = max([timedelta(), *(norm * 1.6 for norm in norms if norm is not None)])
    question = Question(
        f"visits:{connection.settings_dict['NAME']}:{stage_id}:{longest.total_seconds():.0f}",
        lambda: _count_visits(stage_id, longest, now),
        msgpack.encode,
        _decoder.decode,
        SLOW,
    )
    visits, is_kept = find_answer(question)
    standing, counted_at = visits.standing, None
    if is_kept:
        _moved, standing = _count_bars(STANDING, stage_id, visits.width, now)
        counted_at = visits.as_of
    return Picture(visits.dwell, visits.width, visits.moved, standing, counted_at)


def _count_visits(stage_id: str, longest: timedelta, now: datetime) -> Visits:
    dwell = regulations.suggest(stage_id)
    width = _width(max(2 * (dwell.p80 or timedelta()), longest))
    moved, standing = _count_bars(f"{MOVED} union all {STANDING}", stage_id, width, now)
    return Visits(dwell, width, moved, standing, now)


def _count_bars(
    statement: str, stage_id: str, width: timedelta, now: datetime
) -> tuple[list[int], list[int]]:
    """Of visits that moved on, and of open deals."""
    asked = {"stage": stage_id, "width": width.total_seconds(), "last": BARS}
    [rows] = run_statements((statement, asked | {"now": now, "since": now - timedelta(days=DAYS)}))
    found = {(standing, bar): number for standing, bar, number in rows}
    moved, here = ([found.get((which, bar), 0) for bar in range(BARS + 1)] for which in (False, True))
    return moved, here


def _width(longest: timedelta) -> timedelta:
    return next((width for width in WIDTHS if width * BARS >= longest), WIDTHS[-1])


_decoder = msgpack.Decoder(Visits)
