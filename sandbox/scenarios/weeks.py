"""The company's calendar: the story begins on a Monday 26 weeks before the week of «now», in Moscow time.

Everything dated is counted in weeks from that Monday, so two builds within one week tell the
same story and the later one merely goes on.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")
WEEKS = 26
MINUTE, HOUR, DAY = 60, 3600, 86400

# Weeks in which the story turns.
FLOOD = (13, 15)  # leads pour in
MASS_CLOSE = 15  # the Friday is looked for from here on
REFORM = 18  # automatic tasks everywhere, deals may live seven days, Роман is taught


def first_monday(now: datetime) -> date:
    """The Monday on which the story begins; `now` must be aware."""
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    today = now.astimezone(MOSCOW).date()
    return today - timedelta(days=today.weekday(), weeks=WEEKS)


def at(day: date, hour: float = 0) -> int:
    """Unix seconds of that hour of a Moscow day."""
    return int(datetime.combine(day, time(), MOSCOW).timestamp() + hour * HOUR)


def week_start(begin: date, week: float) -> int:
    return at(begin + timedelta(days=round(week * 7)))


def local(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, MOSCOW)
