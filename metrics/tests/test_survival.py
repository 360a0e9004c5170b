from decimal import Decimal
from statistics import median as ordinary

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.survival import Wait, median


def waits(ended: list[int], going_on: list[int]) -> list[Wait]:
    return [Wait(Decimal(length), True) for length in ended] + [
        Wait(Decimal(length), False) for length in going_on
    ]


@pytest.mark.parametrize(
    ("ended", "going_on", "result"),
    [
        ([], [], None),
        ([5], [], 5),
        ([10, 30], [], 20),
        ([10, 30], [120], 30),
        ([10], [20, 30], None),
        ([10, 20], [5], 15),  # the one who left at 5 says nothing about later
        ([3, 9], [5, 6, 12], 9),
        ([3, 9, 9], [5, 6], 9),
    ],
)
def test_open_waits_are_longer_than_they_have_lasted(
    ended: list[int], going_on: list[int], result: int | None
) -> None:
    assert median(waits(ended, going_on)) == result


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=60))
def test_without_open_waits_it_is_the_ordinary_median(lengths: list[int]) -> None:
    assert median(waits(lengths, [])) == Decimal(str(ordinary(lengths)))
