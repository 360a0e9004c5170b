"""«Мой месяц»: its numbers and reasons, whose money is shown to whom, and what nonsense is answered with."""

from datetime import date

import pytest

from core import moment
from devtools.tests.factory import DAY, make_deal, make_employee, make_finding, make_person, make_task
from kpi import statements
from kpi.at_stake import find_at_stake
from kpi.corrections import correct_statement
from kpi.models import Quota, Statement
from kpi.tests.november import NOVEMBER, Month
from qc.models import Finding, RuleMode
from team.models import Employee, Role
from web.tests.clients import signed_in
from web.tests.month_office import LATER, D, page, part, someone
from web.tests.month_office import november as november
from web.tests.month_office import saturday as saturday

pytestmark = pytest.mark.django_db


def test_a_manager_reads_money_pace_and_the_next_step(november: Month) -> None:
    text = page(november.employee)
    assert "My month, November 2026" in text
    assert "72,587 ₽" in text
    assert "at the present pace by the end of the month" not in text, "no shift is left"
    assert "computed at 12:00" in text
    assert "<b>120,000 ₽</b> more to the rate of 4.5%" in text
    assert 'the next 10,000 ₽ of sales = <b class="good">+294 ₽</b>' in text
    assert 'one point of quality = <b class="good">+240 ₽</b>' in text
    assert "13 of 15 shifts worked" in text


def test_every_line_opens_into_rule_formula_and_rows(november: Month) -> None:
    text = page(november.employee)
    assert "40,000 ₽ for all shifts of the month, by the shifts worked." in text
    assert "13 of 15 shifts × 40,000 ₽ = 34,666.67 ₽" in text
    assert "2% up to 70% of the plan, 3% up to 100% of the plan, 4.5% beyond that" in text
    assert f"/deals/?result=won&since=2026-11-01&until=2026-12-01&closed_by={november.anna.pk}" in text
    assert "72,586.67 ₽" in text


def test_quality_is_shown_as_violations_of_opportunities_and_points(november: Month) -> None:
    text = page(november.employee)
    assert "3 of 25" in text
    assert "−12.0" in text
    assert "88.0 points of 100" in text


def test_violations_lead_to_their_findings_and_say_where_there_are_more_of_them(november: Month) -> None:
    address = f"/findings/?rule=task.overdue&manager={november.anna.pk}&held_since=2026-11-01"
    text = page(november.employee)
    assert address in text
    assert ">3 findings</a>" in text
    late = november.findings[0]
    make_finding(late.deal, late.rule, task=late.task, mode="money", since=late.since + DAY)
    statements.refresh_month(NOVEMBER)
    text = page(november.employee)
    assert "3 of 25" in text and ">4 findings</a>" in text


def test_on_the_first_day_the_promise_stands_instead_of_zeros(november: Month) -> None:
    moment.fix("2026-11-30T21:30:00+00:00")  # half past midnight of December the 1st in Moscow
    Quota.objects.create(manager=november.anna, period=date(2026, 12, 1), amount=D(900_000))
    for _computed in (False, True):
        text = page(november.employee)
        assert "The plan is 900,000 ₽ of sales" in text
        assert "A fund of 15,000 ₽ by how far the indicators are met" in text
        assert ">0 ₽<" not in text
        Employee.objects.update(hired_on=date(2026, 12, 2))  # no shift is worked on the 1st
        statements.refresh_month(NOVEMBER.next)


def test_without_a_scheme_the_page_says_so(november: Month) -> None:
    Statement.objects.all().delete()
    november.scheme.delete()
    assert "No scheme covers this person" in page(november.employee)


def test_a_closed_month_has_a_padlock_a_date_and_its_corrections(november: Month) -> None:
    moment.fix("2026-12-05T09:00:00+00:00")
    statements.close_month(NOVEMBER, None)
    finance = someone(Role.FINANCE, first_name="Фаина")
    correct_statement(november.statement(), finance, D("-500"), "A deal was returned")
    text = page(november.employee, period="2026-11")
    assert "Closed on Dec 5, 2026." in text
    assert "A deal was returned" in text
    assert "added by Фаина" in text
    assert "at the present pace" not in text
    assert "Ladder of quality" not in text


def test_open_cases_are_piled_by_what_to_do_with_prices_and_the_dearest_deals(november: Month) -> None:
    now = moment.now()
    RuleMode.objects.create(rule="deal.stuck", mode="warn", weight=3, since=NOVEMBER.start)
    for _ in range(9):
        make_finding(make_deal(november.house.first, november.anna), opens_at=now - 9 * DAY)
    Finding.objects.filter(pk=november.findings[0].pk).update(closes_at=None)
    make_finding(november.deal, "field.missing", mode="shadow", opens_at=now - DAY)
    statements.refresh_month(NOVEMBER)
    found = find_at_stake(november.anna.pk, november.employee, now, november.statement())
    [pile] = found.piles
    assert (pile.rule, pile.count, pile.fresh, [one.pk for one in pile.examples]) == (
        "task.overdue", 1, 0, [november.findings[0].pk],
    )  # fmt: skip
    assert (pile.step.points, pile.step.score, pile.step.price) == (D(4), D(92), D(960))
    assert (found.count, found.warned, found.mended, found.spared) == (10, 9, 2, D(1_920))
    text = part(november.employee, "stake")
    assert "Task past its due moment: 1" in text
    assert '<b class="good">+960 ₽</b>' in text
    assert f"https://zolotarev.amocrm.ru/leads/detail/{november.deal.pk}" in text
    assert "9 more open cases are of rules that only warn." in text
    assert "2 cases mended in this month. They will not take 1,920 ₽ from the next one." in text
    assert "Mended by Nov 30, they do not come into the next one" in text
    assert "costs nothing<" not in text


