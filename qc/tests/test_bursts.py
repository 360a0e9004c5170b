"""Deeds in a row, and from where on rows hang on nothing before."""

from typing import NamedTuple

import pytest

from qc.rules.bursts import begin_apart, find_bursts, question
from qc.rules.person_mass_move import Burst
from qc.tests.lives import at, hours
from timeline.subjects import Deed

LIMIT = Burst(3, hours(1))


class Row(NamedTuple):
    deals: list[int]
    full: int


def rows(*moments: float, limit: Burst = LIMIT) -> list[Row]:
    deeds = [Deed(at(moment), number, 7) for number, moment in enumerate(moments, 1)]
    return [
        Row([deed.deal for deed in row], full.deal) for row, full in find_bursts(deeds, lambda _at: limit)
    ]


@pytest.mark.parametrize(
    ("moments", "found"),
    [
        ((0, 0.5), []),
        ((0, 0.5, 1), [Row([1, 2, 3], 3)]),  # the window is an hour, its end included
        ((0, 0.5, 1.1), []),
        ((0, 0.5, 1, 1.5, 2), [Row([1, 2, 3, 4, 5], 3)]),  # it goes on while each three lie within the window
        ((0, 0.5, 1, 1, 1.5, 2), [Row([1, 2, 3, 4, 5, 6], 3)]),
        ((0, 0.5, 1, 1.5, 9), [Row([1, 2, 3, 4], 3)]),
        ((0, 0.5, 1, 1.9, 2), [Row([1, 2, 3, 4, 5], 3)]),  # three of them begin with the last one of the row
        ((0, 0.5, 1, 5, 5, 5), [Row([1, 2, 3], 3), Row([4, 5, 6], 6)]),
        ((0, 0, 0, 1, 1, 1), [Row([1, 2, 3, 4, 5, 6], 3)]),
        ((0, 0, 0, 1.1, 1.1, 1.1), [Row([1, 2, 3], 3), Row([4, 5, 6], 6)]),
    ],
)
def test_rows_are_as_long_as_they_go_on(moments: tuple[float, ...], found: list[Row]) -> None:
    assert rows(*moments) == found
    assert rows(*moments, limit=Burst(3, None)) == []


def test_a_question_stands_for_two_weeks_from_when_the_row_was_full() -> None:
    deeds = [Deed(at(moment), deal, 7) for moment, deal in ((0, 5), (0.2, 6), (0.3, 5))]
    asked = question(1, deeds, deeds[1])
    assert (asked.since, asked.opens_at, asked.closes_at) == (at(0), at(0.2), at(0.2 + 14 * 24))
    assert asked.values == {"count": 3, "deals": [5, 6]}


@pytest.mark.parametrize(
    ("moments", "since", "lower", "begin"),
    [
        ((), 10, 0, 10),
        ((), 10, 9, None),  # what lies an hour before may be hung on by something unread
        ((), 10, 8.9, 10),
        ((8.9,), 10, 0, 10),  # a gap of more than an hour
        ((9,), 10, 0, 9),  # exactly an hour is none
        ((9, 9.5, 10, 11), 10, 0, 9),
        ((5, 8, 9, 9.5), 10, 0, 8),
        ((5, 9.5), 10, 8.5, None),
        ((12,), 10, 0, 10),  # what comes later is no part of it
    ],
)
def test_rows_begin_anew_after_a_gap_longer_than_their_window(
    moments: tuple[float, ...], since: float, lower: float, begin: float | None
) -> None:
    seen = [at(moment) for moment in moments if moment >= lower]
    found = begin_apart(seen, at(since), at(lower), hours(1))
    assert found == (None if begin is None else at(begin))
