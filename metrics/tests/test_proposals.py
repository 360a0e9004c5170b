"""Piles of open deals: each deal in one, ranked by what may be expected; against a slow count."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.proposals import CROWD, ORDER, Standing, due_on, find_worth, propose

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def deal(pk: int, **facts: object) -> Standing:
    first = {"stage": "1:10", "manager": 7, "price": Decimal(1000), "since": NOW - timedelta(days=10)}
    return Standing(deal=pk, **{**first, **facts})


def kinds(rows: list[Standing], **known: object) -> dict[str, int]:
    return {one.key: one.n for one in propose(rows, NOW, **known)}


CASES = [
    ("a leaver's deals", [deal(1, manager=9)], {"gone": [9]}, {"gone:9": 1}),
    ("nobody's", [deal(1, manager=None)], {}, {"ownerless": 1}),
    ("two are no pile", [deal(n, unplanned=True) for n in range(2)], {}, {}),
    ("three are", [deal(n, unplanned=True) for n in range(3)], {}, {"unplanned": 3}),
    (
        "ready and quiet",
        [deal(n, stuck=True) for n in range(3)],
        {"nearly_sold": ["1:10"]},
        {"ready:1:10": 3},
    ),
    (
        "ready, but told yesterday",
        [deal(n, stuck=True, touched_at=NOW - timedelta(days=1)) for n in range(3)],
        {"nearly_sold": ["1:10"]},
        {},
    ),
    ("a crowd", [deal(n, stuck=True) for n in range(CROWD)], {}, {"crowded:1:10": CROWD}),
    (
        "less than half of the stage",
        [deal(n, stuck=n < CROWD) for n in range(2 * CROWD + 1)],
        {},
        {},
    ),
    ("hidden", [deal(1, manager=9)], {"gone": [9], "hidden": ["gone:9"]}, {}),
    ("old and stuck", [deal(n, old=True, stuck=True) for n in range(4)], {}, {"hopeless": 4}),
]


@pytest.mark.parametrize(
    ("rows", "known", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_piles(rows: list[Standing], known: dict[str, object], expected: dict[str, int]) -> None:
    assert kinds(rows, **known) == expected


def test_what_brings_most_comes_first_then_number_then_age() -> None:
    rows = [deal(1, manager=9, chance=0.5), deal(2, manager=8, chance=0.1, price=Decimal(9000))]
    rows += [deal(n, manager=None, since=NOW - timedelta(days=99)) for n in (3, 4)]
    found = propose(rows, NOW, gone=[8, 9])
    assert [(one.key, one.expected, one.sure) for one in found] == [
        ("gone:8", Decimal("900.00"), 1),
        ("gone:9", Decimal("500.00"), 1),
        ("ownerless", Decimal("0.00"), 0),
    ]


def test_a_deed_is_the_main_holders_and_a_leavers_is_nobodys() -> None:
    rows = [deal(n, unplanned=True, manager=7 if n < 6 else 8) for n in range(10)]
    [one] = propose(rows, NOW)
    assert (one.doer, one.holders) == (7, ((7, 6), (8, 4)))
    [gone] = propose(rows[:3], NOW, gone=[7])
    assert gone.doer is None


@pytest.mark.parametrize(
    ("today", "due"),
    [(date(2026, 11, 20), date(2026, 11, 23)), (date(2026, 11, 16), date(2026, 11, 18))],
)
def test_no_term_ends_on_a_weekend(today: date, due: date) -> None:
    [one] = propose([deal(1, manager=9)], NOW, gone=[9])
    assert due_on(one, today) == due


ROWS = st.lists(
    st.builds(
        Standing,
        deal=st.integers(1, 10**6),
        stage=st.sampled_from(["a", "b"]),
        manager=st.sampled_from([None, 7, 8, 9]),
        price=st.integers(0, 10**6).map(Decimal),
        since=st.integers(0, 200).map(lambda days: NOW - timedelta(days=days)),
        chance=st.sampled_from([None, 0.1, 0.7]),
        stuck=st.booleans(),
        unplanned=st.booleans(),
        old=st.booleans(),
        touched_at=st.sampled_from([None, NOW - timedelta(days=1)]),
    ),
    max_size=60,
    unique_by=lambda one: one.deal,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # sixty fields drawn on a busy machine
@given(ROWS)
def test_a_deal_stands_in_one_pile_and_sums_add_up(rows: list[Standing]) -> None:
    found = propose(rows, NOW, gone=[9], nearly_sold=["b"])
    listed = [pk for one in found for pk in one.deals]
    assert len(listed) == len(set(listed))
    by_id = {row.deal: row for row in rows}
    for one in found:
        assert one.kind in ORDER
        assert one.money == sum(by_id[pk].price for pk in one.deals)
        exact = sum(find_worth(one.kind, by_id[pk]) or 0 for pk in one.deals)
        assert abs(one.expected - exact) <= Decimal("0.005")
        assert sum(n for _person, n in one.holders) <= one.n
    assert {row.deal for row in rows if row.manager == 9} <= set(listed)
    assert propose(list(reversed(rows)), NOW, gone=[9], nearly_sold=["b"]) == found


def test_what_is_sold_ranks_by_its_whole_amount() -> None:
    """Where everything waits to be handed over nothing has ended lately: its chance is nothing, its money is not."""
    rows = [deal(n, stuck=True, chance=0.01, price=Decimal(50_000)) for n in range(3)]
    rows += [deal(9, manager=9, chance=0.5, price=Decimal(100_000))]
    first, second = propose(rows, NOW, gone=[9], nearly_sold=["1:10"])
    assert (first.key, first.expected, first.sure) == ("ready:1:10", Decimal(150_000), 3)
    assert (second.key, second.expected) == ("gone:9", Decimal(50_000))
