"""The month as files and on a sheet: who gets them, what they hold, and that a closed month's never change."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from core import moment
from devtools.tests.factory import make_employee
from kpi import pay_schemes
from kpi.corrections import correct_statement
from kpi.statements import close_month, refresh_month
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from pipelines.models import Deal, Person
from qc.models import RuleMode
from team.models import Rota
from web.frame.tables import Table, write_csv, write_xlsx

pytestmark = pytest.mark.django_db

D = Decimal
DECEMBER = "2026-12-01T09:00:00+00:00"


@pytest.fixture
def month(client: Client) -> Any:
    moment.fix(DECEMBER)
    made = Month()
    refresh_month(NOVEMBER)
    client.force_login(make_employee("finance", None))
    yield made
    moment.fix(None)


def read_sheet(body: bytes, place: int = 0) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(place).to_python()


def test_sheets_of_one_name_are_two() -> None:
    tables = [Table("Tasks", ["a"], [[1]]), Table("tasks", ["b"], [[2]]), Table("Т" * 40, ["c"], [[3]])]
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx([*tables, tables[2]])))
    assert book.sheet_names == ["Tasks", "tasks (2)", "Т" * 31, "Т" * 27 + " (2)"]
    many = CalamineWorkbook.from_filelike(io.BytesIO(write_xlsx([tables[2]] * 12))).sheet_names
    assert len(set(many)) == 12 and many[-1] == "Т" * 26 + " (12)"


def test_the_payroll_adds_up_to_the_statement(client: Client, month: Month) -> None:
    body = client.get("/my/payroll/", {"period": "2026-11"}).content
    [head, row] = read_sheet(body)
    assert head[1] == "Менеджер"
    assert (row[1], row[-2]) == ("Анна", 72586.67)
    assert round(sum(row[2:-2]), 2) == 72586.67


def test_the_payroll_as_csv_opens_in_excel(client: Client, month: Month) -> None:
    answer = client.get("/my/payroll/", {"period": "2026-11", "format": "csv"})
    assert answer["Content-Disposition"] == 'attachment; filename="payroll-2026-11.csv"'
    text = answer.content.decode("utf-8-sig")
    [_head, row] = csv.reader(io.StringIO(text), delimiter=";")
    assert row[-2] == "72586,67"


def test_a_statement_has_its_lines_and_its_deals(client: Client, month: Month) -> None:
    body = client.get(f"/my/{month.statement().pk}/file/").content
    lines, deals = read_sheet(body), read_sheet(body, 1)
    assert [row[2] for row in lines[1:]] == [34666.67, 24000, -480, 14400, 72586.67]
    assert sorted(row[2] for row in deals[1:]) == [380_000, 700_000]


def test_the_file_of_a_closed_month_stays_byte_for_byte(client: Client, month: Month) -> None:
    close_month(NOVEMBER, None)
    addresses = [
        "/my/payroll/?period=2026-11", "/my/payroll/?period=2026-11&format=csv", f"/my/{month.statement().pk}/file/"
    ]  # fmt: skip
    before = [client.get(address).content for address in addresses]
    Deal.objects.update(price=1, deleted_at=NOVEMBER.start)
    Person.objects.update(name="Другая")
    RuleMode.objects.update(weight=9, mode="off")
    Rota.objects.update(pattern="1")
    pay_schemes.load_scheme({**DOCUMENT, "components": DOCUMENT["components"][:1]})
    moment.fix("2027-03-01T09:00:00+00:00")
    assert [client.get(address).content for address in addresses] == before
    correct_statement(month.statement(), None, D(-100), "Возврат")
    assert client.get(addresses[0]).content != before[0]


def test_the_sheet_prints_the_lines_with_places_to_sign(client: Client, month: Month) -> None:
    page = client.get(f"/my/{month.statement().pk}/sheet/").content.decode()
    assert "72 586,67" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "/ Анна /" in page


@pytest.mark.parametrize("asked", [{"format": "pdf"}, {"period": "2026-13"}])
def test_nonsense_is_refused_with_a_sentence(client: Client, month: Month, asked: dict[str, str]) -> None:
    assert client.get("/my/payroll/", asked).status_code == 422


def test_a_text_is_never_a_formula() -> None:
    table = Table("Т", ["=1+1"], [["=cmd|' /C calc'!A0"], ["-5"], [D("-5")], [None]])
    rows = list(csv.reader(io.StringIO(write_csv(table).decode("utf-8-sig")), delimiter=";"))
    assert rows == [["'=1+1"], ["'=cmd|' /C calc'!A0"], ["'-5"], ["-5"], [""]]
    assert read_sheet(write_xlsx([table]))[1] == ["=cmd|' /C calc'!A0"]
    assert write_xlsx([table]) == write_xlsx([table])
