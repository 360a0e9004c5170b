"""The worked numbers of docs/money.md, and what must hold for any numbers."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kpi.calculation import curves, tiers
from kpi.calculation.component import Component, Inputs
from kpi.calculation.evaluation import evaluate, sum_lines
from kpi.calculation.rounding import kopecks
from kpi.calculation.tiers import Tier
from kpi.components import matrix
from kpi.components.bonus import Bonus
from kpi.components.coefficient import Applied, Coefficient
from kpi.components.gate import Gate
from kpi.components.limit import Cap, Floor
from kpi.components.matrix import Indicator, Matrix
from kpi.components.rate import Rate
from kpi.components.salary import Salary
from kpi.sentences import say

D = Decimal
TEXTBOOK = (Tier(D("0.05"), D("0.5")), Tier(D("0.10"), D("1")), Tier(D("0.15")))
SCALE = (Tier(D("0.02"), D("0.7")), Tier(D("0.03"), D("1")), Tier(D("0.045")))
QUALITY = ((D(70), D("0.8")), (D(90), D("1.0")), (D(100), D("1.1")))
QUOTA = D(1_200_000)

SALARY = Salary("salary", D(40_000))
COMMISSION = Rate("commission", "won_sum", "marginal", SCALE)
COEFFICIENT = Coefficient("quality", ("commission",), "quality", QUALITY)
KPI = Matrix(
    "kpi",
    D(15_000),
    (
        Indicator("first_reply", D("0.4"), D(1)),
        Indicator("tasks_on_time", D("0.4"), D(1)),
        Indicator("fields", D("0.2"), D(1)),
    ),
)
MONTH = (SALARY, COMMISSION, COEFFICIENT, KPI)


def inputs(
    quota: Decimal | None = QUOTA, planned: int = 15, worked: int = 13, **measures: Decimal | None
) -> Inputs:
    facts: Mapping[str, Decimal | None] = {
        "won_sum": D(1_080_000),
        "quality": D(88),
        "first_reply": D("0.95"),
        "tasks_on_time": D("1.00"),
        "fields": D("0.90"),
    }
    return Inputs({**facts, **measures}, quota, planned, worked)


def marginal(sold: Decimal, quota: Decimal, scale: tuple[Tier, ...]) -> Decimal:
    return sum((part.pay for part in tiers.cut_sales(sold, quota, scale)), D(0))


def amounts(components: tuple[Component, ...], given_inputs: Inputs) -> dict[str, Decimal]:
    return {line.code: line.amount for line in evaluate(components, given_inputs)}


def test_textbook_tiers_pay_each_slice_or_the_whole_sum() -> None:
    assert marginal(D(140_000), D(100_000), TEXTBOOK) == D(13_500)
    assert [part.pay for part in tiers.cut_sales(D(140_000), D(100_000), TEXTBOOK)] == [
        D(2_500),
        D(5_000),
        D(6_000),
    ]
    assert tiers.pay_whole(D(140_000), D(100_000), TEXTBOOK) == D(21_000)


@pytest.mark.parametrize(
    ("sold", "sliced", "whole"),
    [
        (D(1_198_800), D(27_564), D(35_964)),
        (D(1_200_000), D(27_600), D(54_000)),
        (D(840_000), D(16_800), D(25_200)),
        (D(0), D(0), D(0)),
    ],
)
def test_the_cliff_of_whole_sum_tiers_and_its_absence_in_marginal_ones(
    sold: Decimal, sliced: Decimal, whole: Decimal
) -> None:
    assert marginal(sold, QUOTA, SCALE) == sliced
    assert tiers.pay_whole(sold, QUOTA, SCALE) == whole


def test_the_gap_to_the_next_tier() -> None:
    assert tiers.gap_to_next(D(1_080_000), QUOTA, SCALE) == (D(120_000), SCALE[2])
    assert tiers.gap_to_next(QUOTA, QUOTA, SCALE) is None


@pytest.mark.parametrize(
    ("quality", "factor"),
    [(0, "0.8"), (70, "0.8"), (80, "0.9"), (88, "0.98"), (90, "1"), (95, "1.05"), (100, "1.1"), (120, "1.1")],
)
def test_quality_turns_into_a_coefficient_along_straight_lines(quality: int, factor: str) -> None:
    assert curves.read_curve(D(quality), QUALITY) == D(factor)


@pytest.mark.parametrize(
    ("fact", "plan", "less", "index"),
    [
        ("0.95", "1", False, "0.95"),
        ("3", "1", False, "1.2"),
        ("-1", "1", False, "0"),
        ("20", "10", True, "0.5"),
        ("5", "10", True, "1.2"),
        ("0", "10", True, "1.2"),
    ],
)
def test_an_index_is_the_fact_against_its_plan(fact: str, plan: str, less: bool, index: str) -> None:
    assert matrix.index(D(fact), D(plan), less) == D(index)


@pytest.mark.parametrize(
    ("planned", "worked", "sold", "outcome", "line"),
    [
        (10, 5, 49_999, "free", 0), (10, 5, 50_000, "free", 0), (10, 5, 50_001, "reached", -1),
        (0, 0, 500_000, "free", 0),  # a month without shifts has no full month to measure by
    ],
)  # fmt: skip
def test_a_cap_by_shifts(planned: int, worked: int, sold: int, outcome: str, line: int) -> None:
    earned, cap = Rate("r", "won_sum", "flat", (Tier(D(1)),)), Cap("cap", (), D(100_000), by_shifts=True)
    [_, found] = evaluate((earned, cap), inputs(planned=planned, worked=worked, won_sum=D(sold)))
    assert (found.reason.outcome, found.amount) == (outcome, line)


@pytest.mark.parametrize(("sold", "outcome", "line"), [(50_000, "free", 0), (49_999, "reached", 1)])
def test_a_guarantee_is_reached_below_it_only(sold: int, outcome: str, line: int) -> None:
    earned, floor = Rate("r", "won_sum", "flat", (Tier(D(1)),)), Floor("floor", (), D(50_000))
    [_, found] = evaluate((earned, floor), inputs(won_sum=D(sold)))
    assert (found.reason.outcome, found.amount) == (outcome, line)


@pytest.mark.parametrize("made", [Cap, Floor])
def test_the_clause_of_a_limit_names_what_it_is_of_and_whether_shifts_lessen_it(
    made: type[Cap | Floor],
) -> None:
    for of in ((), ("commission",)):
        for by_shifts in (False, True):
            clause = made("limit", of, D(50_000), by_shifts=by_shifts).clause()
            assert ("of" in clause.words) is bool(of)
            assert ("shifts missed" in clause.msgid) is by_shifts


def test_a_multiplier_of_nothing_earned_says_so_only_below_zero() -> None:
    for base, unearned in (("-0.01", True), ("0", False), ("0.5", False)):
        line = Applied(measure="quality", fact=D(90), factor=D("0.83333"), base=D(base))
        assert (line.unearned() is not None) is unearned


def test_a_coefficient_is_told_to_three_places() -> None:
    factor = D("0.83333")
    line = Applied(measure="quality", fact=D(90), factor=factor, base=D(1))
    promised = replace(COEFFICIENT, points=((D(70), factor),)).promise()
    with translation.override("en"):
        assert "× 0.833 →" in say(line.because(D(5)))
        assert "× 0.833;" in say(promised, {"commission": {"en": "Commission"}})


def test_a_managers_month() -> None:
    lines = amounts(MONTH, inputs())
    assert lines == {"salary": D("34666.67"), "commission": D(24_000), "quality": D(-480), "kpi": D(14_400)}
    assert lines["commission"] + lines["quality"] == D(23_520)
    assert sum_lines(evaluate(MONTH, inputs())) == D("72586.67")


def test_the_next_hundred_thousand_of_sales_and_one_point_of_quality() -> None:
    now = sum_lines(evaluate(MONTH, inputs()))
    assert sum_lines(evaluate(MONTH, inputs(won_sum=D(1_180_000)))) - now == D(2_940)
    assert sum_lines(evaluate(MONTH, inputs(quality=D(89)))) - now == D(240)


def test_a_commission_line_shows_the_tiers_that_were_reached() -> None:
    line = evaluate((COMMISSION,), inputs())[0]
    assert line.reason.attainment == D("0.9")
    assert [(part.upto, part.sold, part.pay) for part in line.reason.tiers] == [
        (D("0.7"), D(840_000), D(16_800)),
        (D(1), D(240_000), D(7_200)),
    ]


def test_without_a_quota_tiers_pay_nothing_and_say_so() -> None:
    line = evaluate((COMMISSION,), inputs(quota=None))[0]
    assert (line.amount, line.reason.outcome) == (D(0), "no_quota")


def test_a_flat_rate_needs_no_quota() -> None:
    assert amounts((Rate("r", "won_sum", "flat", (Tier(D("0.015")),)),), inputs(quota=None)) == {
        "r": D(16_200)
    }


def test_a_bonus_follows_its_curve_of_attainment() -> None:
    bonus = Bonus("b", "won_sum", D(20_000), ((D("0.8"), D(0)), (D(1), D(1)), (D("1.5"), D(2))))
    assert amounts((bonus,), inputs()) == {"b": D(10_000)}
    assert amounts((bonus,), inputs(won_sum=D(100))) == {"b": D(0)}


def test_what_is_not_known_never_costs_money() -> None:
    gate = Gate("gate", ("commission",), "quality", D(75), D("0.5"))
    unknown = inputs(quality=None, first_reply=None)
    assert amounts((COMMISSION, COEFFICIENT, gate), unknown) == {
        "commission": D(24_000),
        "quality": D(0),
        "gate": D(0),
    }
    # the indicator without data leaves the matrix: (1.00 × 0.4 + 0.90 × 0.2) ÷ 0.6
    assert amounts((KPI,), unknown) == {"kpi": D(14_500)}
    nothing = inputs(first_reply=None, tasks_on_time=None, fields=None)
    assert evaluate((KPI,), nothing)[0].reason.outcome == "no_data"


@pytest.mark.parametrize(("quality", "difference"), [(D(75), D(0)), (D("74.99"), D(-12_000))])
def test_a_gate_opens_at_its_limit(quality: Decimal, difference: Decimal) -> None:
    gate = Gate("gate", ("commission",), "quality", D(75), D("0.5"))
    assert amounts((COMMISSION, gate), inputs(quality=quality))["gate"] == difference


@pytest.mark.parametrize(
    ("limit", "difference"),
    [
        (Cap("limit", (), D(50_000)), D("-8666.67")),
        (Cap("limit", ("commission",), D(20_000)), D(-4_000)),
        (Cap("limit", ("commission",), D(30_000)), D(0)),
        (Floor("limit", (), D(60_000)), D("1333.33")),
        (Floor("limit", (), D(75_000), by_shifts=True), D("6333.33")),
    ],
)
def test_caps_and_floors_are_lines_with_the_difference(limit: Cap | Floor, difference: Decimal) -> None:
    lines = amounts((SALARY, COMMISSION, limit), inputs())
    assert lines["limit"] == difference


def test_multipliers_come_before_limits_whatever_the_order_of_the_document() -> None:
    cap = Cap("cap", ("commission",), D(23_500))
    assert amounts((cap, COEFFICIENT, COMMISSION), inputs()) == {
        "cap": D(-20),
        "quality": D(-480),
        "commission": D(24_000),
    }


def test_without_shifts_in_the_rota_a_salary_is_unknown_rather_than_divided_by_zero() -> None:
    line = evaluate((SALARY,), inputs(planned=0, worked=0))[0]
    assert (line.amount, line.reason.outcome) == (D(0), "no_shifts")


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.015", "0.02"),
        ("2.675", "2.68"),
        ("-0.005", "-0.01"),
        ("34666.6666", "34666.67"),
    ],
)
def test_half_a_kopeck_goes_up(exact: str, rounded: str) -> None:
    assert kopecks(D(exact)) == D(rounded)


money = st.decimals(0, 10_000_000, places=2)
shares = st.lists(st.decimals("0.01", 3, places=2), min_size=1, max_size=4, unique=True).map(sorted)


@st.composite
def scales(draw: st.DrawFn, rising: bool = False) -> tuple[Tier, ...]:
    ends = draw(shares)
    found = [draw(st.decimals(0, "0.3", places=4)) for _ in range(len(ends) + 1)]
    found = sorted(found) if rising else found
    return tuple(Tier(rate, end) for rate, end in zip(found, [*ends, None], strict=True))


@given(money, st.decimals(1, 10_000_000, places=2), scales())
def test_slices_add_up_to_the_sales(sold: Decimal, quota: Decimal, scale: tuple[Tier, ...]) -> None:
    assert sum((part.sold for part in tiers.cut_sales(sold, quota, scale)), D(0)) == sold


@given(money, money, st.decimals(1, 10_000_000, places=2), scales())
def test_marginal_pay_never_falls_with_more_sales(
    one: Decimal, other: Decimal, quota: Decimal, scale: tuple[Tier, ...]
) -> None:
    low, high = sorted((one, other))
    assert marginal(low, quota, scale) <= marginal(high, quota, scale)


@given(money, st.decimals(1, 10_000_000, places=2), scales(rising=True))
def test_rising_whole_sum_tiers_pay_at_least_what_marginal_ones_do(
    sold: Decimal, quota: Decimal, scale: tuple[Tier, ...]
) -> None:
    assert tiers.pay_whole(sold, quota, scale) >= marginal(sold, quota, scale)


@given(st.decimals(0, 100, places=3), st.decimals(0, 100, places=3))
def test_better_quality_never_pays_less(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert sum_lines(evaluate(MONTH, inputs(quality=low))) <= sum_lines(evaluate(MONTH, inputs(quality=high)))


@given(money, st.decimals(0, 100, places=3), st.integers(0, 31), st.decimals(0, 200_000, places=2))
def test_every_kopeck_is_in_some_line(sold: Decimal, quality: Decimal, worked: int, cap: Decimal) -> None:
    given_inputs = inputs(planned=31, worked=worked, won_sum=sold, quality=quality)
    lines = amounts(MONTH, given_inputs)
    product = marginal(sold, QUOTA, SCALE) * curves.read_curve(quality, QUALITY)
    assert lines["commission"] + lines["quality"] == kopecks(product)
    limited = evaluate((*MONTH, Cap("cap", (), cap)), given_inputs)
    assert sum_lines(limited) == min(cap, sum(lines.values()))
    assert all(line.amount == kopecks(line.amount) for line in limited)


@given(st.integers(1, 31))
def test_salary_grows_with_every_shift_to_the_whole(planned: int) -> None:
    pay = [
        amounts((SALARY,), replace(inputs(), planned=planned, worked=worked))["salary"]
        for worked in range(planned + 1)
    ]
    assert pay[-1] == D(40_000) and all(before < after for before, after in pairwise(pay))