def test_what_can_still_be_saved_stands_first_with_time_left_and_price(november: Month) -> None:
    now = moment.now()
    tasks = [make_task(november.deal, now + hours, manager_id=november.anna.pk) for hours in LATER]
    for task in tasks:
        make_finding(
            november.deal, "task.overdue", mode="money", since=task.due_at, opens_at=task.due_at, task=task
        )
    statements.refresh_month(NOVEMBER)
    found = find_at_stake(november.anna.pk, november.employee, now, november.statement())
    [today], [later] = found.soon.today, found.soon.later
    assert (today.rule, today.count, today.first, today.price) == (
        "task.overdue",
        1,
        now + LATER[0],
        D("812.30"),
    )
    assert later.count == 1
    assert found.soon.day == date(2026, 11, 29)
    text = part(november.employee, "stake")
    assert text.index("What can still be saved</h2>") < text.index("Ladder of quality")
    whole = page(november.employee)
    assert whole.index('id="next"') < whole.index('id="stake"') < whole.index("Statement</h2>")
    assert "in 3 hours" in text
    assert "−812 ₽" in text


def test_what_opens_next_month_is_not_told_as_nothing(november: Month) -> None:
    moment.fix("2026-11-30T09:00:00+00:00")
    statements.refresh_month(NOVEMBER)
    soon = moment.now() + DAY
    make_finding(november.deal, "task.none", mode="money", since=moment.now(), opens_at=soon)
    assert "comes into the next month" in part(november.employee, "stake")


def test_a_deal_that_was_given_away_is_in_no_pile(november: Month) -> None:
    now = moment.now()
    deal = make_deal(november.house.first, november.house.boris, NOVEMBER.start - DAY)
    make_finding(deal, "task.none", mode="money", manager_id=november.anna.pk, opens_at=now - 60 * DAY)
    found = find_at_stake(november.anna.pk, november.employee, now, november.statement())
    assert (found.piles, found.count) == ([], 1)


def test_a_month_that_is_over_says_what_was_short_and_has_no_pace(november: Month) -> None:
    before = page(november.employee)
    assert 'class="pace"' in before
    moment.fix("2026-12-05T09:00:00+00:00")
    for _closed in (False, True):
        text = page(november.employee, period="2026-11")
        assert "<b>120,000 ₽</b> short of the rate of 4.5%" in text
        assert "<b>2.0</b> points of quality short of 90: 480 ₽" in text
        for promise in (
            'class="pace"',
            "more to the rate",
            "the next 10,000",
            "one point of quality =",
            "at the present",
        ):
            assert promise not in text
        assert 'id="stake"' not in text
        if not _closed:
            statements.close_month(NOVEMBER, None)


def test_months_go_back_to_the_first_statement(november: Month) -> None:
    statements.refresh_month(NOVEMBER.previous)
    choice = signed_in(november.employee).get("/my/").context["choice"]
    assert [one.label for one in choice.months] == ["2026-11", "2026-10"]
    assert (choice.earlier, choice.later) == ("2026-10", None)
    long_ago = signed_in(november.employee).get("/my/?period=2001-01").context["choice"]
    assert [one.label for one in long_ago.months] == ["2026-11", "2026-10", "2001-01"]
    assert (long_ago.earlier, long_ago.later) == (None, "2001-02")


def test_pages_cost_the_same_however_much_they_show(
    november: Month, django_assert_max_num_queries: object
) -> None:
    client, director = signed_in(november.employee), signed_in(someone(Role.DIRECTOR))
    for number in range(30):
        deal = make_deal(november.house.first, november.anna)
        make_finding(deal, "task.none", mode="money", opens_at=moment.now() - DAY * number)
        make_employee(Role.MANAGER, make_person(f"Коллега {number}"))
    statements.refresh_month(NOVEMBER)
    parts = {"/my/": 9, "/my/stake/": 12, "/my/next/": 12, "/my/next/?target=200000": 11}
    for address, most in parts.items():
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
    statements.refresh_month(NOVEMBER.previous)
    Statement.objects.filter(period=NOVEMBER.previous.first).update(status="closed")
    with django_assert_max_num_queries(12):
        client.get("/my/?period=2026-10")
    with django_assert_max_num_queries(12):
        director.get("/my/")
