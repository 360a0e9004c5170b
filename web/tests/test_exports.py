"""Every table is a file through one door: who gets it, the same rows as the page, nothing that becomes a formula."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client

from audit.models import Change
from core import moment
from devtools.tests import factory
from pipelines.models import Deal
from qc.models import Finding
from team.models import Role
from web.tests.access_company import LINES, STRANGER, Company
from web.tests.access_company import company as company
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db
FILES = [line for line in LINES if "export=csv" in line.path]


def lines(client: Client, path: str) -> list[list[str]]:
    answer = client.get(path)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv"), path
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("reader", [STRANGER, *Role.values])
def test_a_file_is_given_to_whom_the_page_is(reader: str, company: Company) -> None:
    assert len(FILES) >= 15
    for line in FILES:
        page = line.path.replace("&export=csv", "").replace("?export=csv", "")
        assert company.ask(reader, "GET", page).status_code == line.expected[reader], line
        answer = company.ask(reader, "GET", line.path)
        is_file = "attachment" in answer.headers.get("Content-Disposition", "")
        waits = "analytics" in line.path and not is_file  # not counted yet: the page says so
        assert is_file == (answer.status_code == 200) or waits, line


@pytest.mark.parametrize("line", FILES, ids=lambda line: line.path)
def test_a_workbook_opens(line: Any, company: Company) -> None:
    answer = company.ask(Role.ADMIN, "GET", line.path.replace("export=csv", "export=xlsx"))
    if "attachment" in answer.headers.get("Content-Disposition", ""):
        with ZipFile(BytesIO(answer.content)) as book:
            assert "xl/worksheets/sheet1.xml" in book.namelist()
    else:
        assert "analytics" in line.path


def test_a_report_is_a_file_with_the_rows_of_the_api(company: Company) -> None:
    client = signed_in(company.users[Role.DIRECTOR])
    heads, *rows = lines(client, "/analytics/stage-times/?export=csv")
    assert len(heads) > 5 and rows
    book = client.get("/analytics/stage-times/?export=xlsx").content
    with ZipFile(BytesIO(book)) as opened:
        assert "xl/worksheets/sheet2.xml" in opened.namelist()
        assert b"km_median" in opened.read("xl/sharedStrings.xml")


def test_nothing_becomes_a_formula(company: Company) -> None:
    evil = '=HYPERLINK("http://evil")'
    Deal.objects.filter(pk=company.deals[0].pk).update(name=evil)
    company.users[Role.MANAGER].last_name = "@SUM(1)"
    company.users[Role.MANAGER].save()
    client = signed_in(company.users[Role.ADMIN])
    seen = 0
    for path in (
        "/deals/",
        "/findings/",
        "/review/",
        "/team/",
        "/notices/deliveries/",
        "/audit/",
        "/decisions/",
    ):
        for row in lines(client, f"{path}?export=csv"):
            seen += sum("HYPERLINK" in cell or "@SUM" in cell for cell in row)
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row), (path, row)
    assert seen >= 3
    book = client.get("/deals/?export=xlsx").content
    with ZipFile(BytesIO(book)) as opened:
        assert b"<f>" not in opened.read("xl/worksheets/sheet1.xml")


def test_the_queue_of_review_is_whole_and_ones_own(company: Company) -> None:
    director, manager = company.users[Role.DIRECTOR], company.users[Role.MANAGER]
    for days in range(1, 7):  # more than the page unfolds of a rule
        for rule in ("deal.stuck", "task.none"):
            at = moment.now() - timedelta(days=days)
            factory.make_finding(company.deals[0], rule, since=at, opens_at=at)
    waiting = len(lines(signed_in(director), "/review/?export=csv")) - 1
    assert waiting >= 12
    own = lines(signed_in(manager), "/review/?export=csv")
    assert len(own) - 1 == Finding.objects.visible_to(manager).count()
    assert not any("Борис" in cell for row in own for cell in row)


def test_the_file_of_changes_has_the_filter_of_the_page(company: Company) -> None:
    table = Change.objects.values_list("table", flat=True).first()
    client = signed_in(company.users[Role.ADMIN])
    rows = lines(client, f"/audit/?table={table}&export=csv")
    assert len(rows) - 1 == Change.objects.filter(table=table).count() > 0
    assert client.get("/audit/?since=nonsense&export=csv").status_code == 422


def test_blocks_of_the_desk_are_whole_files(company: Company) -> None:
    client = signed_in(company.users[Role.DIRECTOR])
    for block, titles in (("people", 9), ("stuck", 10), ("untasked", 10), ("overdue", 4), ("heat", 11)):
        heads, *rows = lines(client, f"/desk/{block}/?export=csv")
        assert len(heads) == titles and all(len(row) == titles for row in rows), block
        assert f"/desk/{block}/?export=xlsx" in client.get(f"/desk/{block}/").content.decode()
        bare = client.get(f"/desk/{block}/", headers={"HX-Request": "true"}).content.decode()
        assert "export=" not in bare, block
    people = {row[0]: row for row in lines(client, "/desk/people/?export=csv")[1:]}
    assert {person.name for person in company.people} <= people.keys()
    head = lines(signed_in(company.users[Role.HEAD]), "/desk/people/?export=csv")
    assert not any("Борис" in cell for row in head for cell in row)
    assert client.get("/desk/people/?manager=x&export=csv").status_code == 422
    assert client.get("/desk/won/?export=csv").headers["Content-Type"].startswith("text/html")


def test_keys_of_everybody_are_two_sheets(company: Company) -> None:
    answer = company.ask(Role.ADMIN, "GET", "/access/?export=xlsx")
    with ZipFile(BytesIO(answer.content)) as book:
        assert "xl/worksheets/sheet2.xml" in book.namelist()
        assert b"digest" not in book.read("xl/sharedStrings.xml")
