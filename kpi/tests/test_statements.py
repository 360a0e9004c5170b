"""A manager's month from rows to roubles: the numbers of docs/money.md, freezing, correcting, and what could change."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core import moment
from devtools.tests.factory import (
    DAY,
    NOW,
    make_cursor,
    make_deal,
    make_employee,
    make_finding,
    make_person,
    make_task,
)
from kpi import pay_schemes, statements
from kpi.models import Quota, Scheme, Statement
from kpi.month_facts import Score
from kpi.presentation import show_statement
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, WORKED, D, Month
from kpi.tests.test_pay_schemes import put
from metrics import measure, rows
from pipelines.mirror.entities import TABLE
from pipelines.models import Cursor, CustomField, Deal
from team.models import Employee, Role
from web.pay.links import find_links

pytestmark = pytest.mark.django_db

NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(autouse=True)
def the_first_of_december() -> Iterator[None]:
    moment.fix(DECEMBER_1.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def november() -> Month:
    return Month()


def test_a_managers_month_is_computed_from_the_rows(november: Month) -> None:
    assert statements.refresh_month(NOVEMBER) == 1
    assert november.amounts() == WORKED
    row = november.statement()
    assert (row.total, row.status, row.scheme) == (D("72586.67"), "live", november.scheme)
    assert row.inputs["shifts"] == {"planned": 15, "worked": 13, "left": 0}
    assert row.facts.rules == {"task.overdue": Score(2, 3, 25)}
    assert row.inputs["days"] == {"2026-11-03": "700000.00", "2026-11-15": "380000.00"}


RUSSIAN = {
    "salary": "13 из 15 смен × 40 000 ₽ = 34 666,67 ₽",
    "commission": "Продажи 1 080 000 ₽ из плана 1 200 000 ₽ (90 %): 2 % до 70 %, 3 % дальше → 24 000 ₽",
    "quality": "Качество 88: × 0,98 → −480 ₽",
    "kpi": "Задачи в срок — 96 % из 100 % с весом 100 %: 96 % фонда 15 000 ₽ = 14 400 ₽",
}
ENGLISH = {
    "salary": "13 of 15 shifts × 40,000 ₽ = 34,666.67 ₽",
    "commission": "Sales of 1,080,000 ₽ out of a plan of 1,200,000 ₽ (90%): 2% up to 70%, 3% beyond that → 24,000 ₽",
    "quality": "Quality 88: × 0.98 → −480 ₽",
    "kpi": "Tasks done on time: 96% of 100% with a weight of 100%: 96% of the fund of 15,000 ₽ = 14,400 ₽",
}


@pytest.mark.parametrize(("language", "sentences"), [("ru", RUSSIAN), ("en", ENGLISH)])
def test_every_line_says_why_in_the_readers_language(
    november: Month, language: str, sentences: dict[str, str]
) -> None:
    statements.refresh_month(NOVEMBER)
    with translation.override(language):
        shown = show_statement(november.statement())
    assert {line.code: line.because.replace(NBSP, " ") for line in shown.lines} == sentences
    assert "штраф" not in str(shown).lower()
    assert sum(line.amount for line in shown.lines) == shown.total


def test_titles_and_links_lead_to_the_rows(november: Month) -> None:
    statements.refresh_month(NOVEMBER)
    with translation.override("ru"):
        shown = {line.code: line for line in show_statement(november.statement()).lines}
    assert [line.title for line in shown.values()] == [
        "Оклад",
        "Процент с продаж",
        "Качество",
        "Премия за KPI",
    ]
    assert [link.url for line in shown.values() for link in find_links(line, november.statement())] == [
        f"/deals/?result=won&since=2026-11-01&until=2026-12-01&closed_by={november.anna.pk}",
        f"/findings/?held_since=2026-11-01&held_until=2026-11-30&mode=money&state=&manager={november.anna.pk}",
        f"/tasks/?since=2026-11-01&until=2026-12-01&completed=&manager={november.anna.pk}",
    ]


@pytest.mark.parametrize("now", [NOW, DECEMBER_1])
def test_a_link_opens_exactly_what_its_line_counts(november: Month, client: Client, now: datetime) -> None:
    moment.fix(now.isoformat())
    kept, others = NOVEMBER.start + 5 * DAY, november.house
    make_task(november.deal, NOW + DAY)  # on 20 November its time has not come
    make_finding(november.deal, "task.overdue", mode="warn", opens_at=kept)
    for opens_at, closes_at in [(kept - 20 * DAY, kept - 9 * DAY), (NOVEMBER.end + DAY, None)]:
        make_finding(
            november.deal,
            "task.overdue",
            mode="money",
            opens_at=opens_at,
            closes_at=closes_at,
            since=opens_at,
        )
    make_finding(make_deal(others.first, others.boris), "task.overdue", mode="money", opens_at=kept)
    make_finding(
        november.deal, "task.overdue", mode="money", since=kept - 20 * DAY, opens_at=kept - 20 * DAY,
        closes_at=kept, task=make_task(november.deal, kept - 20 * DAY, is_completed=True, completed_at=kept),
    )  # fmt: skip
    Deal.objects.filter(pk=november.deal.pk).update(manager=others.boris)  # handed over after it was won
    Deal.objects.filter(pk=others.closed(others.won, others.boris, kept).pk).update(manager=november.anna)
    statements.refresh_month(NOVEMBER)
    row = november.statement()
    assert row.facts.rules["task.overdue"].violations == row.facts.findings["task.overdue"].findings == 4
    client.force_login(make_employee(Role.DIRECTOR))
    lines = {line.code: line for line in show_statement(row).lines}
    counts = {
        code: client.get(next(find_links(lines[code], row)).url).context["page"].paginator.count
        for code in ("commission", "quality", "kpi")
    }
    assert counts == {"commission": 2, "quality": 4, "kpi": 25 if now == NOW else 26}
    counted = {value.key: value.n for value in measure("tasks_on_time", NOVEMBER, "manager", now=now)}
    assert counts["kpi"] == counted[november.anna.pk]
    found = rows("quality", NOVEMBER, november.anna.pk, "manager", now=now)
    assert found.count() == counts["quality"]


def test_without_a_plan_the_line_says_so_and_pays_nothing(november: Month) -> None:
    Quota.objects.all().delete()
    statements.refresh_month(NOVEMBER)
    assert november.amounts() == WORKED | {"commission": D(0), "quality": D(0)}
    with translation.override("ru"):
        line = show_statement(november.statement()).lines[1]
    assert (
        line.because.replace(NBSP, " ")
        == "Продажи 1 080 000 ₽, но плана на месяц нет: ставку определить нельзя"
    )
    pay_schemes.load_scheme(put(DOCUMENT, "quota", "1200000"))
    statements.refresh_month(NOVEMBER)
    assert november.amounts() == WORKED
    assert november.statement().inputs["quota_of"] == "scheme"


def test_a_field_that_vanishes_takes_the_sum_only_of_those_who_are_paid_by_it(november: Month) -> None:
    boris = make_employee(Role.MANAGER, november.house.boris, rota=november.rota)
    by_margin = put(put(DOCUMENT, "components/1/measure", "won_sum?field=77"), "code", "margin")
    by_margin = put(by_margin, "people", [november.house.boris.pk])
    with pytest.raises(
        ValueError, match=r"^components\[1\], won_sum\?field=77: field: '77' must be price or"
    ):
        pay_schemes.load_scheme(by_margin)
    CustomField.objects.create(pk=77, name="Маржа", type="numeric")
    pay_schemes.load_scheme(by_margin)
    for kind, fields in [("numeric", {"77": 5}), ("text", {})]:
        CustomField.objects.update(type=kind)
        november.house.closed(november.house.won, november.house.boris, NOW, 900_000, fields=fields)
        assert statements.refresh_month(NOVEMBER) == 2
    assert november.amounts() == WORKED
    row = Statement.objects.get(manager=boris.person)
    assert row.inputs["measures"]["won_sum?field=77"] is None
    assert row.inputs["days"] == {}
    with translation.override("en"):
        assert show_statement(row).lines[1].because == "There is no data on sales"


def test_only_managers_who_worked_in_the_month_are_paid(november: Month) -> None:
    make_employee(Role.MANAGER, make_person("Уволен в октябре"), left_on=date(2026, 10, 31))
    make_employee(Role.MANAGER, make_person("Принят в декабре"), hired_on=date(2026, 12, 1))
    make_employee(Role.DIRECTOR, make_person("Директор"))
    last_day = make_person("Уволен в ноябре")
    make_employee(Role.MANAGER, last_day, left_on=date(2026, 11, 1))
    statements.refresh_month(NOVEMBER)
    assert set(Statement.objects.values_list("manager", flat=True)) == {november.anna.pk, last_day.pk}


def test_a_refresh_follows_the_data_and_leaves_no_old_lines(november: Month) -> None:
    statements.refresh_month(NOVEMBER)
    november.house.closed(november.house.won, november.anna, NOVEMBER.start + 20 * DAY, 100_000)
    statements.refresh_month(NOVEMBER)
    assert november.statement().total == D("72586.67") + D(2_940)
    assert november.statement().lines.count() == 4


def test_nothing_is_computed_before_a_month_or_without_a_scheme(november: Month) -> None:
    assert statements.refresh_month(NOVEMBER.next.next) == 0
    Scheme.objects.all().delete()
    assert statements.refresh_month(NOVEMBER) == 0


def test_data_that_are_not_known_cost_nobody_money(november: Month) -> None:
    """As of the 20th, and now is the 22nd: what should have been done on the 21st may well have been."""
    as_of, now = NOW, NOW + 2 * DAY
    for entity in TABLE:
        make_cursor(entity.name, as_of=as_of)
    moment.fix(now.isoformat())
    statements.refresh_month(NOVEMBER)
    assert november.amounts()["kpi"] == D(14_400)
    for _number in range(10):
        make_task(november.deal, NOW + DAY)
    statements.refresh_month(NOVEMBER)
    assert november.amounts()["kpi"] == D(14_400)
    Cursor.objects.update(as_of=now)
    statements.refresh_month(NOVEMBER)
    assert november.amounts()["kpi"] == D("10285.71")  # 24 of 35


def test_the_door_to_statements(november: Month) -> None:
    boris = make_employee(Role.MANAGER, november.house.boris, rota=november.rota)
    statements.refresh_month(NOVEMBER)
    head = make_employee(Role.HEAD, make_person("Начальник"))
    boris.head = head
    boris.save()

    def seen(user: Employee) -> set[int]:
        return set(Statement.objects.visible_to(user).values_list("manager_id", flat=True))

    anna, everybody = {november.anna.pk}, {november.anna.pk, november.house.boris.pk}
    assert seen(november.employee) == anna
    assert seen(head) == everybody - anna
    assert seen(make_employee(Role.FINANCE)) == seen(make_employee(Role.DIRECTOR)) == everybody
    assert seen(make_employee(Role.CONTROLLER)) == set()


def test_the_command_prints_a_table_and_json(november: Month, capsys: pytest.CaptureFixture[str]) -> None:
    with translation.override("ru"):
        call_command("kpi_month", "2026-11")
    table = capsys.readouterr().out.splitlines()
    assert table[0] == "2026-11, preliminary"
    assert table[2].split("  ")[-1].strip() == "="
    assert table[3].startswith("Анна") and table[3].endswith("72 586.67")
    call_command("kpi_month", "2026-11", "--close", "--json")
    answer: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [(one["manager"], one["total"], one["status"]) for one in answer] == [
        (november.anna.pk, "72586.67", "closed")
    ]
    assert [line["amount"] for line in answer[0]["lines"]] == ["34666.67", "24000.00", "-480.00", "14400.00"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["2026-13"], "'2026-13' is not a month such as 2026-11"),
        (["november"], "'november' is not a month such as 2026-11"),
        (["2027-05"], "2027-05 has not begun yet"),
        (["2026-12", "--close"], "2026-12 is not over yet: it can be closed from 2027-01-01"),
        (["2024-01"], "There are no statements for 2024-01: no manager has a pay scheme in force then."),
    ],
)
def test_the_command_refuses_nonsense_with_a_sentence(
    november: Month, arguments: list[str], sentence: str
) -> None:
    with translation.override("en"), pytest.raises(CommandError) as error:
        call_command("kpi_month", *arguments)
    assert str(error.value) == sentence
    assert not Statement.objects.exists()


def test_a_refresh_of_many_managers_asks_no_more_questions(november: Month) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            statements.refresh_month(NOVEMBER)
        return len(queries)

    few = cost()
    for number in range(5):
        make_employee(Role.MANAGER, make_person(f"Менеджер {number}"), rota=november.rota)
    assert cost() == few


def test_the_task_refreshes_this_month_and_the_last_until_it_is_closed(november: Month) -> None:
    from jobs.pay import refresh_statements

    refresh_statements()
    periods = Statement.objects.order_by("period").values_list("period", "status")
    assert list(periods) == [(date(2026, 11, 1), "live"), (date(2026, 12, 1), "live")]
    statements.close_month(NOVEMBER, None)
    november.house.closed(november.house.won, november.anna, NOVEMBER.start + timedelta(days=20), 100_000)
    refresh_statements()
    assert november.statement().total == D("72586.67")
