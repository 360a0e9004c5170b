"""Months paid by another scheme: the same scheme gives what was paid, and a year by months what it gives at once."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import moment
from devtools.tests.factory import DAY
from kpi import pay_schemes
from kpi.calculation.evaluation import sum_lines
from kpi.corrections import correct_statement
from kpi.models import Statement
from kpi.month_facts import Facts, Shifts
from kpi.pay_curve import draw_curve
from kpi.pay_schemes import read_document
from kpi.rehearsal import rehearse
from kpi.replay import Past, replay
from kpi.statements import close_month
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, Month
from team.models import Employee

D = Decimal
TITLE = {"ru": "Т", "en": "T"}


def scheme(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    parts = [{"code": f"part{number}", "title": TITLE, **one} for number, one in enumerate(components)]
    return {"code": "t", "title": TITLE, "effective_from": "2026-01-01", "components": parts, **more}


YEAR = scheme(
    {
        "kind": "rate",
        "period": "year",
        "measure": "won_sum",
        "scale": "marginal",
        "tiers": [{"upto": "1", "rate": "0.05"}, {"rate": "0.08"}],
    },
    quota=200_000,
)


def months(*sold: int) -> list[Past]:
    return [
        Past(
            date(2026, number, 1),
            Facts(measures={"won_sum": D(one)}, shifts=Shifts(1, 1), wins={"won_sum": {number: D(one)}}),
        )
        for number, one in enumerate(sold, 1)
    ]


def test_a_year_paid_by_months() -> None:
    paid = replay(read_document(YEAR), months(90_000, 80_000, 50_000, -10_000, 0))
    assert [sum_lines(lines) for lines in paid] == [4_500, 4_000, 3_100, -800, 0]


@given(st.lists(st.integers(-50_000, 300_000), min_size=1, max_size=12))
def test_the_months_of_a_year_come_to_the_year_at_once(sold: list[int]) -> None:
    paid = sum((sum_lines(lines) for lines in replay(read_document(YEAR), months(*sold))), D(0))
    [[at_once]] = replay(read_document(YEAR), months(sum(sold)))
    assert paid == at_once.amount


def test_an_advance_is_owed_from_month_to_month() -> None:
    draw = read_document(
        scheme(
            {"kind": "rate", "measure": "won_sum", "scale": "flat", "tiers": [{"rate": "1"}]},
            {"kind": "draw", "amount": "30000"},
        )
    )
    paid = replay(draw, months(20_000, 25_000, 50_000))
    assert [sum_lines(lines) for lines in paid] == [30_000, 30_000, 35_000]


def test_the_curve_shows_where_a_rouble_pays_a_leap() -> None:
    tiers = [{"upto": "0.7", "rate": "0.02"}, {"upto": "1", "rate": "0.03"}, {"rate": "0.045"}]
    whole = scheme({"kind": "rate", "measure": "won_sum", "scale": "whole", "tiers": tiers}, quota=1_200_000)
    curve = draw_curve(read_document(whole))
    assert curve is not None
    assert [(one.attainment, one.leap.quantize(D(1))) for one in curve.cliffs] == [
        (D("0.7"), 8_400),
        (D(1), 18_000),
    ]
    marginal = scheme(
        {"kind": "rate", "measure": "won_sum", "scale": "marginal", "tiers": tiers}, quota=1_200_000
    )
    smooth = draw_curve(read_document(marginal))
    assert smooth is not None
    assert smooth.cliffs == ()
    assert dict(smooth.points)[D(1_200_000)] == 27_600
    assert draw_curve(read_document(scheme({"kind": "salary", "amount": "1"}))) is None


@pytest.fixture
def closed() -> Iterator[Month]:
    moment.fix(DECEMBER_1.isoformat())
    month = Month()
    close_month(NOVEMBER, None)
    yield month
    moment.fix(None)


@pytest.mark.django_db
def test_the_scheme_in_force_would_have_paid_what_it_paid(closed: Month) -> None:
    correct_statement(closed.statement(), Employee.objects.first(), D(-100), "Не о схеме")
    closed.house.closed(closed.house.won, closed.anna, NOVEMBER.start + 3 * DAY, 1)  # known too late
    found = rehearse(read_document(DOCUMENT))
    assert (found.paid, found.would, found.months) == (D("72586.67"), D("72586.67"), (NOVEMBER.first,))


@pytest.mark.django_db
def test_another_scheme_is_paid_by_frozen_sales_and_by_what_is_measured_now(closed: Month) -> None:
    """2 % of the whole 1 080 000, closed or not, and 1 000 a deal by a measure that no statement has."""
    sales = {"kind": "rate", "measure": "won_sum", "scale": "flat", "tiers": [{"rate": "0.02"}]}
    count = {
        "kind": "matrix",
        "fund": "1000",
        "indicators": [{"measure": "deals_won", "weight": "1", "plan": "2"}],
    }
    before = list(Statement.objects.values())
    found = rehearse(read_document(scheme(sales, count)))
    assert [(one.name, one.would) for one in found.people] == [("Анна", D(22_600))]
    assert (found.losers, found.winners) == (1, 0)
    assert list(Statement.objects.values()) == before
    cheap = {**sales, "measure": "won_sum?at_least=500000"}
    assert rehearse(read_document(scheme(cheap))).would == 14_000, "a sum that no statement has, paid already"


@pytest.mark.django_db
def test_a_scheme_for_others_pays_nobody_here(closed: Month) -> None:
    assert rehearse(read_document(DOCUMENT | {"people": [closed.house.boris.pk]})).people == ()


@pytest.mark.django_db
def test_faults_of_several_components_are_told_at_once() -> None:
    document = scheme({"kind": "salary", "amount": "-1"}, {"kind": "draw"}, {"kind": "salary", "amount": "1"})
    found = [fault.path for fault in pay_schemes.find_faults(document)]
    assert found == ["components[0].amount", "components[1].amount"]
