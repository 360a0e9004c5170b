"""Paid and no longer so: what has happened to the deals of a closed month, what it would change, and its settling."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests.factory import DAY, make_employee
from kpi import pay_schemes, statements
from kpi.corrections import correct_statement
from kpi.differences import Differences, Why, find_differences
from kpi.models import Quota, Statement, StatementLine
from kpi.tests.closed_november import (
    DECEMBER,
    GONE,
    D,
    delete,
    differences,
    get,
    lose,
    redate,
    reopen,
    reown,
    reprice,
    zoya_wins,
)
from kpi.tests.closed_november import closed as closed
from kpi.tests.closed_november import the_fifth_of_december as the_fifth_of_december
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from kpi.tests.test_pay_schemes import put
from kpi.unclaimed import waive_sales
from pipelines.models import CustomField, Deal
from team.models import Employee, Role

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("happens", "why", "sales", "pay"),
    [
        (lose, Why.LOST, *GONE),
        (reopen, Why.REOPENED, *GONE),
        (delete, Why.DELETED, *GONE),
        (reprice, Why.REPRICED, D(-100_000), D(-2_940)),
        (redate, Why.REDATED, *GONE),
        (reown, Why.REOWNED, *GONE),
    ],
)
def test_what_was_paid_and_is_no_longer_so_is_told_with_its_reason_and_money(
    closed: Month, happens: Callable[[Month], None], why: Why, sales: Decimal, pay: Decimal
) -> None:
    assert differences(closed) == Differences()
    happens(closed)
    [one] = differences(closed).rows
    assert (one.deal, one.measure, one.why, one.counted) == (closed.deal.pk, "won_sum", why, D(700_000))
    assert (one.sales, one.pay) == (sales, pay)
    assert differences(closed).pay == pay
    assert closed.statement().total == D("72586.67"), "a closed month does not move by itself"


@pytest.mark.parametrize(
    ("draw", "pay"),
    [
        ({"amount": "100000"}, D(-16_072)),  # 27 413.33 are owed in any case, and the sale has brought 16 072
        ({"amount": "100000", "forgiven": True}, D(0)),  # the month would have been made up to the same
    ],
)
def test_an_advance_that_is_owed_does_not_hide_what_a_sale_has_brought(
    draw: dict[str, Any], pay: Decimal
) -> None:
    month = Month()
    advance = {"kind": "draw", "code": "draw", "title": {"ru": "Аванс", "en": "Advance"}, **draw}
    pay_schemes.load_scheme({**DOCUMENT, "components": [*DOCUMENT["components"], advance]})
    statements.close_month(NOVEMBER, None)
    assert month.statement().total == 100_000
    lose(month)
    [one] = differences(month).rows
    assert (one.pay, differences(month).pay) == (pay, pay)


def test_differences_of_one_month_weigh_together_what_the_tiers_make_of_them(closed: Month) -> None:
    other = Deal.objects.filter(manager=closed.anna).exclude(pk=closed.deal.pk).get(price=380_000)
    lose(closed)
    Deal.objects.filter(pk=other.pk).update(deleted_at=DECEMBER.start)
    found = differences(closed)
    assert [one.pay for one in found.rows] == [D(-16_072), D(-9_800)] != found.pay
    assert (found.sales, found.pay) == (D(-1_080_000), D(-23_520))
    finance = make_employee(Role.FINANCE)
    for _ in range(2):  # one after another they come to the same sum
        [first, *_rest] = differences(closed).rows
        correct_statement(closed.statement(), finance, first.pay, "Потеряна", first.deal, first.measure)
    assert closed.statement().total == D("72586.67") - D(23_520)
    assert differences(closed) == Differences()


def test_a_settled_deal_that_changes_again_is_told_again(closed: Month) -> None:
    finance = make_employee(Role.FINANCE)
    reprice(closed)
    correct_statement(closed.statement(), finance, D(-2_940), "Скидка", closed.deal.pk)
    assert differences(closed) == Differences()
    lose(closed)
    [one] = differences(closed).rows
    assert (one.counted, one.sales, one.pay) == (D(600_000), D(-600_000), D(-13_132))
    correct_statement(closed.statement(), finance, one.pay, "Возврат", one.deal)
    assert [line.turn for line in StatementLine.objects.filter(deal=one.deal)] == [1, 2]
    assert closed.statement().total == D("72586.67") - D(16_072)


def test_december_pays_for_a_sale_that_november_has_given_back(closed: Month) -> None:
    Quota.objects.create(manager=closed.anna, period=DECEMBER.first, amount=D(1_200_000))
    redate(closed)
    statements.refresh_month(DECEMBER)
    december = Statement.objects.get(manager=closed.anna, period=DECEMBER.first)
    assert december.facts.measures["won_sum"] == 0, "November has paid it"
    correct_statement(
        closed.statement(), make_employee(Role.FINANCE), D(-16_072), "В декабре", closed.deal.pk
    )
    statements.refresh_month(DECEMBER)
    assert Statement.objects.get(pk=december.pk).facts.measures["won_sum"] == 700_000


def test_a_correction_posted_twice_is_one_line(closed: Month) -> None:
    finance, key = make_employee(Role.FINANCE), uuid4()
    first, is_new = correct_statement(closed.statement(), finance, D(5_000), "Премия", key=key)
    again = correct_statement(closed.statement(), finance, D(5_000), "Премия", key=key)
    assert is_new
    assert again == (first, False)
    assert closed.statement().total == D("77586.67")


def test_a_double_click_shows_the_first_line(closed: Month) -> None:
    client = Client()
    client.force_login(make_employee(Role.FINANCE, language="en"))
    form = {"amount": "5000", "reason": "Bonus", "key": str(uuid4())}
    for _ in range(2):
        answer = client.post(f"/my/correct/{closed.statement().pk}/", form, follow=True)
    assert "This correction was added already: +5,000\N{NO-BREAK SPACE}₽, “Bonus”." in answer.content.decode()
    assert closed.statement().lines.filter(code="correction").count() == 1


def test_a_deal_is_settled_once(closed: Month) -> None:
    late = closed.house.closed(closed.house.won, closed.anna, NOVEMBER.start + 20 * DAY, 100_000)
    finance = make_employee(Role.FINANCE, first_name="Фаина", last_name="Финансова")
    correct_statement(closed.statement(), finance, D(2_940), "Занесена поздно", late.pk, key=uuid4())
    with (
        translation.override("en"),
        pytest.raises(ValueError, match="is settled already: \\+2,940.* by Фаина"),
    ):
        correct_statement(closed.statement(), finance, D(2_940), "Занесена поздно", late.pk, key=uuid4())
    with translation.override("en"), pytest.raises(ValueError, match="has nothing to settle"):
        correct_statement(closed.statement(), finance, D(1), "why", 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        line = StatementLine.objects.get(deal=late.pk)
        line.pk, line.key = None, None
        line.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keys", [[None] * 4, [UUID(int=7)] * 4])
def test_four_corrections_of_one_deal_at_once_are_one(keys: list[UUID | None]) -> None:
    closed = Month()
    statements.close_month(NOVEMBER, None)
    late = closed.house.closed(closed.house.won, closed.anna, NOVEMBER.start + 20 * DAY, 100_000)
    finance, row, barrier, told = make_employee(Role.FINANCE), closed.statement(), Barrier(4), []

    def post(key: UUID | None) -> None:
        barrier.wait()
        try:
            told.append(correct_statement(row, finance, D(2_940), "Занесена поздно", late.pk, key=key)[1])
        except ValueError:
            told.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=post, args=[key]) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    others = "refused" if keys[0] is None else False
    assert sorted(told, key=str) == sorted([True, others, others, others], key=str)
    assert closed.statement().total == D("72586.67") + D(2_940)


def test_a_correction_settles_the_measure_that_it_names_and_no_other() -> None:
    """November's commission is corrected; the client pays on 10 December, and the payment bonus is still due."""
    CustomField.objects.create(pk=12, name="Оплачено", type="date")
    bonus = {
        "kind": "bonus", "code": "paid", "title": {"ru": "Оплаты", "en": "Payments"}, "amount": "1000",
        "measure": "won_sum?date=12", "points": [["0", "0"], ["1", "1"]],
    }  # fmt: skip
    month = Month()
    pay_schemes.load_scheme(put(DOCUMENT, "components", [*DOCUMENT["components"], bonus]))
    Quota.objects.create(manager=month.anna, period=DECEMBER.first, amount=D(1_200_000))
    statements.close_month(NOVEMBER, None)
    late = month.house.closed(month.house.won, month.anna, NOVEMBER.start + 20 * DAY, 600_000)
    correct_statement(month.statement(), make_employee(Role.FINANCE), D(5), "Поздно", late.pk, "won_sum")
    Deal.objects.filter(pk=late.pk).update(fields={"12": "2026-12-10"})
    moment.fix("2026-12-28T09:00:00+00:00")
    statements.refresh_month(DECEMBER)
    december = Statement.objects.get(manager=month.anna, period=DECEMBER.first)
    assert december.lines.get(code="paid").amount == D(500)
    assert december.lines.get(code="commission").amount == 0


