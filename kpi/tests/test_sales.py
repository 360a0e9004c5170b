"""Every won deal is paid once: by the month that was closed with it, or by a correction of that month."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import moment
from devtools.tests.factory import DAY, make_employee
from kpi import pay_schemes, sales, statements
from kpi.corrections import correct_statement
from kpi.differences import Difference, Why, find_differences
from kpi.models import Quota, Statement
from kpi.payees import read_payees
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from kpi.tests.test_pay_schemes import put
from pipelines.models import CustomField, Deal, Stay
from team.models import Role

pytestmark = pytest.mark.django_db

D = Decimal
DECEMBER = NOVEMBER.next
DECEMBER_15 = datetime(2026, 12, 15, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def the_fifth_of_december() -> Iterator[None]:
    moment.fix("2026-12-05T09:00:00+00:00")
    yield
    moment.fix(None)


@pytest.fixture
def closed() -> Month:
    """November, closed with wins of 700 000 and 380 000."""
    made = Month()
    Quota.objects.create(manager=made.anna, period=DECEMBER.first, amount=D(1_200_000))
    statements.close_month(NOVEMBER, None)
    return made


def won_again(deal: Deal, at: datetime) -> None:
    Stay.objects.filter(deal=deal).exclude(stage__kind="won").update(left_at=at)
    Stay.objects.filter(deal=deal, stage__kind="won").update(entered_at=at, visit_since=at)
    Deal.objects.filter(pk=deal.pk).update(closed_at=at)


def december(month: Month) -> Statement:
    moment.fix("2026-12-28T09:00:00+00:00")
    statements.refresh_month(DECEMBER)
    return Statement.objects.get(manager=month.anna, period=DECEMBER.first)


def amount(statement: Statement, code: str = "commission") -> Decimal:
    return statement.lines.get(code=code).amount


def page(month: Month, period: str) -> str:
    client = Client()
    client.force_login(make_employee(Role.FINANCE, language="en"))
    response = client.get("/my/", {"manager": month.anna.pk, "period": period})
    return " ".join(unescape(response.content.decode()).split())


def test_a_closed_month_remembers_which_deals_it_paid(closed: Month) -> None:
    wins = closed.statement().inputs["wins"]
    assert sorted(wins) == ["won_sum"]
    assert sorted(wins["won_sum"].values()) == ["380000.00", "700000.00"]
    assert str(closed.deal.pk) in wins["won_sum"]


def test_a_deal_that_a_closed_month_has_paid_is_not_paid_again(closed: Month) -> None:
    closed.house.closed(closed.house.won, closed.anna, DECEMBER_15, 100_000)
    won_again(closed.deal, DECEMBER_15)
    row = december(closed)
    assert row.inputs["measures"]["won_sum"] == "100000.00"
    assert amount(row) == D(2_000)
    assert row.inputs["days"] == {"2026-12-15": "100000.00"}
    assert row.inputs["paid"] == [{"deal": closed.deal.pk, "amount": "700000.00", "in": "2026-11-01"}]
    assert "already paid in November 2026" in page(closed, "2026-12")
    assert amount(closed.statement()) == D(24_000)


def test_it_is_not_paid_to_somebody_else_either(closed: Month) -> None:
    make_employee(Role.MANAGER, closed.house.boris, rota=closed.rota)
    won_again(closed.deal, DECEMBER_15)
    Stay.objects.filter(deal=closed.deal).update(manager=closed.house.boris)
    december(closed)
    row = Statement.objects.get(manager=closed.house.boris, period=DECEMBER.first)
    assert (row.inputs["measures"]["won_sum"], len(row.inputs["paid"])) == ("0", 1)


def test_while_the_month_before_is_open_a_deal_just_moves_on(closed: Month) -> None:
    Statement.objects.update(status=Statement.Status.LIVE)
    won_again(closed.deal, DECEMBER_15)
    assert amount(december(closed)) == D(14_000)
    statements.refresh_month(NOVEMBER)
    assert closed.statement().inputs["measures"]["won_sum"] == "380000.00"


def test_another_sum_by_another_date_is_another_pay(closed: Month) -> None:
    """Commission by closing and a bonus by payment: a deal enters each of them once."""
    CustomField.objects.create(pk=12, name="Оплачено", type="date")
    bonus = {
        "kind": "bonus", "code": "paid", "title": {"ru": "Оплаты", "en": "Payments"}, "amount": "1000",
        "measure": "won_sum?date=12", "points": [["0", "0"], ["1", "1"]],
    }  # fmt: skip
    document = put(DOCUMENT, "components", [*DOCUMENT["components"], bonus])
    pay_schemes.load_scheme(put(document, "effective_from", "2026-12-01"))
    Deal.objects.filter(pk=closed.deal.pk).update(fields={"12": "2026-12-10"})
    row = december(closed)
    assert row.inputs["measures"]["won_sum?date=12"] == "700000.00"
    assert amount(row, "paid") == D("583.33")


def test_a_win_that_was_entered_after_closing_waits_for_a_correction(closed: Month) -> None:
    assert find_differences([closed.statement()]) == {}
    late = closed.house.closed(closed.house.won, closed.anna, NOVEMBER.start + 20 * DAY, 100_000)
    [found] = find_differences([closed.statement()]).values()
    assert found.rows == (Difference(late.pk, "won_sum", Why.LATE, None, D(100_000), D(2_940)),)
    text = page(closed, "2026-11")
    assert "won in this month and not paid" in text
    assert f"/deals/{late.pk}/" in text
    finance = make_employee(Role.FINANCE)
    correct_statement(closed.statement(), finance, D(2_940), "Занесена поздно", deal=late.pk)
    assert find_differences([closed.statement()]) == {}
    assert "won in this month and not paid" not in page(closed, "2026-11")
    won_again(late, DECEMBER_15)
    assert december(closed).inputs["paid"] == [{"deal": late.pk, "amount": "100000.00", "in": "2026-11-01"}]


def test_a_month_that_lasts_has_no_differences(closed: Month) -> None:
    closed.house.closed(closed.house.won, closed.anna, DECEMBER.start + DAY, 5)
    assert find_differences([december(closed)]) == {}


def test_nobody_is_asked_more_often_for_many_deals(closed: Month) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            sales.collect_sales({closed.anna.pk: pay_schemes.read_document(DOCUMENT)}, read_payees(DECEMBER))
        return len(queries)

    won_again(closed.deal, DECEMBER_15)
    few = cost()
    for number in range(5):
        closed.house.closed(closed.house.won, closed.anna, DECEMBER_15, number)
    assert cost() == few == 3
    assert december(closed).period == date(2026, 12, 1)
