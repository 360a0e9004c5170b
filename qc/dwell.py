"""How long deals really stay on a stage, as a picture with the norm drawn into it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core import charts, formats
from qc import regulations
from qc.regulations import Dwell

BARS = 40
ENOUGH = 30  # visits; below, percentiles are an accident
WIDTHS = [
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=7),
]

COUNTS = """
    select least(floor(extract(epoch from s.left_at - s.visit_since) / %(width)s)::int, %(last)s) as bar, count(*)
    from pipelines_stay s
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
    join pipelines_stage g on g.id = s.next_stage_id and g.kind <> 'lost'
    where s.stage_id = %(stage)s and not s.inferred and s.left_at > s.visit_since
    group by 1
"""


@dataclass(frozen=True)
class Picture:
    """Visits that moved on, by length. ``norm`` is drawn only when it is by the calendar, as the bars are."""

    dwell: Dwell
    figure: charts.Chart | None

    @property
    def enough(self) -> bool:
        return self.dwell.n >= ENOUGH


def picture(stage_id: str, norm: timedelta | None) -> Picture:
    """Two queries."""
    dwell = regulations.suggest(stage_id)
    if not dwell.n or dwell.p80 is None:
        return Picture(dwell, None)
    width = _width(max(3 * dwell.p80, norm or timedelta()))
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {"stage": stage_id, "width": width.total_seconds(), "last": BARS})
        counts = dict(cursor.fetchall())
    bars = list(range(max(counts) + 1))
    labels = [
        _length(bar * width) if bar < BARS else _("%(length)s+") % {"length": _length(bar * width)}
        for bar in bars
    ]
    series = charts.Series(
        _("Visits"),
        [counts.get(bar, 0) for bar in bars],
        texts=[_bar_text(bar, width, counts.get(bar, 0)) for bar in bars],
    )
    figure = charts.bars_and_line(labels, series)
    figure["layout"] |= {"bargap": 0.12, "xaxis": figure["layout"]["xaxis"] | {"nticks": 6, "tickangle": 0}}
    if norm is not None:
        place = min(norm / width, BARS + 1) - 0.5
        figure["layout"]["shapes"] = [
            {
                "type": "line",
                "x0": place,
                "x1": place,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": "var(--chart-bad)", "width": 2.5, "dash": "dot"},
            }
        ]
    return Picture(dwell, figure)


def _width(longest: timedelta) -> timedelta:
    return next((width for width in WIDTHS if width * BARS >= longest), WIDTHS[-1])


def _bar_text(bar: int, width: timedelta, count: int) -> str:
    visits = ngettext("%(n)s visit", "%(n)s visits", count) % {"n": count}
    if bar == BARS:
        return _("%(start)s and longer: %(visits)s") % {"start": _length(bar * width), "visits": visits}
    return _("from %(start)s to %(end)s: %(visits)s") % {
        "start": _length(bar * width),
        "end": _length((bar + 1) * width),
        "visits": visits,
    }


def _length(value: timedelta) -> str:
    return formats.duration(value, get_language() or "en")
