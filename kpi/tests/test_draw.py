"""Advances: the worked numbers of docs/money.md, and months drawn by chance."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.periods import parse_month
from devtools.tests.factory import DAY, make_employee, make_person
from kpi import pay_schemes
from kpi.calculation.component import Inputs
from kpi.calculation.evaluation import evaluate, sum_lines
from kpi.calculation.rounding import ZERO
from kpi.calculation.tiers import Tier
from kpi.components.draw import Draw
from kpi.components.limit import Cap
from kpi.components.rate import Rate
from kpi.models import Statement
from kpi.sentences import say
from kpi.statements import refresh_month
from metrics.tests.house import House
from team.models import Role

D = Decimal
EARNED = Rate("commission", "won_sum", "flat", (Tier(D(1)),))
ADVANCE = Draw("draw", (), D(30_000))


def pay(draw: Draw, earned: list[int]) -> tuple[list[Decimal], list[Decimal]]:
    """Totals of months that follow each other, and what is owed after each."""
    owed, totals, debts = ZERO, [], []
    for one in earned:
        lines = evaluate((draw, EARNED), Inputs({"won_sum": D(one)}, None, 1, 1, carried={"draw": owed}))
        owed += next(line.amount for line in lines if line.code == "draw")
        totals.append(sum_lines(lines))
        debts.append(owed)
    return totals, debts


def test_better_months_return_an_advance() -> None:
    assert pay(ADVANCE, [20_000, 25_000, 50_000]) == ([30_000, 30_000, 35_000], [10_000, 15_000, 0])


def test_an_advance_may_be_a_gift() -> None:
    totals, _debts = pay(Draw("draw", (), D(30_000), forgiven=True), [20_000, 25_000, 50_000])
    assert totals == [30_000, 30_000, 50_000]


def reason(draw: Draw, earned: int, owed: int = 0) -> Any:
    [line] = [
        line
        for line in evaluate(
            (draw, EARNED), Inputs({"won_sum": D(earned)}, None, 1, 1, carried={"draw": D(owed)})
        )
        if line.code == "draw"
    ]
    return line.reason


@pytest.mark.parametrize(
    ("earned", "owed", "outcome"),
    [
        (29_999, 0, "advanced"), (30_000, 0, "earned"), (30_000, 500, "earned"), (30_001, 500, "recovered"),
        (40_000, 0, "earned"),
    ],
)  # fmt: skip
def test_the_line_tells_what_has_become_of_the_advance(earned: int, owed: int, outcome: str) -> None:
    assert reason(ADVANCE, earned, owed).outcome == outcome


def test_the_line_and_the_promise_tell_whether_it_is_owed() -> None:
    gift = Draw("draw", (), D(30_000), forgiven=True)
    assert (reason(ADVANCE, 20_000).recoverable, reason(gift, 20_000).recoverable) == (True, False)
    said = say(reason(ADVANCE, 20_000, 1_000).because(D(10_000))).replace("\N{NO-BREAK SPACE}", "")
    assert "11000" in said, "1 000 from before and 10 000 more"
    with translation.override("en"):
        assert "nothing is taken back" in say(gift.promise()) and "return it" in say(ADVANCE.promise())


def test_it_is_the_last_step_wherever_it_stands() -> None:
    """A cap of 20 000 first: earnings of 50 000 become 20 000, and then they are made up to 30 000."""
    lines = evaluate((ADVANCE, EARNED, Cap("cap", (), D(20_000))), Inputs({"won_sum": D(50_000)}, None, 1, 1))
    assert {line.code: line.amount for line in lines} == {
        "draw": 10_000,
        "commission": 50_000,
        "cap": -30_000,
    }


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=12))
def test_nothing_is_paid_twice_and_nobody_gets_less_than_the_advance(earned: list[int]) -> None:
    totals, debts = pay(ADVANCE, earned)
    assert all(total >= 30_000 for total in totals)
    assert sum(totals) - sum(earned) == debts[-1] >= 0


@pytest.mark.django_db
def test_what_is_owed_follows_from_earlier_statements() -> None:
    house, anna = House(), make_person(1)
    make_employee(Role.MANAGER, anna)
    zone = ZoneInfo("Europe/Moscow")
    months = [parse_month(label, zone) for label in ("2026-08", "2026-09", "2026-10")]
    for month, price in zip(months, (20_000, 25_000, 50_000), strict=True):
        house.closed(house.won, anna, month.start + DAY, price)
    title = {"ru": "Т", "en": "T"}
    document: dict[str, Any] = {
        "code": "advance",
        "title": title,
        "effective_from": "2026-01-01",
        "components": [
            {
                "kind": "rate",
                "code": "commission",
                "title": title,
                "measure": "won_sum",
                "scale": "flat",
                "tiers": [{"rate": "1"}],
            },
            {"kind": "draw", "code": "draw", "title": title, "amount": "30000"},
        ],
    }
    pay_schemes.load_scheme(document)
    for month in months:
        refresh_month(month, datetime(2026, 11, 1, tzinfo=UTC))
    totals = Statement.objects.filter(manager=anna).order_by("period").values_list("total", flat=True)
    assert list(totals) == [30_000, 30_000, 35_000]
