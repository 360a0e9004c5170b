"""A closed statement is signed and objected to by the one whose it is, and answered once: a correction, or a reason."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests.factory import make_employee
from kpi import statements
from kpi.models import LineObjection, Signature, Statement, StatementLine
from kpi.objections import answer_objection, object_to_line, sign_statement
from kpi.tests.november import NOVEMBER, Month
from team.models import Employee, Role
from web.tests.clients import signed_in
from web.tests.month_office import page

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def closed() -> Iterator[Month]:
    moment.fix("2026-12-03T09:00:00+00:00")
    made = Month()
    Employee.objects.filter(pk=made.employee.pk).update(language="en")
    statements.refresh_month(NOVEMBER)
    statements.close_month(NOVEMBER, None)
    with translation.override("en"):
        yield made
    moment.fix(None)


def commission(month: Month) -> StatementLine:
    return StatementLine.objects.select_related("statement").get(statement=row_of(month), code="commission")


def row_of(month: Month) -> Statement:
    return Statement.objects.get(manager=month.anna, period=NOVEMBER.first)


def file(month: Month) -> LineObjection:
    return object_to_line(commission(month), month.employee, "missing", "Deal 5 is not here")[0]


def test_a_manager_signs_and_objects_and_finance_upholds_it_once(closed: Month) -> None:
    finance = make_employee(Role.FINANCE, language="en")
    manager, row, line = signed_in(closed.employee), row_of(closed), commission(closed)
    for _twice in range(2):
        manager.post(f"/my/sign/{row.pk}/")
        manager.post(f"/my/object/{line.pk}/", {"reason": "missing", "text": "Deal 5 is not here"})
    assert Signature.objects.count() == LineObjection.objects.count() == 1
    text = page(closed.employee, period="2026-11")
    assert "Signed by" in text
    assert "Waits for an answer until Dec 8, 2026." in text
    assert "Disputed: 24,000 ₽" in text
    assert "Objections to answer" in page(finance)
    objection, before = LineObjection.objects.get(), row.total
    given = {"uphold": "on", "amount": "2940.00", "answer": "Deal 5 was entered late"}
    for _twice in range(2):
        signed_in(finance).post(f"/my/answer/{objection.pk}/", given)
    row.refresh_from_db()
    assert row.total == before + D(2_940)
    objection.refresh_from_db()
    assert objection.correction is not None
    assert (objection.decision, objection.correction.amount) == ("upheld", D(2_940))
    text = page(closed.employee, period="2026-11")
    assert "Deal 5 was entered late" in text
    assert "Disputed" not in text
    assert "Objections to answer" not in page(finance)


def test_a_refused_one_changes_no_money_and_may_be_filed_anew(closed: Month) -> None:
    finance, total = make_employee(Role.FINANCE), row_of(closed).total
    answer_objection(file(closed), finance, None, "The scheme says so")
    assert row_of(closed).total == total
    assert object_to_line(commission(closed), closed.employee, "rule", "Once more")[1]


@pytest.mark.parametrize("role", [Role.HEAD, Role.DIRECTOR, Role.FINANCE, Role.ADMIN])
def test_nobody_signs_or_objects_for_another(closed: Month, role: str) -> None:
    other = make_employee(role)
    with pytest.raises(ValueError, match="Only the one"):
        sign_statement(row_of(closed), other)
    with pytest.raises(ValueError, match="Only the one"):
        object_to_line(commission(closed), other, "amount", "Too little")


def test_nobody_answers_his_own(closed: Month) -> None:
    objection = file(closed)
    Employee.objects.filter(pk=closed.employee.pk).update(role=Role.FINANCE)
    promoted = Employee.objects.get(pk=closed.employee.pk)
    with pytest.raises(ValueError, match="of his own"):
        answer_objection(objection, promoted, D(1), "Yes")
    with pytest.raises(ValueError, match="closes months"):
        answer_objection(objection, make_employee(Role.HEAD), D(1), "Yes")


def test_strangers_find_nothing_and_a_manager_answers_nothing(closed: Month) -> None:
    objection, row, line = file(closed), row_of(closed), commission(closed)
    boris = signed_in(make_employee(Role.MANAGER, closed.house.boris))
    controller = signed_in(make_employee(Role.CONTROLLER))
    for client in (boris, controller):
        for address in (f"sign/{row.pk}", f"object/{line.pk}", f"answer/{objection.pk}"):
            assert client.post(f"/my/{address}/").status_code == 404
    assert signed_in(closed.employee).post(f"/my/answer/{objection.pk}/").status_code == 404
    assert Client().post(f"/my/sign/{row.pk}/").url.startswith("/login/")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"reason": "nonsense", "text": "x"}, "What is wrong"),
        ({"reason": "amount", "text": "  "}, "In words"),
        ({"reason": "amount", "text": "x" * 1001}, "In words"),
    ],
)
def test_nonsense_is_answered_with_a_sentence_and_changes_nothing(
    closed: Month, given: dict[str, str], says: str
) -> None:
    client = signed_in(closed.employee)
    response = client.post(f"/my/object/{commission(closed).pk}/", given, follow=True)
    assert says in response.content.decode()
    assert not LineObjection.objects.exists()


@pytest.mark.parametrize("amount", ["", "abc", "0"])
def test_an_upheld_one_needs_an_amount(closed: Month, amount: str) -> None:
    objection = file(closed)
    given = {"uphold": "on", "amount": amount, "answer": "Yes"}
    signed_in(make_employee(Role.FINANCE)).post(f"/my/answer/{objection.pk}/", given)
    objection.refresh_from_db()
    assert objection.waits


def test_a_live_month_is_neither_signed_nor_objected_to(closed: Month) -> None:
    Statement.objects.update(status="live")
    with pytest.raises(ValueError, match="preliminary"):
        sign_statement(row_of(closed), closed.employee)
    with pytest.raises(ValueError, match="preliminary"):
        object_to_line(commission(closed), closed.employee, "amount", "Too little")


def test_a_page_of_a_month_with_objections_costs_no_more(
    closed: Month, django_assert_max_num_queries: object
) -> None:
    client = signed_in(closed.employee)
    for line in StatementLine.objects.filter(statement=row_of(closed)):
        object_to_line(line, closed.employee, "amount", "Too little")
    with django_assert_max_num_queries(12):  # type: ignore[operator]  # a fixture
        client.get("/my/?period=2026-11")
