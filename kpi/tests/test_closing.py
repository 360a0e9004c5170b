"""A month is closed once, on whole data, and changed afterwards only by corrections."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from core import locks, moment
from core.periods import parse_month
from devtools.tests.factory import DAY, NOW, make_cursor, make_employee, make_person
from kpi import statements
from kpi.corrections import correct_statement
from kpi.models import Statement
from kpi.presentation import show_statement
from kpi.tests.november import DECEMBER_1, NOVEMBER, WORKED, D, Month
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Cursor, JudgementRequest
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


@pytest.mark.parametrize("now", [NOW, DECEMBER_1])
def test_who_becomes_a_head_keeps_the_month_that_he_worked_as_a_manager(
    november: Month, now: datetime
) -> None:
    moment.fix(now.isoformat())
    statements.refresh_month(NOVEMBER)
    before = november.statement().total
    Employee.objects.update(role=Role.HEAD)
    assert statements.refresh_month(NOVEMBER) == 1
    assert november.statement().total == before
    moment.fix(DECEMBER_1.isoformat())
    assert statements.refresh_month(NOVEMBER.next) == 0, "a head has no pay scheme of managers"


def test_statements_of_a_month_that_is_over_are_never_deleted(november: Month) -> None:
    moment.fix(NOW.isoformat())
    statements.refresh_month(NOVEMBER)
    Employee.objects.update(hired_on=date(2026, 12, 1))
    statements.refresh_month(NOVEMBER)
    assert not Statement.objects.exists(), "while it lasts, a slip of the keyboard can be mended"
    Employee.objects.update(hired_on=None)
    statements.refresh_month(NOVEMBER)
    moment.fix(DECEMBER_1.isoformat())
    Employee.objects.update(hired_on=date(2026, 12, 1))
    statements.refresh_month(NOVEMBER)
    before_hiring = dict.fromkeys(WORKED, D(0)) | {"commission": D(24_000)}
    assert november.amounts() == before_hiring, "who did not work here has no shifts and is not judged"
    Employee.objects.all().delete()
    statements.refresh_month(NOVEMBER)
    assert november.amounts()["commission"] == D(24_000)


def test_a_closed_month_is_frozen(november: Month) -> None:
    director = make_employee(Role.DIRECTOR)
    assert statements.close_month(NOVEMBER, director) == 1
    november.house.closed(november.house.won, november.anna, NOVEMBER.start + 20 * DAY, 100_000)
    make_employee(Role.MANAGER, make_person("Пришёл потом"), rota=november.rota)
    assert statements.refresh_month(NOVEMBER) == 0
    row = november.statement()
    assert (row.total, row.status, row.closed_by, row.closed_at) == (
        D("72586.67"),
        "closed",
        director,
        DECEMBER_1,
    )
    assert november.amounts() == WORKED
    assert Statement.objects.count() == 1


def test_a_month_is_closed_once_and_only_when_it_is_over(november: Month) -> None:
    with translation.override("en"):
        with pytest.raises(ValueError, match="^2026-11 is not over yet: it can be closed from 2026-12-01$"):
            statements.close_month(NOVEMBER, None, NOW)
        statements.close_month(NOVEMBER, None)
        with pytest.raises(ValueError, match="^2026-11 is closed already$"):
            statements.close_month(NOVEMBER, None)
        with pytest.raises(ValueError, match="^There are no statements for 2025-11"):
            statements.close_month(parse_month("2025-11", ZoneInfo("Europe/Moscow")), None)


def test_a_month_is_not_frozen_on_data_that_do_not_reach_its_end(november: Month) -> None:
    for entity in TABLE:
        make_cursor(entity.name, as_of=NOVEMBER.end - timedelta(minutes=1))
    with translation.override("en"), pytest.raises(ValueError) as error:
        statements.close_month(NOVEMBER, None)
    assert str(error.value) == (
        "The data from amoCRM are as of 2026-11-30 23:59+03:00: 2026-11 can be closed when they reach its end"
    )
    Cursor.objects.update(as_of=NOVEMBER.end)
    assert statements.close_month(NOVEMBER, None) == 1


def test_a_month_is_not_frozen_while_anything_is_still_being_loaded(november: Month) -> None:
    for entity in TABLE:
        make_cursor(entity.name, as_of=NOVEMBER.end)
    Cursor.objects.filter(entity="tasks").update(as_of=None, state=Cursor.State.NEW)
    with translation.override("en"):
        with pytest.raises(ValueError, match="^The data from amoCRM are still being loaded: 2026-11 can be"):
            statements.close_month(NOVEMBER, None)
        Cursor.objects.all().delete()
        Account.objects.create(
            id=1, name="Zolotarev", base_url="https://zolotarev.amocrm.ru", credentials=b"1"
        )
        with pytest.raises(ValueError, match="^The data from amoCRM are still being loaded"):
            statements.close_month(NOVEMBER, None)


def test_what_the_token_may_not_read_holds_no_closing_up(november: Month) -> None:
    for entity in TABLE:
        make_cursor(entity.name, as_of=NOVEMBER.end)
    Cursor.objects.filter(entity="messages").update(as_of=None, state=Cursor.State.DENIED)
    assert statements.close_month(NOVEMBER, None) == 1


def test_a_month_is_not_frozen_while_a_changed_deal_waits_to_be_judged(november: Month) -> None:
    JudgementRequest.objects.demand_deals([november.deal.pk])
    JudgementRequest.objects.demand_deals([november.deal.pk])
    with translation.override("en"), pytest.raises(ValueError) as error:
        statements.close_month(NOVEMBER, None)
    assert str(error.value) == (
        "1 changed deal has not been judged yet: 2026-11 can be closed in a few minutes"
    )
    JudgementRequest.objects.all().delete()
    asked = locks.lease_now()
    for minutes in (0, 2):
        JudgementRequest.objects.create(
            unit="person", subject_id=1, since=NOW, asked_at=asked - timedelta(minutes=minutes)
        )
    with (
        translation.override("en"),
        pytest.raises(ValueError, match="^1 changed deal has not been judged yet"),
    ):
        statements.close_month(NOVEMBER, None)
    JudgementRequest.objects.filter(
        asked_at__lt=asked
    ).delete()  # the younger one is always there in a company at work
    assert statements.close_month(NOVEMBER, None) == 1


def test_a_correction_is_a_new_line_with_author_and_reason(november: Month) -> None:
    director = make_employee(Role.DIRECTOR, first_name="Зинаида", last_name="Золотарёва")
    statements.close_month(NOVEMBER, director)
    correct_statement(november.statement(), director, D("1500.50"), "Возвращена сделка 48211 ")
    row = november.statement()
    assert (row.total, row.lines.count()) == (D("74087.17"), 5)
    with translation.override("ru"):
        line = show_statement(row).lines[-1]
    assert (line.title, line.amount, line.because) == ("Исправление", D("1500.50"), "Возвращена сделка 48211")
    assert line.author == "Зинаида Золотарёва"


@pytest.mark.parametrize(
    ("amount", "reason", "sentence"),
    [
        (D(5), " ", "A correction needs a reason"),
        (D(0), "why", "A correction must be an amount other than zero, with two decimals at most"),
        (D("0.001"), "why", "A correction must be an amount other than zero, with two decimals at most"),
    ],
)
def test_a_nonsense_correction_changes_nothing(
    november: Month, amount: Decimal, reason: str, sentence: str
) -> None:
    statements.close_month(NOVEMBER, None)
    with translation.override("en"), pytest.raises(ValueError, match=sentence):
        correct_statement(november.statement(), november.employee, amount, reason)
    assert november.amounts() == WORKED


def test_a_live_month_takes_no_corrections(november: Month) -> None:
    statements.refresh_month(NOVEMBER)
    with translation.override("en"), pytest.raises(ValueError, match="^Only a closed month is corrected"):
        correct_statement(november.statement(), november.employee, D(5), "why")
