"""Money given back: the worked numbers of docs/money.md, and a forecast that stays in its own range."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.calculation.component import Inputs
from kpi.calculation.evaluation import evaluate, sum_lines
from kpi.forecast import forecast_pay
from kpi.month_facts import Facts, Shifts
from kpi.pay_schemes import read_document
from kpi.sentences import say

D = Decimal
TIERS = {
    "flat": [{"rate": "0.1"}],
    "marginal": [{"upto": "0.7", "rate": "0.02"}, {"upto": "1", "rate": "0.03"}, {"rate": "0.045"}],
    "whole": [{"upto": "0.7", "rate": "0.02"}, {"upto": "1", "rate": "0.03"}, {"rate": "0.045"}],
}


def component(kind: str, code: str, **keys: Any) -> dict[str, Any]:
    return {"kind": kind, "code": code, "title": {"ru": code, "en": code}, **keys}


def rate(scale: str, tiers: Any = None) -> dict[str, Any]:
    return component("rate", "commission", measure="won_sum", scale=scale, tiers=tiers or TIERS[scale])


QUALITY = component(
    "coefficient", "quality", of=["commission"], measure="quality",
    points=[["70", "0.8"], ["90", "1"], ["100", "1.1"]],
)  # fmt: skip
GATE = component("gate", "gate", of=["commission"], measure="quality", at_least="90", otherwise="0.5")


def scheme(*components: dict[str, Any]) -> Any:
    return read_document(
        {
            "code": "x", "title": {"ru": "x", "en": "x"}, "effective_from": "2026-01-01",
            "components": list(components),
        }
    )  # fmt: skip


def pay(sold: str, *components: dict[str, Any], quality: int = 60) -> Decimal:
    measures = {"won_sum": D(sold), "quality": D(quality)}
    return sum_lines(evaluate(scheme(*components).components, Inputs(measures, D(1_200_000), 15, 13)))


@pytest.mark.parametrize(
    ("scale", "amount"), [("flat", "-25000.06"), ("marginal", "-5000.01"), ("whole", "-5000.01")]
)
def test_money_given_back_lowers_pay_at_the_first_rate_of_every_scale(scale: str, amount: str) -> None:
    assert pay("-250000.555", rate(scale)) == D(amount)


def test_within_a_month_it_lowers_pay_at_the_rate_it_was_paid() -> None:
    """1 080 000 less 250 000 are 830 000: of 24 000 for the first there are 16 600 left."""
    assert pay("1080000", rate("marginal")) == D(24_000)
    assert pay("830000", rate("marginal")) == D(16_600)


@pytest.mark.parametrize("multiplier", [QUALITY, GATE])
def test_what_is_below_zero_is_not_multiplied_and_says_so(multiplier: dict[str, Any]) -> None:
    """Or bad quality would make it less."""
    assert pay("-250000.555", rate("marginal"), multiplier) == D("-5000.01")
    inputs = Inputs({"won_sum": D(-100), "quality": D(60)}, D(1_000), 15, 13)
    line = evaluate(scheme(rate("marginal"), multiplier).components, inputs)[1]
    with translation.override("en"):
        assert say(line.reason.because(line.amount)) == (
            "Quality: what is below zero is not earned, so it is not multiplied"
        )


@pytest.mark.parametrize("scale", TIERS)
def test_pay_never_falls_below_its_floor(scale: str) -> None:
    floor = component("floor", "least", of=["commission"], amount="0")
    assert pay("-250000.555", rate(scale), QUALITY, floor) == 0
    assert pay("-250000.555", rate(scale), floor | {"amount": "1500"}) == 1500


cents = st.integers(-(10**9), 10**9).map(lambda number: D(number) / 100)


@settings(deadline=None)
@given(st.sampled_from(sorted(TIERS)), cents, cents, st.integers(0, 100), st.booleans())
def test_more_sales_never_pay_less_on_rising_rates(
    scale: str, one: Decimal, other: Decimal, quality: int, floored: bool
) -> None:
    parts = [rate(scale), QUALITY, *([component("floor", "least", amount="100")] if floored else [])]
    low, high = sorted([one, other])
    assert pay(str(low), *parts, quality=quality) <= pay(str(high), *parts, quality=quality)


scales = st.builds(
    lambda scale, rates: rate(
        scale,
        [{"rate": str(rates[0])}]
        if scale == "flat"
        else [
            {"upto": "0.5", "rate": str(rates[0])},
            {"upto": "1", "rate": str(rates[1])},
            {"rate": str(rates[2])},
        ],
    ),
    st.sampled_from(sorted(TIERS)),
    st.lists(st.integers(0, 100).map(lambda number: D(number) / 100), min_size=3, max_size=3),
)
limits = st.lists(
    st.one_of(
        st.integers(0, 10**5).map(lambda amount: component("cap", "most", amount=str(amount))),
        st.integers(0, 10**5).map(lambda amount: component("floor", "least", amount=str(amount))),
    ),
    max_size=1,
)


@settings(deadline=None)
@given(
    scales,
    limits,
    st.lists(cents, max_size=9),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 10**9),
    st.integers(0, 100),
)
def test_a_forecast_lies_within_its_own_range(
    part: dict[str, Any],
    limit: list[Any],
    days: list[Decimal],
    worked: int,
    left: int,
    quota: int,
    quality: int,
) -> None:
    margin = component(
        "rate", "margin", measure="won_sum?date=created_at", scale="flat", tiers=[{"rate": "0.1"}]
    )
    facts = Facts(
        measures={
            "won_sum": sum(days, D(0)), "won_sum?date=created_at": sum(days[:2], D(0)), "quality": D(quality)
        },
        quota=D(quota),
        shifts=Shifts(worked + left, worked, left),
        days={date(2026, 11, 1 + number): day for number, day in enumerate(days[:worked])},
    )  # fmt: skip
    found = forecast_pay(facts, scheme(part, margin, QUALITY, *limit))
    assert found is not None
    assert found.low is None or found.low <= found.total <= found.high
