"""How long deals really stay on a stage, as a picture with the norm drawn into it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core import charts, formats
from qc import regulations
from qc.regulations import VISITS, Dwell

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

# All visits are read once: first what is usual, then, by the width that follows from it, the bars.
PICTURE = f"""
    with visit as materialized ({VISITS}), dwell as materialized (
        select count(*) as n, percentile_disc(array[0.5, 0.75, 0.8]) within group (order by length) as usual from visit
    ), bars as (
        select least(floor(length / width.seconds)::int, %(last)s) as bar, count(*) as n
        from visit cross join (
            select coalesce(min(seconds) filter (where seconds * %(last)s >= greatest(3 * usual[3], %(norm)s)),
                            max(seconds)) as seconds
            from dwell cross join unnest(%(widths)s::float8[]) as seconds
        ) width
        group by 1
    )
    select n, usual, (select coalesce(json_object_agg(bar, n), '{{}}') from bars) from dwell
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
    """One query."""
    values: dict[str, Any] = {
        "stage": stage_id,
        "last": BARS,
        "norm": (norm or timedelta()).total_seconds(),
        "widths": [width.total_seconds() for width in WIDTHS],
    }
    with connection.cursor() as cursor:
        cursor.execute(PICTURE, values)
        n, usual, told = cursor.fetchone()
    dwell = regulations.told_dwell(n, usual)
    if dwell.p80 is None:
        return Picture(dwell, None)
    width = _width(max(3 * dwell.p80, norm or timedelta()))
    counts = {int(bar): count for bar, count in told.items()}
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
