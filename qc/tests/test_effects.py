"""The measured effect of a change: worked numbers, and intervals that cover as often as they say."""

import random

import pytest
from scipy.special import stdtrit

from qc import effects
from qc.effects import AFTER, BEFORE, CHANGED, OTHERS, Sum, add_up, decide, measure_effect, student

FOUR = [(CHANGED, BEFORE), (CHANGED, AFTER), (OTHERS, BEFORE), (OTHERS, AFTER)]


def sums(*cells: list[tuple[float, float]]) -> dict:
    return {
        cell: {person: Sum(*one) for person, one in enumerate(own)}
        for cell, own in zip(FOUR, cells, strict=True)
    }


def test_the_difference_of_differences_with_its_interval_by_hand() -> None:
    # rates: 20 → 10 and 8 → 7 per 100 deal-days; two people, alike in all but the changed group afterwards
    found = measure_effect(
        sums([(20, 100), (20, 100)], [(8, 100), (12, 100)], [(8, 100), (8, 100)], [(7, 100), (7, 100)]),
        "difference",
    )
    assert found.value == pytest.approx(-9)
    # what each adds: ±(12 − 10) × 100 / 200 = ±1; variance 2 × 2 / 1 = 4; t(1) = 12.706
    assert (found.low, found.high) == (pytest.approx(-9 - 2 * 12.706), pytest.approx(-9 + 2 * 12.706))


def test_in_proportion_to_others_of_another_size() -> None:
    found = measure_effect(
        sums([(20, 100), (20, 100)], [(10, 100), (10, 100)], [(80, 100), (80, 100)], [(40, 100), (40, 100)]),
        "ratio",
    )
    assert found.value == pytest.approx(0)  # all halved


def test_without_days_nothing_is_said() -> None:
    assert measure_effect({}, "difference").value is None
    assert measure_effect(sums([(1, 10)], [(1, 10)], [(0, 10)], [(0, 10)]), "ratio").value is None
    alone = measure_effect({(CHANGED, BEFORE): {1: Sum(5, 100)}, (CHANGED, AFTER): {1: Sum(1, 100)}}, "alone")
    assert (alone.value, alone.low) == (pytest.approx(-4), None)  # one person: no interval


@pytest.mark.parametrize("freedom", [1, 2, 5, 15, 16, 20, 40, 200])
def test_quantiles_are_those_of_student(freedom: int) -> None:
    assert student(freedom) == pytest.approx(stdtrit(freedom, 0.975), abs=2e-3)


def test_verdicts() -> None:
    people = [(20 + n, 200) for n in range(6)]
    fewer = [(5 + n, 200) for n in range(6)]
    flat = [(10, 200)] * 6
    helped = measure_effect(sums(people, fewer, flat, flat), "difference")
    assert decide(helped, True) == effects.HELPED and decide(helped, False) == effects.EARLY
    assert decide(measure_effect(sums(fewer, people, flat, flat), "difference"), True) == effects.WORSE
    assert decide(measure_effect(sums(people, people, flat, flat), "difference"), True) == effects.UNPROVEN
    assert (
        decide(measure_effect(sums(people[:2], fewer[:2], flat, flat), "difference"), True) != effects.EARLY
    )
    assert (
        decide(measure_effect(sums([(1, 50)] * 6, [(0, 50)] * 6, flat, flat), "difference"), True)
        == effects.TOO_LITTLE
    )


def test_the_interval_covers_where_people_differ_from_each_other() -> None:
    """A naive interval of independent deals would cover far less often: people differ much more than their deals."""
    chance, covered, runs = random.Random(7), 0, 400
    for _ in range(runs):
        rows = []
        for person in range(9):
            own = chance.gauss(15, 5)
            for group, shift in ((CHANGED, 3), (OTHERS, 0)):
                moved = chance.gauss(0, 3)  # each person moves in his own way
                for time, more in ((BEFORE, 0.0), (AFTER, (-4 if group == CHANGED else 0) + moved)):
                    expected = max(0.5, own + shift + more) * 3
                    rows.append(((group, time), person, max(0, chance.gauss(expected, expected**0.5)), 300.0))
        found = measure_effect(add_up(rows), "difference")
        covered += found.low <= -4 <= found.high
    assert 0.91 <= covered / runs <= 0.985, covered / runs