def test_a_correction_of_before_measures_had_names_still_settles_every_one(closed: Month) -> None:
    late = closed.house.closed(closed.house.won, closed.anna, NOVEMBER.start + 20 * DAY, 100_000)
    StatementLine.objects.create(
        statement=closed.statement(), position=9, code="correction", amount=5, deal=late.pk, turn=1,
        values={"kind": "correction", "deal": late.pk}, reason="old",
    )  # fmt: skip
    assert differences(closed) == Differences()


def test_a_deal_that_differs_by_two_sums_is_settled_by_one_of_them_at_a_time() -> None:
    CustomField.objects.create(pk=7, name="Маржа", type="numeric")
    margin = {
        "kind": "rate", "code": "margin", "title": {"ru": "Маржа", "en": "Margin"}, "scale": "flat",
        "measure": "won_sum?field=7", "tiers": [{"rate": "0.1"}],
    }  # fmt: skip
    month, finance = Month(), make_employee(Role.FINANCE)
    pay_schemes.load_scheme(put(DOCUMENT, "components", [*DOCUMENT["components"], margin]))
    statements.close_month(NOVEMBER, None)
    late = month.house.closed(month.house.won, month.anna, NOVEMBER.start + 20 * DAY, 100_000)
    Deal.objects.filter(pk=late.pk).update(fields={"7": 30_000})
    with translation.override("en"), pytest.raises(ValueError, match="differs by several sums, won_sum"):
        correct_statement(month.statement(), finance, D(3_000), "why", late.pk)
    correct_statement(month.statement(), finance, D(3_000), "why", late.pk, "won_sum?field=7")
    [left] = differences(month).rows
    assert (left.measure, left.pay) == ("won_sum", D(2_940))


