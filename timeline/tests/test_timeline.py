"""What a timeline answers about itself."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from timeline.timeline import (
    WON,
    WORK,
    Change,
    Piece,
    Planned,
    Review,
    Timeline,
    Touch,
    is_filled,
    is_open_at,
)


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


@pytest.mark.parametrize("day, holder", [(1, 5), (2, 5), (3, 5), (4, 6), (9, 6)])
def test_a_task_is_whose_it_was_given_to_last_and_before_its_creation_the_first_ones(
    day: int, holder: int
) -> None:
    assert Planned(1, ((at(2), 5), (at(4), 6)), at(2), ()).holder_at(at(day)) == holder
    assert Planned(1, ((at(2), 5),), at(2), ()).holder_at(at(day)) == 5


@pytest.mark.parametrize(
    "kind, seconds, attempt, contact",
    [
        ("call_out", 0, True, True),
        ("message_out", 0, True, True),
        ("call_in", 0, False, False),
        ("call_in", 1, False, True),
        ("note", 1, False, False),
    ],
)
def test_a_call_of_the_client_is_a_contact_once_it_is_taken(
    kind: str, seconds: int, attempt: bool, contact: bool
) -> None:
    touch = Touch(at(2), 5, kind, seconds)
    assert (touch.is_attempt, touch.is_contact) == (attempt, contact)


def test_what_hangs_on_the_client_belongs_to_the_deal_while_it_is_open() -> None:
    closed = Piece("1:142", WON, 6, at(8), None, 3, at(8))
    pieces = (*PIECES[:2], PIECES[2]._replace(until=at(8)), closed)
    own, early, late = (Touch(at(day), 5, on_contact=day != 9) for day in (9, 3, 8))
    life = Timeline(1, at(2), at(20), pieces=pieces, touches=(early, late, own))
    assert life.touches == (early, own)
    assert Timeline(1, at(2), at(20), pieces=pieces, touches=(own,)).touches == (own,)
    assert [is_open_at(pieces, at(day)) for day in (1, 2, 7, 8)] == [False, True, True, False]


def test_visits_are_cut_where_the_deal_goes_to_another_pipeline() -> None:
    pieces = [Piece(stage, WORK, 5, at(day), at(day + 1), day, at(day)) for day, stage in enumerate(
        ("1:10", "1:11", "2:10", "1:10"), 2)]  # fmt: skip
    runs = Timeline(1, at(2), at(20), pieces=tuple(pieces)).runs
    assert [[visit.stage for visit in run] for run in runs] == [["1:10", "1:11"], ["2:10"], ["1:10"]]


def test_of_a_deleted_deal_reviews_count_that_came_before() -> None:
    reviews = tuple(Review(at(day), day, 5, "1:10", {}) for day in (4, 5, 6))
    assert [one.at for one in deal(deleted_at=at(5), reviews=reviews).reviews] == [at(4)]


@pytest.mark.parametrize("updated, held", [(3, "2026-11-05"), (4, 1793836800), (5, 1793836800)])
def test_the_row_says_how_a_value_is_written_where_it_is_not_older_than_the_event(
    updated: int, held: object
) -> None:
    changes = (Change(at(4), "71", None, "2026-11-05"),)
    life = Timeline(1, at(2), at(updated), pieces=PIECES, changes=changes, fields={"71": 1793836800})
    assert [value for _, _, value in life.values("71")] == [held]


@pytest.mark.parametrize(
    "value, filled",
    [(None, False), ("", False), (0, False), (Decimal(0), False), (False, False), ([], False), ({}, False)]
    + [("x", True), (1, True), (Decimal("0.01"), True), (True, True), ([1], True), ({"a": 1}, True)],
)
def test_nothing_is_an_empty_text_list_or_sum_and_an_unticked_box(value: object, filled: bool) -> None:
    assert is_filled(value) is filled
