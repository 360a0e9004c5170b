"""The day unlike others, the burst within it, and what may be lost by mistake."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.loss_days import BURST, CAME_BACK, MASS, by_day, find_burst, find_mistakes, find_unlike
from metrics.tests import lost_rows
from metrics.tests.lost_rows import NOON, Loss, from_rows, loss, read_rows

DAY = date(2026, 9, 1)


def days(*counts: int) -> dict[date, int]:
    return {DAY + timedelta(days=place): count for place, count in enumerate(counts)}


def test_the_unlike_day_is_found_and_a_busy_one_is_not() -> None:
    assert find_unlike(days(8, 7, 9, 6, 8, 83, 7, 8)) == [DAY + timedelta(days=5)]
    assert find_unlike(days(8, 7, 9, 6, 8, 20, 7, 8)) == []
    assert find_unlike(days(0, 0, 0, 14, 0)) == []
    assert find_unlike(days(0, 0, 0, 15, 0, 40)) == [DAY + timedelta(days=5), DAY + timedelta(days=3)]
    assert find_unlike({}) == []
    assert find_unlike(days(5, 5, 5, 5, 15)) == [DAY + timedelta(days=4)]  # three times as many
    assert find_unlike(days(3, 7, 3, 7, 5, 17, 3)) == [DAY + timedelta(days=5)]  # six spreads of 2 away
    assert find_unlike(days(0, 10, 0, 10, 5, 30, 0)) == []  # five spreads of 5


def test_the_burst_is_the_hour_with_the_most() -> None:
    found = find_burst(
        from_rows([loss(1, 0), loss(2, 100, 1), loss(3, 130, 2), loss(4, 160, 2), loss(5, 160.5, None)])
    )
    assert found is not None
    assert found.losses.deal.tolist() == [2, 3, 4]
    assert (found.people, found.minutes) == ({2: 2, 1: 1}, 60)
    assert (found.since, found.until) == (NOON + timedelta(minutes=100), NOON + timedelta(minutes=160))
    assert find_burst(from_rows([])) is None
    alone = find_burst(from_rows([loss(1, 0)]))
    assert alone is not None and alone.minutes == 1


@given(st.lists(st.integers(0, 300), max_size=25))
def test_no_hour_has_more_than_the_burst(minutes: list[int]) -> None:
    losses = [loss(place, one) for place, one in enumerate(minutes)]
    found = find_burst(from_rows(losses))
    most = max((sum(1 for b in losses if a.at <= b.at <= a.at + BURST) for a in losses), default=0)
    assert (len(found.losses) if found else 0) == most


@given(lost_rows.rows())
def test_the_burst_is_the_first_of_equals(rows: list[Loss]) -> None:
    found, expected = find_burst(from_rows(rows)), lost_rows.find_burst(rows, BURST)
    assert (read_rows(found.losses) if found else []) == expected
    if found:
        assert (found.since, found.until) == (expected[0].at, expected[-1].at)
        people = [(row.manager, sum(row.manager == one.manager for one in expected)) for row in expected]
        assert list(found.people.items()) == sorted(set(people), key=lambda one: (-one[1], str(one[0])))


def test_a_deal_whose_client_came_back_and_one_of_a_burst_may_be_mistakes() -> None:
    rows = from_rows(
        [
            loss(1, 0)._replace(came_back=True),
            loss(2, 1),
            loss(3, 500),
            loss(4, 600)._replace(came_back=True),
        ]
    )
    burst = find_burst(rows[:2])
    assert burst is not None
    found = find_mistakes(rows, [burst])
    assert {why: own.deal.tolist() for why, own in found.items()} == {CAME_BACK: [1, 4], MASS: [2]}
    assert [len(own) for own in find_mistakes(rows[1:3], []).values()] == [0, 0]


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Europe/Moscow", datetime(2026, 10, 2, 21, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 11, 1, 4, tzinfo=UTC)),  # from one o'clock back to midnight
        ("Asia/Beirut", datetime(2026, 10, 24, 21, tzinfo=UTC)),  # from midnight back to eleven
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),  # a day that begins at one o'clock
        ("Atlantic/Azores", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ],
)
@given(data=st.data())
def test_days_are_those_of_the_zone_and_mistakes_those_of_their_bursts(
    data: st.DataObject, zone: str, midnight: datetime
) -> None:
    first = midnight - timedelta(hours=3)
    rows, where = data.draw(lost_rows.rows(first, 6 * 60)), ZoneInfo(zone)
    days = [first.astimezone(where).date() + timedelta(days=place) for place in range(4)]
    found, expected = by_day(from_rows(rows), days, where), lost_rows.by_day(rows, days, where)
    assert [(day, read_rows(own)) for day, own in found.items()] == list(expected.items())
    for cut in (rows, expected[days[0]], expected[days[1]]):
        bursts = [burst for own in found.values() if (burst := find_burst(own))]
        mistakes = find_mistakes(from_rows(cut), bursts)
        of_days = [lost_rows.find_burst(own, BURST) for own in expected.values()]
        assert tuple(map(read_rows, mistakes.values())) == lost_rows.find_mistakes(cut, of_days)
