"""Lost deals in columns: they tell what their rows tell, to the last kopeck."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import loss_columns
from metrics.loss_columns import WORDS, group_by, list_dearest, pack, unpack
from metrics.tests import lost_rows
from metrics.tests.lost_rows import NOON, Loss, from_rows, in_order, loss, read_rows


def test_heaps_add_up_and_stand_by_number() -> None:
    heaps = group_by(from_rows([loss(1, 0, 1, 5), loss(2, 1, 2, 7), loss(3, 2, 2, 1)]), "manager")
    assert [(key, heap.deals, heap.money) for key, heap in heaps.items()] == [
        (2, 2, Decimal(8)),
        (1, 1, Decimal(5)),
    ]
    alike = group_by(from_rows([loss(1, 0, 2), loss(2, 1, None), loss(3, 2, 10), loss(4, 3, 1)]), "manager")
    assert list(alike) == [1, 10, 2, None]


@given(lost_rows.rows())
def test_columns_hold_their_rows_by_moment_also_as_bytes(rows: list[Loss]) -> None:
    losses = from_rows(rows)
    assert read_rows(losses) == in_order(rows)
    as_of, kept = unpack(pack(NOON, losses))
    assert (as_of, read_rows(kept)) == (NOON, in_order(rows))
    assert {name: column.dtype for name, column in kept.places.items()} == {
        name: column.dtype for name, column in losses.places.items()
    }


@given(lost_rows.rows(), st.sampled_from(WORDS))
def test_groups_are_those_of_the_rows(rows: list[Loss], column: str) -> None:
    found = group_by(from_rows(rows), column)
    assert [(word, heap.deals, heap.money) for word, heap in found.items()] == lost_rows.group_by(
        rows, column
    )


@given(lost_rows.rows(), st.sets(st.sampled_from([None, 1, 2, 10])))
def test_a_part_is_cut_out_by_words_and_keeps_its_order(rows: list[Loss], people: set[int | None]) -> None:
    losses = from_rows(rows)
    part = losses[losses.having("manager", people.__contains__)]
    own = [row for row in rows if row.manager in people]
    assert (read_rows(part), len(part)) == (in_order(own), len(own))
    assert part.money == sum((row.price for row in own), Decimal(0))
    assert list(group_by(part, "reason")) == [word for word, *_heap in lost_rows.group_by(own, "reason")]


@given(lost_rows.rows(), st.integers(1, 12))
def test_the_dearest_come_first_and_of_equal_ones_the_later_deal(rows: list[Loss], most: int) -> None:
    assert list_dearest(from_rows(rows), most) == lost_rows.list_dearest(rows, most)


@pytest.mark.parametrize("count", [255, 256, 257, 70_000])
def test_any_number_of_words_is_kept(count: int) -> None:
    rows = [loss(deal, 0)._replace(source=f"слово {deal}") for deal in range(count)]
    as_of, kept = unpack(pack(NOON, from_rows(rows)))
    assert [row.source for row in read_rows(kept)] == [row.source for row in rows]


def test_sums_of_the_largest_prices_do_not_run_over() -> None:
    largest = Decimal("999999999999999999.99")
    losses = from_rows([loss(deal, 0)._replace(price=largest) for deal in range(50_000)])
    assert losses.money == Decimal("49999999999999999999500.00")
    assert loss_columns.group_by(losses, "manager")[1].money == losses.money
