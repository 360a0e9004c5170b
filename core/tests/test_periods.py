from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import Period, month_of, parse_month

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_month_starts_and_ends_at_local_midnight() -> None:
    november = parse_month("2026-11", MOSCOW)
    assert november.start == datetime(2026, 10, 31, 21, tzinfo=UTC)
    assert november.end == datetime(2026, 11, 30, 21, tzinfo=UTC)
    assert (november.label, november.first, november.last) == (
        "2026-11",
        date(2026, 11, 1),
        date(2026, 11, 30),
    )


def test_the_end_is_not_in_the_period() -> None:
    november = parse_month("2026-11", MOSCOW)
    assert november.start in november and november.end not in november


def test_neighbours_of_a_month_are_months_even_where_clocks_change() -> None:
    march = parse_month("2026-03", BERLIN)
    assert march.next == parse_month("2026-04", BERLIN) and march.previous == parse_month("2026-02", BERLIN)
    assert parse_month("2026-12", MOSCOW).next.label == "2027-01"
    assert parse_month("2026-01", MOSCOW).previous.label == "2025-12"


def test_a_month_is_found_by_the_local_calendar() -> None:
    last_evening_in_utc = datetime(2026, 10, 31, 21, 30, tzinfo=UTC)
    assert month_of(last_evening_in_utc, MOSCOW).label == "2026-11"
    assert month_of(date(2026, 10, 31), MOSCOW).label == "2026-10"


@pytest.mark.parametrize(
    ("from_", "to", "start", "end", "label"),
    [
        ("2026-11-01", "2026-12-01", (2026, 11, 1), (2026, 12, 1), "2026-11"),
        ("2026-11", "2026-12", (2026, 11, 1), (2026, 12, 1), "2026-11"),
        ("2026-11-03", "2026-11-10", (2026, 11, 3), (2026, 11, 10), "2026-11-03/2026-11-10"),
        (
            "2026-10-31T21:00:00Z",
            "2026-11-02T00:00:00+03:00",
            (2026, 11, 1),
            (2026, 11, 2),
            "2026-11-01/2026-11-02",
        ),
    ],
)
def test_bounds_are_days_months_or_moments(
    from_: str, to: str, start: tuple[int, int, int], end: tuple[int, int, int], label: str
) -> None:
    period = Period.parse(from_, to, MOSCOW)
    assert (period.start, period.end) == (datetime(*start, tzinfo=MOSCOW), datetime(*end, tzinfo=MOSCOW))
    assert period.label == label


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (text, f"{text!r} is not a month such as 2026-11")
        for text in ("2026-13", "2026-00", "november", "", "2026-1", "0026-11", "2026-11-01")
    ],
)
def test_a_nonsense_month_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_month(text, MOSCOW)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("from_", "to", "sentence"),
    [
        (
            "yesterday",
            "2026-11-02",
            "from: 'yesterday' is not a day such as 2026-11-05 or a month such as 2026-11",
        ),
        ("2026-11-01", "", "to: '' is not a day such as 2026-11-05 or a month such as 2026-11"),
        (
            "2026-11-01",
            "2026-02-30",
            "to: '2026-02-30' is not a day such as 2026-11-05 or a month such as 2026-11",
        ),
        (
            "0001-01-01",
            "2026-11-01",
            "from: '0001-01-01' is not a day such as 2026-11-05 or a month such as 2026-11",
        ),
        ("2026-11-05", "2026-11-05", "to: 2026-11-05 must be later than from: 2026-11-05"),
    ],
)
def test_nonsense_bounds_are_refused_with_a_sentence(from_: str, to: str, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        Period.parse(from_, to, MOSCOW)
    assert str(error.value) == sentence


def test_the_days_of_a_period_are_those_it_touches() -> None:
    week = Period.parse("2026-11-02", "2026-11-05", MOSCOW)
    assert list(week.days()) == [date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 4)]


def test_a_week_moves_by_weeks_of_local_days() -> None:
    week = Period.parse("2026-10-20", "2026-10-27", BERLIN)  # clocks go back on the 25th
    assert week.end - week.start == timedelta(days=7)  # wall clock
    assert week.end.astimezone(UTC) - week.start.astimezone(UTC) == timedelta(days=7, hours=1)
    assert week.next == Period.parse("2026-10-27", "2026-11-03", BERLIN)
    assert week.previous == Period.parse("2026-10-13", "2026-10-20", BERLIN)


def test_until_is_now_while_the_period_lasts_and_its_end_afterwards() -> None:
    november = parse_month("2026-11", MOSCOW)
    assert november.until(datetime(2026, 11, 21, tzinfo=UTC)) == datetime(2026, 11, 21, tzinfo=UTC)
    assert november.until(datetime(2027, 1, 1, tzinfo=UTC)) == november.end


def test_a_month_is_its_own_only_month() -> None:
    november = parse_month("2026-11", MOSCOW)
    assert [one.label for one in november.months()] == ["2026-11"]


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),
    st.timedeltas(timedelta(hours=1), timedelta(days=400)),
)
def test_months_of_a_period_follow_each_other_without_gaps(start: datetime, length: timedelta) -> None:
    local = start.replace(tzinfo=MOSCOW)
    period = Period(local, local + length, "x")
    months = list(period.months())
    assert months[0].start == period.start and months[-1].end == period.end
    assert all(before.end == after.start for before, after in zip(months, months[1:], strict=False))
    assert list(period.days()) == sorted(set(period.days()))
