"""Hours that are more than one span: breaks, shorter Fridays, nights, eves of holidays, changes of rota and of zone."""

import sys
from datetime import date, datetime, time, timedelta
from types import FrameType
from zoneinfo import ZoneInfo

import pytest

from team.calendars import Holidays
from team.clock import Clock
from team.patterns import Override, Pattern, Schedule, laid, round_the_clock, shortened, without

MOSCOW = ZoneInfo("Europe/Moscow")
HOUR = timedelta(hours=1)
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)


def span(text: str) -> tuple[time, time]:
    starts, ends = text.split("-")
    return time.fromisoformat(starts), time.fromisoformat(ends)


def week(hours: str = "09:00-18:00", **options: object) -> Pattern:
    days, anchor = options.pop("days", "1111100"), options.pop("anchor", date(2026, 11, 2))
    zone = options.pop("zone", "Europe/Moscow")
    return Pattern(days, anchor, *span(hours), zone, **options)  # type: ignore[arg-type]  # as Pattern takes them


def worked(pattern: Pattern, first: str, last: str) -> float:
    """Hours from the midnight that begins the first day to the one that ends the last, by Moscow."""
    begins = datetime.fromisoformat(first).replace(tzinfo=MOSCOW)
    ends = datetime.fromisoformat(last).replace(tzinfo=MOSCOW) + timedelta(days=1)
    return Clock(Schedule(pattern)).worked(begins, ends) / HOUR


@pytest.mark.parametrize(
    ("spans", "breaks", "hours"),
    [
        ("09:00-18:00", "13:00-14:00", "9-13 14-18"),
        ("09:00-18:00", "08:00-10:00 17:30-19:00", "10-17.5"),
        ("09:00-18:00", "18:00-19:00", "9-18"),  # half-open: a break after work is none
        ("09:00-18:00", "00:00-00:00", ""),
        ("22:00-06:00", "02:00-03:00", "22-26 27-30"),
        ("22:00-06:00", "23:30-00:30", "22-23.5 24.5-30"),
        ("20:00-08:00", "", "20-32"),
        ("08:00-08:00", "13:00-14:00", "8-13 14-32"),
        ("09:00-13:00 14:00-17:00", "", "9-13 14-17"),
        ("22:00-02:00 03:00-06:00", "", "22-26 27-30"),
    ],
)
def test_a_day_is_a_list_of_hours(spans: str, breaks: str, hours: str) -> None:
    found = without(laid(map(span, spans.split())), map(span, breaks.split()))
    assert " ".join(f"{start / HOUR:g}-{end / HOUR:g}" for start, end in found) == hours


@pytest.mark.parametrize(
    ("less", "hours"), [(0, "9-13 14-18"), (60, "9-13 14-17"), (240, "9-13"), (300, "9-12"), (600, "")]
)
def test_a_shortened_day_loses_the_end_of_its_work_and_no_break(less: int, hours: str) -> None:
    found = shortened(laid((span("09:00-13:00"), span("14:00-18:00"))), timedelta(minutes=less))
    assert " ".join(f"{start / HOUR:g}-{end / HOUR:g}" for start, end in found) == hours


RUSSIA = Holidays("RU", eve=60)
LUNCH = (span("13:00-14:00"),)
FRIDAY = ((4, (span("09:00-17:00"),)),)


@pytest.mark.parametrize(
    ("pattern", "first", "last", "hours"),
    [
        (week(breaks=LUNCH), "2026-11-09", "2026-11-15", 40),
        (week(breaks=LUNCH, special=FRIDAY), "2026-11-09", "2026-11-15", 39),
        (
            week(breaks=LUNCH, special=FRIDAY, holidays=RUSSIA),
            "2026-11-02",
            "2026-11-08",
            30,
        ),  # 8 + 7 + 0 + 8 + 7
        (
            week(holidays=Holidays("RU")),
            "2026-11-03",
            "2026-11-03",
            9,
        ),  # an eve is shorter only where it is said
        (
            week(holidays=RUSSIA),
            "2026-12-30",
            "2026-12-30",
            9,
        ),  # the 31st is a day off moved there, no holiday
        (week(holidays=RUSSIA), "2026-04-30", "2026-04-30", 8),
        (week(holidays=RUSSIA), "2026-05-08", "2026-05-08", 8),
        (week(holidays=Holidays("KZ")), "2026-03-23", "2026-03-23", 0),
        (week(holidays=Holidays("RU")), "2026-03-23", "2026-03-23", 9),
        (week(holidays=Holidays("KZ")), "2026-11-04", "2026-11-04", 9),
        (week(holidays=Holidays()), "2026-11-04", "2026-11-04", 9),  # no country: only the days listed
        (week(holidays=Holidays("RU", rests=frozenset({date(2026, 11, 5)}))), "2026-11-05", "2026-11-05", 0),
        (week(holidays=Holidays("RU", works=frozenset({date(2026, 11, 4)}))), "2026-11-04", "2026-11-04", 9),
        (week(holidays=Holidays("RU", works=frozenset({date(2026, 11, 7)}))), "2026-11-07", "2026-11-07", 9),
        (
            week(days="1100", holidays=Holidays("RU", works=frozenset({date(2026, 11, 4)}))),
            "2026-11-04",
            "2026-11-04",
            0,  # off by 2/2 anyway
        ),
        (
            week(holidays=Holidays("RU", works=frozenset({date(2026, 11, 4)}), eve=60)),
            "2026-11-03",
            "2026-11-03",
            9,  # no holiday, no eve
        ),
        (week(holidays=Holidays("RU", shortened=((date(2026, 11, 5), 120),))), "2026-11-05", "2026-11-05", 7),
        (
            week(holidays=Holidays("RU", shortened=((date(2026, 11, 3), 0),), eve=60)),
            "2026-11-03",
            "2026-11-03",
            9,  # said of this eve alone
        ),
        (week("22:00-06:00", days="1", breaks=(span("02:00-03:00"),)), "2026-11-10", "2026-11-10", 7),
    ],
)
def test_hours_with_breaks_and_calendars(pattern: Pattern, first: str, last: str, hours: float) -> None:
    assert worked(pattern, first, last) == hours