@pytest.mark.parametrize("role", [Role.FINANCE, Role.DIRECTOR, Role.ADMIN])
def test_whoever_closes_months_is_told_on_desk_and_overview_and_offered_the_correction(
    closed: Month, role: str
) -> None:
    user = make_employee(role, language="en")
    lose(closed)
    assert "November 2026, closed: 1 deal counts otherwise now, −16,072.00 ₽ of pay." in get(
        user, "/desk/months/"
    )
    overview = get(user, period="2026-11")
    assert "Paid and no longer so" in overview
    assert "lost since" in overview
    offer = f"?manager={closed.anna.pk}&period=2026-11&settle={closed.deal.pk}%3Awon_sum#correction"
    assert offer in overview
    form = get(user, manager=closed.anna.pk, period="2026-11", settle=f"{closed.deal.pk}:won_sum")
    assert 'value="-16072.00"' in form
    assert f'value="Deal {closed.deal.pk}: lost since"' in form


def test_the_manager_reads_it_in_his_statement_and_a_head_learns_nothing_of_closing(closed: Month) -> None:
    lose(closed)
    Employee.objects.update(language="en")
    text = get(closed.employee, period="2026-11")
    assert "lost since" in text
    assert "Correct by" not in text
    head = make_employee(Role.HEAD, language="en")
    assert "counts otherwise" not in get(head, "/desk/months/")


def test_the_api_lists_what_has_changed_since_the_closing(closed: Month) -> None:
    client = Client()
    client.force_login(make_employee(Role.FINANCE))
    assert client.get("/api/v1/statements/?period=2026-11").json()[0]["since_closed"] == []
    lose(closed)
    assert client.get("/api/v1/statements/?period=2026-11").json()[0]["since_closed"] == [
        {
            "deal": closed.deal.pk, "measure": "won_sum", "why": "lost", "counted": 700_000, "now": None,
            "sales": -700_000, "pay": -16_072,
        }
    ]  # fmt: skip


def test_an_open_past_month_is_told_to_whoever_closes_it() -> None:
    Month()
    statements.refresh_month(NOVEMBER)
    director = make_employee(Role.DIRECTOR, language="en")
    assert "November 2026 is over and not closed yet." in get(director, "/desk/months/")
    assert "November 2026 is over and not closed yet." in get(director)
    statements.close_month(NOVEMBER, director)
    assert "not closed yet" not in get(director) + get(director, "/desk/months/")


def test_a_waiver_and_a_late_statement_need_a_closed_month() -> None:
    month = Month()
    statements.refresh_month(NOVEMBER)
    deal = zoya_wins(month)
    make_employee(Role.MANAGER, deal.manager)
    with translation.override("en"):
        with pytest.raises(ValueError, match="2026-11 is not closed"):
            statements.add_statement(deal.manager_id, NOVEMBER, None)
        with pytest.raises(ValueError, match="is not among"):
            waive_sales(NOVEMBER, [(deal.pk, "won_sum")], month.employee, "why")


def test_months_long_ago_are_read_together_without_more_questions(
    closed: Month, django_assert_num_queries: Callable[[int], object]
) -> None:
    lose(closed)
    row = Statement.objects.select_related("scheme").get(pk=closed.statement().pk)
    with django_assert_num_queries(5):
        find_differences([row])
    Statement.objects.create(
        manager=closed.house.boris, period=date(2026, 10, 1), status="closed", scheme=row.scheme,
        inputs=row.inputs | {"wins": {"won_sum": {"1": "5"}}}, computed_at=moment.now() - timedelta(days=30),
    )  # fmt: skip
    both = list(Statement.objects.select_related("scheme"))
    with django_assert_num_queries(5):
        found = find_differences(both)
    assert len(found) == 2
