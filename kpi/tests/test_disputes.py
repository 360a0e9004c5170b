"""An appeal and the money: nothing while it waits, a visible line when it is upheld, and never less than before."""

from collections.abc import Iterator

import pytest

from core import moment
from devtools.tests.factory import DAY, make_employee
from kpi import statements
from kpi.corrections import correct_statement
from kpi.disputes import decide_appeal
from kpi.models import AppealSettlement, StatementLine
from kpi.pay_schemes import load_scheme
from kpi.prices import finding_prices
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, D, Month
from pipelines.models import JudgementRequest
from qc.appeals import file_appeal
from qc.models import Appeal
from team.models import Employee, Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_first_of_december() -> Iterator[None]:
    moment.fix(DECEMBER_1.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def november() -> Month:
    return Month()


@pytest.fixture
def controller() -> Employee:
    return make_employee(Role.CONTROLLER)


def object_to(month: Month, number: int = 0) -> Appeal:
    return file_appeal(month.findings[number], Employee.objects.get(pk=month.employee.pk), "client")


def test_an_open_month_is_computed_without_it_from_the_filing_on(
    november: Month, controller: Employee
) -> None:
    statements.refresh_month(NOVEMBER)
    whole = november.statement().total
    price = finding_prices(november.findings[:1])[november.findings[0].pk]
    appeal = object_to(november)
    assert finding_prices([november.findings[0]])[november.findings[0].pk] == price, "at stake, as before"
    statements.refresh_month(NOVEMBER)
    assert november.statement().total == whole + price == whole + D(960)
    november.findings[0].refresh_from_db()
    assert finding_prices([november.findings[0]])[november.findings[0].pk] == price, (
        "and when it is computed anew"
    )
    _, [settled] = decide_appeal(appeal, controller, "full")
    assert (settled.amount, settled.line, settled.statement) == (price, None, november.statement())
    statements.refresh_month(NOVEMBER)
    assert november.statement().total == whole + price


def test_refused_it_is_as_it_was(november: Month, controller: Employee) -> None:
    statements.refresh_month(NOVEMBER)
    whole = november.statement().total
    appeal = object_to(november)
    assert decide_appeal(appeal, controller, "refused", "нет")[1] == []
    statements.refresh_month(NOVEMBER)
    assert november.statement().total == whole


def test_a_closed_month_gets_a_line_for_each_upheld_appeal_once(
    november: Month, controller: Employee
) -> None:
    statements.close_month(NOVEMBER, None)
    frozen = november.statement()
    for number in range(3):  # 88 → 92 → 96 → 100 points: 0.98 → 1.02 → 1.06 → 1.1 of 24,000
        appeal = object_to(november, number)
        _, [settled] = decide_appeal(appeal, controller, "full", "верно")
        assert settled.amount == settled.line.amount == D(960)
        assert decide_appeal(appeal, controller, "full", "верно")[1] == [settled]
        assert november.statement().total == frozen.total + sum(
            StatementLine.objects.filter(statement=frozen, code="correction").values_list("amount", flat=True)
        )
    assert StatementLine.objects.filter(code="correction").count() == 3
    top = D(24_000) * (D("1.1") - D("0.98"))
    assert november.statement().total - frozen.total == top, "all three together are what they are together"
    line = StatementLine.objects.filter(code="correction").first()
    assert line.author == controller and line.reason.startswith("Апелляция № ")


def test_an_advance_that_is_owed_does_not_hide_what_an_upheld_appeal_brings(
    november: Month, controller: Employee
) -> None:
    advance = {"kind": "draw", "code": "draw", "title": {"ru": "Аванс", "en": "Advance"}, "amount": "100000"}
    load_scheme({**DOCUMENT, "components": [*DOCUMENT["components"], advance]})
    statements.close_month(NOVEMBER, None)
    assert november.statement().total == 100_000
    _, [settled] = decide_appeal(object_to(november), controller, "full")
    assert settled.amount == D(960)


def test_an_earlier_correction_of_sales_is_part_of_what_it_is_reckoned_from(
    november: Month, controller: Employee
) -> None:
    statements.close_month(NOVEMBER, None)
    won = november.deal
    won.price = won.price + 100_000
    won.save()
    correct_statement(november.statement(), controller, D("2940"), "допродажа", deal=won.pk)
    _, [settled] = decide_appeal(object_to(november), controller, "full")
    assert settled.amount == (D(24_000) + 3_000) * D("0.04")


def test_a_month_frozen_while_it_waited_owes_nothing(november: Month, controller: Employee) -> None:
    appeal = object_to(november)
    moment.fix((DECEMBER_1 + DAY).isoformat())
    JudgementRequest.objects.all().delete()  # a worker has judged the deal
    statements.close_month(NOVEMBER, None)
    total = november.statement().total
    assert decide_appeal(appeal, controller, "full")[1] == []
    assert november.statement().total == total and not AppealSettlement.objects.exists()


def test_what_changes_no_pay_says_so(november: Month, controller: Employee) -> None:
    document = november.scheme.document
    document["components"] = [one for one in document["components"] if one["kind"] == "salary"]
    november.scheme.document = document
    november.scheme.save()
    statements.close_month(NOVEMBER, None)
    _, [settled] = decide_appeal(object_to(november), controller, "full")
    assert (settled.amount, settled.line) == (D(0), None)
