"""What is unlike about a week: a table of series, and what must not change with the unit."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.unlike import BEFORE, FAR, judge_week, robust_z
from metrics.week_lines import Count

USUAL = [20, 22, 19, 21, 20, 23, 18, 20, 21, 19, 22, 20, 21]  # median 20, MAD 1
VALUES = st.lists(st.integers(-1000, 1000), min_size=2, max_size=20)


def weeks(*tops: float, base: float = 100.0) -> list[Count]:
    return [Count(top, base) for top in tops]


def test_worked_by_hand() -> None:
    assert robust_z(27, USUAL) == pytest.approx((27 - 20) / 1.4826)
    # More than half are equal: MAD is 0, the mean deviation of 2 ÷ 5 stands in.
    assert robust_z(12, [10, 10, 10, 10, 12]) == pytest.approx(2 / (1.2533 * 0.4))
    assert robust_z(11, [10, 10, 10]) is None and robust_z(1, []) is None


@pytest.mark.parametrize(
    ("count", "before", "z"),
    [
        (Count(21, 100), weeks(*USUAL), None),  # as ever
        (Count(45, 100), weeks(*USUAL), "bad"),  # 25 more: 16 of his own spreads, 5.6 of chance
        (Count(30, 100), weeks(*USUAL), None),  # 6.7 of his own spreads, but only 2.2 of chance
        (Count(2, 100), weeks(*USUAL), "good"),
        (
            Count(45, 100),
            weeks(5, 40, 10, 60, 20, 3, 33, 8, 51, 12, 44, 6, 25),
            None,
        ),  # he jumps about anyway
        (Count(45, 100), weeks(*[20] * 13), "bad"),  # all alike: no spread of his own, chance decides
        (Count(21, 100), weeks(*[20] * 13), None),
        (Count(9, 100), weeks(*[0] * 13), "bad"),  # never before
        (Count(3, 100), weeks(*[0] * 13), None),  # too few cases to speak of a rate
        (Count(45, 100), weeks(*USUAL[:7]), None),  # seven weeks are no custom
        (Count(9, 19), weeks(*USUAL), None),  # next to no work in the week
        (Count(45, 100), weeks(*USUAL[:7], base=100) + weeks(*[9] * 6, base=19), None),  # nor are idle ones
        (Count(0, 0), weeks(*USUAL), None),
    ],
)
def test_which_weeks_are_unlike(count: Count, before: list[Count], z: str | None) -> None:
    found = judge_week(count, before)
    assert (None if found is None else "good" if found.z < 0 else "bad") == z


@given(VALUES, st.integers(-1000, 1000), st.integers(-5, 5), st.integers(-1000, 1000))
def test_no_unit_and_no_zero_matters(before: list[int], value: int, times: int, more: int) -> None:
    assume(times)
    plain = robust_z(value, before)
    moved = robust_z(times * value + more, [times * one + more for one in before])
    if plain is None:
        assert moved is None
    else:
        assert moved == pytest.approx(plain if times > 0 else -plain)
    assert robust_z(value, before[::-1]) == pytest.approx(plain)


@given(st.lists(st.integers(0, 60), min_size=8, max_size=13), st.integers(0, 200))
def test_worse_still_is_never_less_unlike(before: list[int], top: int) -> None:
    found = judge_week(Count(top, 100), weeks(*before))
    if found is not None and found.z > 0:
        worse = judge_week(Count(top + 10, 100), weeks(*before))
        assert worse is not None and worse.z >= found.z >= FAR


def test_chance_alone_seldom_calls() -> None:
    """Four thousand weeks of findings that come one by one, at the same rate for ever."""
    draw = Random(20261129)
    called = 0
    for _ in range(4_000):
        *before, last = (Count(sum(draw.random() < 0.2 for _ in range(100)), 100) for _ in range(14))
        called += judge_week(last, before) is not None
    assert called <= 4, called


def test_the_stories_of_the_demo_company() -> None:
    """Its kept weeks as they were on 29 November 2026: findings and losses of each person per 100 deal-days.

    Roman became careful when control began (14 September), and Dmitry closed most of his table on 2 October."""
    kept = json.loads((Path(__file__).parent / "zolotarev_weeks.json").read_text("utf-8"))
    found = {}
    for code in ("density", "leak"):
        for name, rows in kept[code].items():
            counts = [Count(*row) for row in rows]
            for place in range(BEFORE, len(counts)):
                unlike = judge_week(counts[place], counts[place - BEFORE : place])
                if unlike is not None:
                    found[kept["weeks"][place], code, name] = round(unlike.z, 1)
    assert found == {
        ("2026-09-14", "density", "Роман Дягилев"): -3.3,
        ("2026-09-14", "density", "Тимур Ахметов"): -3.4,
        ("2026-09-21", "density", "Роман Дягилев"): -3.1,
        ("2026-09-21", "density", "Тимур Ахметов"): -3.5,
        ("2026-09-28", "leak", "Дмитрий Савельев"): 3.1,
        ("2026-10-26", "leak", "Марина Ковалёва"): -3.4,
    }