def test_explain_leaves_the_lunch_out() -> None:
    clock = Clock(Schedule(week(breaks=LUNCH)))
    monday = datetime(2026, 11, 9, 12, tzinfo=MOSCOW)
    parts = clock.explain(monday, monday + 3 * HOUR)
    assert [(part.start.astimezone(MOSCOW).hour, part.amount) for part in parts] == [(12, HOUR), (14, HOUR)]
    assert clock.after(monday, HOUR) == monday + HOUR, "the end of work before lunch, not the end of lunch"
    assert clock.resumes(monday + 1.5 * HOUR) == monday + 2 * HOUR


def test_an_extra_shift_has_the_hours_of_the_rota_of_its_day() -> None:
    longer = week("10:00-22:00", breaks=LUNCH)
    extra = Override(date(2026, 11, 14), date(2026, 11, 22), works=True)
    schedule = Schedule(week(), (extra,), ((date(2026, 11, 20), longer),))
    hours = {
        day: sum((shift.end - shift.start for shift in schedule.windows(date(2026, 11, day))), timedelta())
        for day in (14, 15, 21)
    }
    assert hours == {14: 9 * HOUR, 15: 9 * HOUR, 21: 11 * HOUR}


def test_from_3_3_to_5_2_the_days_before_stay() -> None:
    threes = week(days="111000", anchor=date(2026, 11, 1))
    schedule = Schedule(threes, (), ((date(2026, 11, 20), week()),))
    days = [shift.day.day for shift in schedule.shifts(*NOVEMBER)]
    assert days == [1, 2, 3, 7, 8, 9, 13, 14, 15, 19, 20, 23, 24, 25, 26, 27, 30]


def test_a_zone_changes_with_its_rota() -> None:
    east = week(zone="Asia/Vladivostok", days="1")
    schedule = Schedule(week(days="1"), (), ((date(2026, 11, 10), east),))
    starts = [shift.start.hour for shift in schedule.shifts(date(2026, 11, 9), date(2026, 11, 10))]
    assert starts == [6, 23]
    clock = Clock(Schedule(week("18:00-06:00", days="1"), (), ((date(2026, 11, 10), east),)))
    night = datetime(2026, 11, 9, 18, tzinfo=MOSCOW)
    assert clock.worked(night, night + timedelta(days=1)) == 17 * HOUR, (
        "where two shifts overlap, time counts once"
    )
    early = week(
        "00:00-04:00", zone="Asia/Vladivostok", days="1"
    )  # begins before the evening shift of its yesterday
    clock = Clock(Schedule(week("22:00-23:00", days="1"), (), ((date(2026, 11, 10), early),)))
    noon = datetime(2026, 11, 9, 12, tzinfo=MOSCOW)
    assert clock.worked(noon, noon + timedelta(hours=12)) == 5 * HOUR


def test_the_day_before_a_holiday_that_was_moved_is_no_eve() -> None:
    assert RUSSIA.shorter_by(date(2023, 11, 3)) == 60, "before Unity Day, a Saturday"
    assert RUSSIA.shorter_by(date(2023, 11, 5)) == 0, "before the Monday off for it"


def test_where_no_rota_was_known_every_hour_counts() -> None:
    schedule = Schedule(round_the_clock("Europe/Moscow"), (), ((date(2026, 11, 10), week()),))
    assert (
        Clock(schedule).worked(datetime(2026, 11, 8, tzinfo=MOSCOW), datetime(2026, 11, 11, tzinfo=MOSCOW))
        == (48 + 9) * HOUR
    )


def test_an_absence_stops_no_clock_before_a_rota_was_known() -> None:
    away = Override(date(2026, 11, 8), date(2026, 11, 11), works=False)
    schedule = Schedule(round_the_clock("Europe/Moscow"), (away,), ((date(2026, 11, 10), week()),))
    two_days = datetime(2026, 11, 8, tzinfo=MOSCOW), datetime(2026, 11, 12, tzinfo=MOSCOW)
    assert Clock(schedule).worked(*two_days) == 48 * HOUR


def count_lines_of_questions(schedule: Schedule) -> int:
    """How many lines of Python 2,000 questions run through, asked of a clock that has been laid out."""
    clock = Clock(schedule)
    moments = [datetime(2026, 1, 1, tzinfo=MOSCOW) + timedelta(minutes=251 * n) for n in range(1000)]
    clock.worked(moments[0], moments[-1])
    lines = 0

    def count(frame: FrameType, event: str, arg: object) -> object:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        for moment in moments:
            clock.worked(moment, moment + timedelta(days=3))
            clock.after(moment, 20 * HOUR)
    finally:
        sys.settrace(before)
    return lines


def test_breaks_and_changes_cost_a_question_next_to_nothing() -> None:
    """Clocks are laid out once, and every question is a search in what is laid out."""
    plain = Schedule(week())
    changes = tuple(
        (date(2026, month, 1), week(breaks=LUNCH, special=FRIDAY, holidays=RUSSIA)) for month in range(2, 13)
    )
    dated = Schedule(week(), (Override(date(2026, 6, 1), date(2026, 6, 14), works=False),), changes)
    assert count_lines_of_questions(dated) < 1.1 * count_lines_of_questions(plain)
