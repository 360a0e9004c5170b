"""The day unlike others, and the burst within it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from metrics.losses import BURST, Loss, find_burst, find_unlike, group_by

DAY = date(2026, 9, 1)
NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)


def loss(deal: int, minutes: float, manager: int | None = 1, price: int = 10) -> Loss:
    return Loss(deal, NOON + timedelta(minutes=minutes), manager, "1:2", 1, None, None, Decimal(price))


def days(*counts: int) -> dict[date, int]:
    return {DAY + timedelta(days=place): count for place, count in enumerate(counts)}


def test_the_unlike_day_is_found_and_a_busy_one_is_not() -> None:
    assert find_unlike(days(8, 7, 9, 6, 8, 83, 7, 8)) == [DAY + timedelta(days=5)]
    assert find_unlike(days(8, 7, 9, 6, 8, 20, 7, 8)) == []
    assert find_unlike(days(0, 0, 0, 14, 0)) == []
    assert find_unlike(days(0, 0, 0, 15, 0, 40)) == [DAY + timedelta(days=5), DAY + timedelta(days=3)]
    assert find_unlike({}) == []


def test_the_burst_is_the_hour_with_the_most() -> None:
    found = find_burst([loss(1, 0), loss(2, 100, 1), loss(3, 130, 2), loss(4, 160, 2), loss(5, 160.5, None)])
    assert found is not None
    assert [one.deal for one in found.losses] == [2, 3, 4]
    assert (found.people, found.minutes) == ({2: 2, 1: 1}, 60)
    assert find_burst([]) is None


@given(st.lists(st.integers(0, 300), max_size=25))
def test_no_hour_has_more_than_the_burst(minutes: list[int]) -> None:
    losses = [loss(place, one) for place, one in enumerate(minutes)]
    found = find_burst(losses)
    most = max((sum(1 for b in losses if a.at <= b.at <= a.at + BURST) for a in losses), default=0)
    assert (len(found.losses) if found else 0) == most


def test_heaps_add_up_and_stand_by_number() -> None:
    heaps = group_by([loss(1, 0, 1, 5), loss(2, 1, 2, 7), loss(3, 2, 2, 1)], "manager")
    assert [(key, heap.deals, heap.money) for key, heap in heaps.items()] == [
        (2, 2, Decimal(8)),
        (1, 1, Decimal(5)),
    ]
