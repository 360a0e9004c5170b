"""What a timeline answers about itself."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from timeline.timeline import WORK, Piece, Planned, Timeline, is_filled


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=UTC)


PIECES = (
    Piece("1:10", WORK, 5, at(2), at(4), 1, at(2)),
    Piece("1:10", WORK, 6, at(4), at(6), 1, at(2)),
    Piece("1:11", WORK, 6, at(6), None, 2, at(6)),
)


def deal(**values: object) -> Timeline:
    return Timeline(1, at(2), at(20), pieces=PIECES, **values)  # type: ignore[arg-type]  # of any field


@pytest.mark.parametrize("day, place", [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 2), (30, 2)])
def test_a_moment_lies_in_one_piece_and_outside_of_life_in_the_nearest(day: int, place: int) -> None:
    assert deal().piece_at(at(day)) == PIECES[place]


def test_without_a_history_no_piece_holds_a_moment() -> None:
    assert Timeline(1, at(2), at(2)).piece_at(at(3)) is None


def test_a_deleted_deal_and_its_tasks_end_with_it() -> None:
    tasks = (
        Planned(1, ((at(2), 5),), at(2), ((at(2), at(3)),), completed_at=at(3)),
        Planned(2, ((at(2), 5),), at(2), ((at(2), at(9)),)),
        Planned(3, ((at(2), 5),), at(2), ((at(2), at(9)),), completed_at=at(8)),
    )
    gone = deal(deleted_at=at(5), tasks=tasks)
    assert [(piece.since, piece.until) for piece in gone.pieces] == [(at(2), at(4)), (at(4), at(5))]
    assert [task.ended_at for task in gone.tasks] == [at(3), at(5), at(5)]
    assert [visit.until for visit in gone.visits] == [at(5)]


def test_a_deal_that_is_deleted_where_a_piece_begins_has_no_such_piece() -> None:
    assert [piece.stage for piece in deal(deleted_at=at(6)).pieces] == ["1:10", "1:10"]


@pytest.mark.parametrize(
    "value, filled",
    [(None, False), ("", False), (0, False), (Decimal(0), False), (False, False), ([], False), ({}, False)]
    + [("x", True), (1, True), (Decimal("0.01"), True), (True, True), ([1], True), ({"a": 1}, True)],
)
def test_nothing_is_an_empty_text_list_or_sum_and_an_unticked_box(value: object, filled: bool) -> None:
    assert is_filled(value) is filled
