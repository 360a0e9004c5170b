"""The clock against a walk through minutes, and the cases people argue about."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from team.calendars import Holidays
from team.clock import CALENDAR, Clock, Clocks, Override, Pattern, Schedule

MOSCOW = ZoneInfo("Europe/Moscow")
LONG = settings(deadline=None)  # the first to ask lays years out, which a busy machine does slowly
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def msk(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def pattern(
    days: str = "1111100",
    anchor: str = "2026-11-02",
    hours: str = "09:00-18:00",
    zone: str = "Europe/Moscow",
    holidays: bool = False,
) -> Pattern:
    starts, ends = (time.fromisoformat(part) for part in hours.split("-"))
    return Pattern(days, date.fromisoformat(anchor), starts, ends, zone, Holidays("RU") if holidays else None)


def clock(*overrides: Override, **options: object) -> Clock:
    return Clock(Schedule(pattern(**options), overrides))  # type: ignore[arg-type]  # as Pattern takes them


# --- the oracle: every worked minute of a fortnight, one by one, from each day's edges, never from the clock's windows


def worked_minutes(schedule: Schedule) -> set[int]:
    """Minutes since 1970 of the shifts of 20 March to 6 April: the newest rota, an override before it, no breaks."""
    found: set[int] = set()
    for number in range(18):
        day = date(2026, 3, 20) + timedelta(days=number)
        rota = schedule.pattern
        for since, changed in schedule.changes:
            rota = changed if since <= day else rota
        place = (day - rota.anchor).days % len(rota.days)
        said = [o.works for o in schedule.overrides if o.first <= day <= o.last]
        if any(said) if said else rota.days[place] == "1":
            hours = dict(rota.special).get(place, ((rota.starts, rota.ends),))
            at_work = set().union(*(minutes(rota, day, *span) for span in hours))
            for pause in rota.breaks:
                at_work -= minutes(rota, day, *pause) | minutes(rota, day + timedelta(days=1), *pause)
            found |= at_work
    return found


def minutes(rota: Pattern, day: date, starts: time, ends: time) -> set[int]:
    over = day + timedelta(days=ends <= starts)
    begins, until = (
        bisect_left(walls(rota.time_zone), datetime.combine(*edge)) for edge in ((day, starts), (over, ends))
    )
    return set(range(FIRST_MINUTE + begins, FIRST_MINUTE + until))


FIRST_MINUTE = int(datetime(2026, 3, 15, tzinfo=UTC).timestamp()) // 60


@cache
def walls(zone: str) -> list[datetime]:
    """The most that a clock on the wall has shown by each minute from 15 March on."""
    shown = (datetime.fromtimestamp((FIRST_MINUTE + n) * 60, ZoneInfo(zone)) for n in range(30 * 1440))
    return list(accumulate((one.replace(tzinfo=None, fold=0) for one in shown), max))


moments = st.integers(0, 9 * 1440).map(
    lambda minute: datetime(2026, 3, 24, tzinfo=UTC) + timedelta(minutes=minute)
)
times = st.integers(0, 1439).map(lambda minute: time(minute // 60, minute % 60))
day_numbers = st.integers(0, 11).map(lambda day: date(2026, 3, 22) + timedelta(days=day))


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    days = draw(st.text("01", min_size=1, max_size=8))
    special = st.tuples(st.integers(0, len(days) - 1), st.tuples(st.tuples(times, times)))
    return Pattern(
        days,
        draw(day_numbers),
        draw(times),
        draw(times),
        draw(
            st.sampled_from(["Europe/Moscow", "Europe/Berlin", "Asia/Vladivostok"])
        ),  # Berlin: summer on 29 March
        breaks=tuple(draw(st.lists(st.tuples(times, times), max_size=2))),
        special=tuple(draw(st.lists(special, max_size=2, unique_by=lambda one: one[0]))),
    )


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    first = draw(st.lists(day_numbers, max_size=2))
    overrides = tuple(Override(day, day + timedelta(days=1), draw(st.booleans())) for day in first)
    changes = draw(st.lists(st.tuples(day_numbers, patterns()), max_size=2, unique_by=lambda one: one[0]))
    return Schedule(draw(patterns()), overrides, tuple(sorted(changes, key=lambda one: one[0])))


@LONG
@given(schedules(), moments, moments)
def test_worked_counts_the_worked_minutes(schedule: Schedule, a: datetime, b: datetime) -> None:
    a, b = min(a, b), max(a, b)
    count = len(worked_minutes(schedule) & set(range(int(a.timestamp()) // 60, int(b.timestamp()) // 60)))
    found = Clock(schedule)
    assert found.worked(a, b) == count * MINUTE
    assert sum((part.amount for part in found.explain(a, b)), timedelta()) == count * MINUTE


@LONG
@given(schedules(), moments, st.integers(0, 1500).map(lambda minutes: minutes * MINUTE))
def test_after_is_the_least_moment_by_which_the_duration_is_worked(
    schedule: Schedule, moment: datetime, duration: timedelta
) -> None:
    found = Clock(schedule)
    reached = found.after(moment, duration)
    if reached is None:
        assert found.worked(moment, moment + timedelta(days=365)) < duration
    else:
        assert found.worked(moment, reached) == duration
        assert not duration or found.worked(moment, reached - timedelta(seconds=1)) < duration


@LONG
@given(schedules(), moments, moments, moments)
def test_time_adds_up(schedule: Schedule, a: datetime, b: datetime, c: datetime) -> None:
    a, b, c = sorted((a, b, c))
    found = Clock(schedule)
    assert found.worked(a, b) + found.worked(b, c) == found.worked(a, c)


@LONG
@given(schedules(), patterns(), day_numbers, moments, moments)
def test_a_change_of_rota_never_changes_what_was_worked_before_its_day(
    schedule: Schedule, changed: Pattern, day: date, a: datetime, b: datetime
) -> None:
    earlier = tuple(change for change in schedule.changes if change[0] < day)
    before = Schedule(schedule.pattern, schedule.overrides, schedule.changes)
    after = Schedule(schedule.pattern, schedule.overrides, (*earlier, (day, changed)))
    zones = [schedule.pattern.time_zone, changed.time_zone, *(one.time_zone for _, one in schedule.changes)]
    begins = min(datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for zone in zones)
    a, b = sorted((min(a, begins), min(b, begins)))
    assert Clock(after).worked(a, b) == Clock(before).worked(a, b)
    assert list(after.shifts(date(2026, 3, 1), day - timedelta(days=1))) == list(
        before.shifts(date(2026, 3, 1), day - timedelta(days=1))
    )


@pytest.mark.parametrize(
    ("options", "a", "b", "hours"),
    [
        ({}, "2026-11-13 17:00", "2026-11-16 10:00", 2),  # over a weekend
        (
            {"days": "111000", "anchor": "2026-11-10", "hours": "10:00-22:00"},
            "2026-11-10 00:00",
            "2026-11-22 00:00",
            72,
        ),  # 3/3
        ({"hours": "22:00-06:00", "days": "1"}, "2026-11-10 23:00", "2026-11-11 05:00", 6),  # overnight
        (
            {"hours": "22:00-06:00", "days": "10", "anchor": "2026-11-10"},
            "2026-11-11 00:00",
            "2026-11-12 00:00",
            6,
        ),  # the tail is of the 10th
        (
            {"hours": "08:00-08:00", "days": "1"},
            "2026-11-10 00:00",
            "2026-11-12 00:00",
            48,
        ),  # round the clock
        ({"holidays": True}, "2026-11-04 00:00", "2026-11-05 00:00", 0),  # Unity Day
        ({}, "2026-11-04 00:00", "2026-11-05 00:00", 9),  # a shop that works on holidays
        (
            {"holidays": True},
            "2025-11-01 00:00",
            "2025-11-02 00:00",
            9,
        ),  # a Saturday the state made a working day
        (
            {"holidays": True, "days": "1100", "anchor": "2026-11-03"},
            "2026-11-03 00:00",
            "2026-11-05 00:00",
            9,
        ),
        ({"holidays": True}, "2026-12-31 00:00", "2027-01-01 00:00", 0),  # a day off moved there
        (
            {"hours": "22:00-06:00", "days": "1", "zone": "Europe/Berlin"},
            "2026-10-24 12:00",
            "2026-10-25 12:00",
            9,
        ),  # 3 a.m. twice
        (
            {"hours": "22:00-06:00", "days": "1", "zone": "Europe/Berlin"},
            "2026-03-28 12:00",
            "2026-03-29 12:00",
            7,
        ),
    ],
)
def test_hours_that_people_argue_about(options: dict[str, object], a: str, b: str, hours: int) -> None:
    assert clock(**options).worked(msk(a), msk(b)) == hours * HOUR


def test_absences_stop_the_clock_and_an_extra_shift_beats_them() -> None:
    vacation = Override(date(2026, 11, 9), date(2026, 11, 13), works=False)
    extra = Override(date(2026, 11, 11), date(2026, 11, 11), works=True)
    week = msk("2026-11-09 00:00"), msk("2026-11-16 00:00")
    assert clock(vacation).worked(*week) == 0 * HOUR
    assert clock(vacation, extra).worked(*week) == 9 * HOUR
    assert clock(Override(date(2026, 11, 14), date(2026, 11, 14), works=True)).worked(*week) == 54 * HOUR


def test_after_the_end_of_a_shift_is_the_end_and_not_the_next_morning() -> None:
    assert clock().after(msk("2026-11-13 10:00"), 8 * HOUR) == msk("2026-11-13 18:00")
    assert clock().after(msk("2026-11-13 10:00"), 8 * HOUR + MINUTE) == msk("2026-11-16 09:01")
    assert clock().after(msk("2026-11-14 12:00"), timedelta()) == msk("2026-11-14 12:00")


def test_after_reaches_over_many_years_but_not_for_ever() -> None:
    assert clock(days="1", hours="09:00-10:00").after(msk("2026-11-02 00:00"), 800 * HOUR) == msk(
        "2029-01-09 10:00"
    )
    assert clock(days="0").after(msk("2026-11-02 00:00"), HOUR) is None
    assert clock(days="1", hours="09:00-10:00").after(msk("2026-11-02 00:00"), 3000 * HOUR) is None


def test_work_resumes_after_years_of_absence_but_not_for_ever() -> None:
    three = Override(date(2026, 11, 1), date(2029, 12, 31), works=False)
    assert clock(three).resumes(msk("2026-11-02 00:00")) == msk("2030-01-01 09:00")
    assert clock(days="0").resumes(msk("2026-11-02 00:00")) is None


def test_the_edges_of_a_shift_belong_to_it_as_half_open_spans_do() -> None:
    start, end = msk("2026-11-13 09:00"), msk("2026-11-13 18:00")
    assert clock().resumes(start) == start and clock().resumes(end) == msk("2026-11-16 09:00")
    assert (
        clock().worked(start, start + MINUTE) == MINUTE and clock().worked(end, end + MINUTE) == timedelta()
    )
    assert clock().worked(end, start) == timedelta()
    assert clock().explain(end, msk("2026-11-16 09:00")) == [] == clock().explain(start, start)
    assert [part.amount for part in clock().explain(start - MINUTE, start + MINUTE)] == [MINUTE]


def test_moments_far_away_cost_nothing_and_count_nothing() -> None:
    assert clock().worked(datetime(1970, 1, 1, tzinfo=UTC), datetime(1999, 1, 1, tzinfo=UTC)) == timedelta()
    assert clock().after(datetime(2150, 1, 1, tzinfo=UTC), HOUR) is None


def test_asking_about_an_earlier_year_later_gives_the_same_answer() -> None:
    asked = clock()
    asked.worked(msk("2026-11-02 00:00"), msk("2026-11-03 00:00"))
    assert asked.worked(msk("2021-11-01 00:00"), msk("2021-11-06 00:00")) == 45 * HOUR


def test_explain_names_each_shift_and_what_of_it_counted() -> None:
    parts = clock().explain(msk("2026-11-13 17:00"), msk("2026-11-16 10:30"))
    assert [(part.day.isoformat(), part.amount) for part in parts] == [
        ("2026-11-13", HOUR),
        ("2026-11-16", HOUR + 30 * MINUTE),
    ]


def test_the_calendar_never_stops_and_stands_in_where_there_is_no_rota() -> None:
    a, b = msk("2026-11-13 17:00"), msk("2026-11-16 10:00")
    assert CALENDAR.worked(a, b) == b - a
    assert CALENDAR.after(a, b - a) == b
    assert CALENDAR.worked(b, a) == timedelta()
    company = clock()
    assert Clocks(company, {7: clock(days="1")}).owner(8) is company
    assert Clocks().owner(None) is CALENDAR
