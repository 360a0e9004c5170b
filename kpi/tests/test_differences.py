"""Paid and no longer so: what has happened to the deals of a closed month, what it would change, and its settling."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests.factory import DAY, make_employee, make_finding, make_person, make_task
from kpi import pay_schemes, statements
from kpi.corrections import correct_statement
from kpi.differences import Differences, Why, find_differences
from kpi.models import Quota, Statement, StatementLine, WaivedSale
from kpi.prices import finding_prices
from kpi.tests.test_pay_schemes import put
from kpi.tests.test_statements import DOCUMENT, NOVEMBER, Month
from kpi.unclaimed import find_unclaimed, review_months, waive_sales
from pipelines.models import CustomField, Deal, Stage, Stay
from team.models import AmoUser, Employee, HeadAssignment, Role

D = Decimal
DECEMBER = NOVEMBER.next
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_fifth_of_december() -> Iterator[None]:
    moment.fix("2026-12-05T09:00:00+00:00")
    yield
    moment.fix(None)


@pytest.fixture
def closed() -> Month:
    """November, closed with wins of 700 000 and 380 000."""
    made = Month()
    statements.close_month(NOVEMBER, None)
    return made


def differences(month: Month) -> Differences:
    return find_differences([month.statement()]).get(month.statement().pk, Differences())


def lose(month: Month) -> None:
    lost = Stage.objects.get(pipeline=month.deal.pipeline, kind="lost")
    at = DECEMBER.start + 2 * DAY
    Stay.objects.filter(deal=month.deal, left_at=None).update(left_at=at)
    Stay.objects.create(
        deal=month.deal, stage=lost, manager=month.anna, visit=9, visit_since=at, entered_at=at
    )
    Deal.objects.filter(pk=month.deal.pk).update(stage=lost, closed_at=at)


def reopen(month: Month) -> None:
    Deal.objects.filter(pk=month.deal.pk).update(stage=month.house.first, closed_at=None)


def delete(month: Month) -> None:
    Deal.objects.filter(pk=month.deal.pk).update(deleted_at=DECEMBER.start + DAY)


def reprice(month: Month) -> None:
    Deal.objects.filter(pk=month.deal.pk).update(price=600_000)


def redate(month: Month) -> None:
    at = DECEMBER.start + DAY
    Stay.objects.filter(deal=month.deal, stage__kind="won").update(entered_at=at, visit_since=at)
    Stay.objects.filter(deal=month.deal).exclude(stage__kind="won").update(left_at=at)
    Deal.objects.filter(pk=month.deal.pk).update(closed_at=at)


def reown(month: Month) -> None:
    Stay.objects.filter(deal=month.deal).update(manager=month.house.boris)
    Deal.objects.filter(pk=month.deal.pk).update(manager=month.house.boris)


# 1 080 000 − 700 000 = 380 000 × 2 % = 7 600, × 0.98 = 7 448 instead of 23 520; 980 000: 21 000 × 0.98 = 20 580
GONE = (D(-700_000), D(-16_072))


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


def get(user: Employee, path: str = "/my/", **query: object) -> str:
    client = Client()
    client.force_login(user)
    return " ".join(unescape(client.get(path, query).content.decode()).split()).replace(
        "\N{NO-BREAK SPACE}", " "
    )


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


# Sales in nobody's statement


def zoya_wins(month: Month, amount: int = 500_000) -> Deal:
    zoya = make_person("Зоя")
    return month.house.closed(month.house.won, zoya, NOVEMBER.start + 9 * DAY, amount)


def unclaimed(month: Month) -> list[tuple[int, Decimal, str]]:
    rows = Statement.objects.filter(period=NOVEMBER.first).select_related("scheme")
    return [(one.deal, one.amount, one.employee) for one in find_unclaimed(NOVEMBER, rows)]


def test_a_sale_of_somebody_who_is_linked_after_the_closing_is_told_and_gets_its_statement(
    closed: Month,
) -> None:
    deal = zoya_wins(closed)
    assert unclaimed(closed) == [(deal.pk, D(500_000), "")]
    [state] = review_months(moment.now())
    assert (state.unclaimed, state.unclaimed_sum) == (1, D(500_000))
    finance = make_employee(Role.FINANCE, language="en")
    with translation.override("en"), pytest.raises(ValueError, match="no employee’s main one"):
        statements.add_statement(deal.manager_id, NOVEMBER, finance)
    make_employee(Role.MANAGER, deal.manager, first_name="Зоя", rota=closed.rota)
    assert unclaimed(closed) == [(deal.pk, D(500_000), "Зоя")]
    assert "Make a statement for Зоя" in get(finance, period="2026-11")
    client = Client()
    client.force_login(finance)
    answer = client.post("/my/include/", {"manager": deal.manager_id, "period": "2026-11"})
    assert answer.url == f"/my/?manager={deal.manager_id}&period=2026-11"
    made = Statement.objects.get(manager=deal.manager_id)
    assert (made.status, made.closed_by, made.facts.measures["won_sum"]) == ("closed", finance, D(500_000))
    assert unclaimed(closed) == []
    with (
        translation.override("en"),
        pytest.raises(ValueError, match="There is a statement for 2026-11 already"),
    ):
        statements.add_statement(deal.manager_id, NOVEMBER, finance)


def test_a_late_statement_pays_nothing_that_somebody_else_was_paid_for(closed: Month) -> None:
    zoya = make_person("Зоя")
    make_employee(Role.MANAGER, zoya, rota=closed.rota)
    Stay.objects.filter(deal=closed.deal).update(manager=zoya)
    made = statements.add_statement(zoya.pk, NOVEMBER, None)
    assert made.facts.measures["won_sum"] == 0
    assert [one.deal for one in made.facts.paid] == [closed.deal.pk]
    [mine] = differences(closed).rows
    correct_statement(closed.statement(), make_employee(Role.FINANCE), mine.pay, "Зоина", mine.deal)
    [hers] = find_differences([made])[made.pk].rows
    assert (hers.why, hers.now) == (Why.LATE, D(700_000))


def test_a_sale_of_a_closed_month_can_be_paid_to_nobody_with_a_reason(closed: Month) -> None:
    deal, finance = zoya_wins(closed), make_employee(Role.FINANCE, language="en")
    client = Client()
    client.force_login(finance)
    form = {"period": "2026-11", "deal": f"{deal.pk}:won_sum"}
    client.post("/my/waive/", form)
    assert not WaivedSale.objects.exists(), "a reason is asked for"
    for _ in range(2):
        client.post("/my/waive/", form | {"reason": "Sold by the founder"})
    kept = WaivedSale.objects.get()
    assert (kept.deal, kept.amount, kept.author, kept.reason) == (
        deal.pk,
        D(500_000),
        finance,
        "Sold by the founder",
    )
    assert unclaimed(closed) == []
    with translation.override("en"), pytest.raises(ValueError, match="is not among the sales"):
        waive_sales(NOVEMBER, [(closed.deal.pk, "won_sum")], finance, "why")


def test_an_open_month_tells_of_sales_in_nobodys_statement_and_counts_them_once_linked() -> None:
    month = Month()
    statements.refresh_month(NOVEMBER)
    deal = zoya_wins(month)
    assert "in nobody’s statement" in get(make_employee(Role.FINANCE, language="en"), period="2026-11")
    AmoUser.objects.create(person=deal.manager, employee=month.employee)
    statements.refresh_month(NOVEMBER)
    assert unclaimed(month) == []
    assert month.statement().facts.measures["won_sum"] == D(1_580_000)


# One employee with several amoCRM users; heads


def test_all_amocrm_users_of_an_employee_are_paid_in_one_statement_each_in_its_days() -> None:
    month = Month()
    second = make_person("Анна (второй вход)")
    before = month.house.closed(month.house.won, second, NOVEMBER.start + 4 * DAY, 200_000)
    month.house.closed(month.house.won, second, NOVEMBER.start + 20 * DAY, 300_000)
    AmoUser.objects.create(person=second, employee=month.employee, since=date(2026, 11, 10))
    statements.refresh_month(NOVEMBER)
    assert list(Statement.objects.values_list("manager", flat=True)) == [month.anna.pk]
    assert month.statement().facts.measures["won_sum"] == D(1_380_000)
    rows = Statement.objects.select_related("scheme")
    assert [one.deal for one in find_unclaimed(NOVEMBER, rows)] == [before.pk], "it was nobody's then"


def test_what_several_amocrm_users_did_is_judged_together() -> None:
    """Anna: 24 of 25 tasks in time. Her second user: 0 of 1, so 24 of 26."""
    month = Month()
    second = make_person("Анна (второй вход)")
    make_task(month.deal, NOVEMBER.start + 6 * DAY, manager_id=second.pk)
    AmoUser.objects.create(person=second, employee=month.employee)
    statements.refresh_month(NOVEMBER)
    facts = month.statement().facts
    assert facts.measures["tasks_on_time"] == D(24) / 26
    assert facts.rules["task.overdue"].opportunities == 26


def test_an_amocrm_user_that_is_handed_over_pays_each_in_his_days() -> None:
    month = Month()
    boris = make_employee(Role.MANAGER, month.house.boris, rota=month.rota)
    AmoUser.objects.create(person=month.anna, employee=boris, since=date(2026, 11, 10))
    statements.refresh_month(NOVEMBER)
    sums = {row.manager_id: row.facts.measures["won_sum"] for row in Statement.objects.all()}
    assert sums == {month.anna.pk: D(700_000), month.house.boris.pk: D(380_000)}


def test_shifts_stay_with_the_employee_when_his_amocrm_user_is_handed_over() -> None:
    month = Month()
    boris = make_employee(Role.MANAGER, month.house.boris, rota=month.rota)
    statements.refresh_month(NOVEMBER)
    before = month.statement().facts.shifts
    AmoUser.objects.create(person=month.anna, employee=boris, since=date(2026, 11, 10))
    statements.refresh_month(NOVEMBER)
    assert month.statement().facts.shifts == before
    Employee.objects.filter(pk=month.employee.pk).update(left_on=date(2026, 11, 9))
    statements.refresh_month(NOVEMBER)
    facts = month.statement().facts
    assert (facts.shifts.planned, facts.shifts.worked) == (before.planned, 6), "1, 2, 3, 7, 8 and 9 November"


def test_a_case_under_a_second_amocrm_user_is_priced_by_the_statement_of_its_owner() -> None:
    month = Month()
    second = make_person("Анна (второй вход)")
    AmoUser.objects.create(person=second, employee=month.employee)
    moment.fix("2026-11-20T09:00:00+00:00")
    due = moment.now() - DAY
    task = make_task(month.deal, due, manager_id=second.pk)
    finding = make_finding(
        month.deal, "task.overdue", task=task, manager_id=second.pk, since=due, opens_at=due, mode="money"
    )
    statements.refresh_month(NOVEMBER)
    assert month.statement().facts.rules["task.overdue"].violations == 4
    assert finding_prices([finding])[finding.pk] > 0


HEADS = {
    "code": "heads",
    "title": {"ru": "РОП", "en": "Head"},
    "effective_from": "2026-01-01",
    "components": [
        {
            "kind": "rate", "code": code, "title": {"ru": code, "en": code}, "measure": name, "scale": "flat",
            "tiers": [{"rate": "0.01"}],
        }
        for code, name in (("own", "won_sum"), ("team", "team:won_sum"))
    ],
}  # fmt: skip


def test_a_scheme_that_names_a_head_pays_his_own_sales_and_his_teams() -> None:
    month = Month()
    head = make_employee(Role.HEAD, make_person("Глава"), rota=month.rota)
    month.house.closed(month.house.won, head.person, NOVEMBER.start + DAY, 50_000)
    HeadAssignment.objects.create(employee=month.employee, head=head, since=date(2026, 11, 10))
    pay_schemes.load_scheme(HEADS | {"people": [head.person_id]})
    statements.refresh_month(NOVEMBER)
    row = Statement.objects.get(manager=head.person_id)
    assert {line.code: line.amount for line in row.lines.all()} == {"own": D(500), "team": D(3_800)}
    assert month.statement().facts.measures["won_sum"] == D(1_080_000), "each is paid by his own scheme"
    Employee.objects.filter(pk=head.pk).update(language="en")
    text = get(Employee.objects.get(pk=head.pk), manager=head.person_id, period="2026-11")
    assert f"closed_by={month.anna.pk}" in text, "the way down to the team's sales"


def test_a_scheme_of_somebody_who_cannot_be_paid_is_refused() -> None:
    with pytest.raises(ValueError, match="people: 77 is not the main amoCRM user of any employee"):
        pay_schemes.load_scheme(HEADS | {"people": [77]})
    with pytest.raises(ValueError, match="of a team only a sum of sales can be paid"):
        pay_schemes.read_document(
            HEADS | {"components": [HEADS["components"][0] | {"measure": "team:tasks_on_time"}]}
        )


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
