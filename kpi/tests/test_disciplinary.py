"""A bonus lowered by an order: the worked numbers of docs/money.md, and what a document may not say."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import moment
from kpi import pay_schemes
from kpi.calculation.component import Inputs
from kpi.calculation.evaluation import evaluate, sum_lines
from kpi.calculation.tiers import Tier
from kpi.components.disciplinary import Disciplinary, Order
from kpi.components.rate import Rate
from kpi.components.salary import Salary
from kpi.presentation import show_statement
from kpi.statements import close_month, refresh_month
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, Month

D = Decimal
NBSP = "\N{NO-BREAK SPACE}"


def order(person: int, share: str, day: str = "2026-11-14", number: str = "12-к") -> dict[str, Any]:
    return {"person": person, "number": number, "day": day, "share": share}


def scheme(*orders: dict[str, Any], of: tuple[str, ...] = ("kpi",), **more: Any) -> dict[str, Any]:
    cut = {
        "kind": "disciplinary",
        "code": "order",
        "title": {"ru": "Снижение премии по приказу", "en": "Bonus lowered by an order"},
        "of": list(of),
        "orders": list(orders),
    }
    return {**DOCUMENT, "components": [cut | more, *DOCUMENT["components"]]}


@pytest.fixture
def month() -> Iterator[Month]:
    moment.fix(DECEMBER_1.isoformat())
    yield Month()
    moment.fix(None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("of", "share", "amount", "total", "says"),
    [
        (("kpi",), "0.5", "-7200.00", "65386.67", "7 200 ₽ от премий 14 400 ₽"),
        (("commission", "kpi"), "0.3", "-11376.00", "61210.67", "11 376 ₽ от премий 37 920 ₽"),
        (("commission", "kpi"), "1", "-14517.33", "58069.34", "14 517,33 ₽"),  # a fifth of 72 586.67
    ],
)
def test_a_bonus_is_lowered_and_never_beyond_a_fifth_of_the_pay(
    month: Month, of: tuple[str, ...], share: str, amount: str, total: str, says: str
) -> None:
    pay_schemes.load_scheme(scheme(order(month.anna.pk, share), of=of))
    refresh_month(NOVEMBER)
    with translation.override("ru"):
        line = show_statement(month.statement()).lines[0]
    assert (line.amount, month.statement().total) == (D(amount), D(total))
    said = line.because.replace(NBSP, " ")
    assert "12-к" in said
    assert says in said


@pytest.mark.django_db
def test_an_order_is_of_its_month_and_of_its_person_only(month: Month) -> None:
    pay_schemes.load_scheme(
        scheme(order(month.anna.pk, "0.5", "2026-12-01"), order(month.anna.pk, "0.5", "2026-10-31"))
    )
    refresh_month(NOVEMBER)
    assert month.statement().total == D("72586.67")
    assert month.amounts()["order"] == 0


@pytest.mark.django_db
def test_whom_an_order_names_is_an_employee(month: Month) -> None:
    with pytest.raises(ValueError, match=r"components\[0\]: 999 is not the main amoCRM user"):
        pay_schemes.load_scheme(scheme(order(999, "0.5")))


@pytest.mark.django_db
def test_a_closed_month_keeps_its_line_when_the_order_is_taken_back(month: Month) -> None:
    pay_schemes.load_scheme(scheme(order(month.anna.pk, "0.5")))
    close_month(NOVEMBER, None)
    pay_schemes.load_scheme(scheme())
    refresh_month(NOVEMBER)
    assert month.amounts()["order"] == -7_200


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (scheme(at_most="0.25"), r"components\[0\].at_most: must be a number from 0 to 0.2, not \"0.25\""),
        (scheme(order(1, "1.5")), r"components\[0\].orders\[0\].share: must be a number from 0 to 1"),
        (scheme(order(1, "0.5"), order(1, "0.1")), r"components\[0\].orders\[1\].number: must be used once"),
        (scheme(order(1, "0.5", number=" ")), r"components\[0\].orders\[0\].number: must be a text"),
        (scheme(order(1, "0.5", day="14.11")), r"components\[0\].orders\[0\].day: must be a day"),
        (scheme(order(1, "0.5"), of=("salary",)), r"components\[0\].of: 'salary' is pay for the work itself"),
        (scheme(of=("quality",)), r"components\[0\].of: 'quality' is not the code of a component that earns"),
        (scheme(period="year"), r"components\[0\].period: must be left out"),
        (scheme(title={"ru": "Штраф", "en": "Cut"}), r"components\[0\].title.ru: «штраф» is not a word"),
    ],
)
def test_a_bad_document_names_the_place(document: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        pay_schemes.read_document(document)


@given(
    st.integers(0, 200_000),
    st.integers(0, 200_000),
    st.lists(st.integers(1, 100), max_size=4),
    st.integers(0, 20),
)
def test_pay_never_falls_by_more_than_the_limit_and_bonuses_never_below_zero(
    salary: int, bonus: int, shares: list[int], at_most: int
) -> None:
    cut = Disciplinary(
        "order",
        ("bonus",),
        tuple(Order(7, "1", date(2026, 11, 5), D(share) / 100) for share in shares),
        D(at_most) / 100,
    )
    parts = [
        cut,
        Salary("salary", D(salary)),
        Rate("bonus", "won_sum", "flat", (Tier(D(1)),)),
    ]
    inputs = Inputs({"won_sum": D(bonus)}, None, 1, 1, person=7, month=date(2026, 11, 1))
    lines = evaluate(parts, inputs)
    taken = -next(line.amount for line in lines if line.code == "order")
    assert 0 <= taken <= min(D(bonus), D(salary + bonus) * at_most / 100)
    assert sum_lines(lines) == salary + bonus - taken
    assert sum_lines(evaluate(parts[::-1], inputs)) == sum_lines(lines)
