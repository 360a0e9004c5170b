"""The chart of a month's sales by day."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import charts, formats
from core.periods import Period
from kpi.calculation.rounding import ZERO
from kpi.pace import Days


def draw_days(person: int, period: Period, shown: Days) -> charts.Chart:
    """Sales to date, a bar a day that leads to the day's deals; a line for the month before."""
    locale, days, own = get_language() or "en", list(period.days()), shown.to_date
    bars = charts.Series(
        _("This month"),
        [*own, *[None] * (len(days) - len(own))],
        texts=[
            _("%(day)s: %(sum)s, %(today)s of them on this day")
            % {
                "day": formats.day(day, locale),
                "sum": formats.money(total, locale),
                "today": formats.money(shown.sales.get(day, ZERO), locale),
            }
            for day, total in zip(days, own, strict=False)
        ],
        hrefs=[_won_on(person, day) for day in days],
    )
    line = None
    if shown.before is not None:
        texts = [
            _("the month before by the same shift: %(sum)s") % {"sum": formats.money(total, locale)}
            for total in shown.before
        ]
        line = charts.Series(_("The month before"), shown.before, color="chart-6", texts=texts)
    return charts.bars_and_line(days, bars, line)


def _won_on(person: int, day: date) -> str:
    query: dict[str, Any] = {
        "result": "won",
        "closed_by": person,
        "since": day,
        "until": day + timedelta(days=1),
    }
    return f"{reverse('deals')}?{urlencode(query)}"
