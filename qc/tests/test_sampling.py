"""A sample is fair and can be drawn again; κ of the textbooks."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.sampling import Agreement, agree, allot, draw

sizes = st.dictionaries(st.tuples(st.integers(0, 9), st.sampled_from("abc")), st.integers(0, 40), max_size=12)


@given(sizes, st.integers(0, 200))
def test_all_that_is_asked_for_is_allotted_and_no_stratum_is_forgotten(
    strata: dict[tuple[int, str], int], size: int
) -> None:
    given_ = allot(strata, size)
    assert sum(given_.values()) == min(size, sum(strata.values()))
    assert all(0 < number <= strata[key] for key, number in given_.items())
    if size >= sum(count > 0 for count in strata.values()):
        assert given_.keys() == {key for key, count in strata.items() if count}


def test_the_rest_is_in_proportion() -> None:
    assert allot({(1,): 81, (2,): 41, (3,): 1}, 33) == {(1,): 21, (2,): 11, (3,): 1}


@given(sizes, st.integers(0, 60), st.integers(0, 2**31))
def test_the_same_seed_draws_the_same_in_whatever_order_rows_come(
    strata: dict[tuple[int, str], int], size: int, seed: int
) -> None:
    ids = {
        key: [1000 * place + one for one in range(count)] for place, (key, count) in enumerate(strata.items())
    }
    drawn = draw(ids, size, seed)
    turned = {key: list(reversed(rows)) for key, rows in reversed(list(ids.items()))}
    assert draw(turned, size, seed) == drawn
    assert len({one for _, one in drawn}) == len(drawn) == min(size, sum(strata.values()))
    assert all(one in ids[key] for key, one in drawn)


def test_everybody_in_a_stratum_is_as_likely() -> None:
    counts = Counter(one for seed in range(4000) for _, one in draw({("a",): range(8)}, 2, seed))
    assert set(counts) == set(range(8)) and all(880 < number < 1120 for number in counts.values())


@pytest.mark.parametrize(
    "table, expected",
    [
        # yes-yes, yes-no, no-yes, no-no
        ((20, 5, 10, 15), Agreement(50, 35, Decimal("0.4000"))),
        ((45, 15, 25, 15), Agreement(100, 60, Decimal("0.1304"))),
        ((0, 5, 5, 0), Agreement(10, 0, Decimal("-1.0000"))),
        ((7, 0, 0, 3), Agreement(10, 10, Decimal("1.0000"))),
        ((9, 0, 0, 0), Agreement(9, 9, None)),
        ((0, 0, 0, 0), Agreement(0, 0, None)),
    ],
)
def test_kappa(table: tuple[int, int, int, int], expected: Agreement) -> None:
    words = [("yes", "yes"), ("yes", "no"), ("no", "yes"), ("no", "no")]
    assert agree(pair for pair, number in zip(words, table, strict=True) for _ in range(number)) == expected
