"""Which time a report is about: a week «2026-W47» (Monday to Sunday) or a month «2026-11», and when it is due."""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from core.periods import Period, parse_month

WEEK, MONTH = "week", "month"
AT = time(9)  # of the Monday after, or of the first day of the month after
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


class Span(NamedTuple):
    """``before`` is the week or month before it."""

    kind: str
    label: str
    period: Period
    before: Period


def parse_span(text: str, zone: ZoneInfo) -> Span:
    """Raises ValueError with a sentence."""
    if match := _WEEK.fullmatch(text):
        try:
            monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        except ValueError:
            raise ValueError(f"{text!r} is not a week such as 2026-W47") from None
        return week_of(monday, zone)
    try:
        month = parse_month(text, zone)
    except ValueError:
        raise ValueError(f"{text!r} is not a week such as 2026-W47 or a month such as 2026-11") from None
    return Span(MONTH, month.label, month, month.previous)


def week_of(day: date, zone: ZoneInfo) -> Span:
    """The week that a local day lies in."""
    monday = day - timedelta(days=day.weekday())
    year, number, _day = monday.isocalendar()
    return Span(
        WEEK, f"{year:04d}-W{number:02d}", _week(monday, zone), _week(monday - timedelta(days=7), zone)
    )


def _week(monday: date, zone: ZoneInfo) -> Period:
    start, end = (datetime.combine(day, time(), zone) for day in (monday, monday + timedelta(days=7)))
    return Period(start, end, monday.isoformat())


def due_spans(now: datetime, zone: ZoneInfo) -> list[Span]:
    """The last whole week and month whose reports are due at ``now``: from nine o'clock of the day after their end."""
    local = now.astimezone(zone)
    spans = []
    for span in (
        week_of(local.date() - timedelta(days=7), zone),
        parse_span(f"{(local.date().replace(day=1) - timedelta(days=1)):%Y-%m}", zone),
    ):
        if local >= datetime.combine(span.period.end.date(), AT, zone):
            spans.append(span)
    return spans
