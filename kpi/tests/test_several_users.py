"""One employee with several amoCRM users, one user of several employees, and heads who sell."""

from datetime import date

import pytest

from core import moment
from devtools.tests.factory import DAY, make_employee, make_finding, make_person, make_task
from kpi import pay_schemes, statements
from kpi.models import Statement
from kpi.prices import finding_prices
from kpi.tests.closed_november import D, get
from kpi.tests.closed_november import closed as closed
from kpi.tests.closed_november import the_fifth_of_december as the_fifth_of_december
from kpi.tests.november import NOVEMBER, Month
from kpi.unclaimed import find_unclaimed
from team.models import AmoUser, Employee, HeadAssignment, Role

pytestmark = pytest.mark.django_db


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
