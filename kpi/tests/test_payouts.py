"""What was paid according to a file, beside what statements and amoCRM say; and what waits for payment."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests.factory import DAY, make_employee, make_person
from kpi import pay_schemes
from kpi.holding import find_held
from kpi.models import Payout, Statement
from kpi.payouts import compare_sums, import_payouts, read_payouts
from kpi.statements import close_month, refresh_month
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, Month
from metrics.tests.house import House
from pipelines.imports.tables import BadFile
from pipelines.models import CustomField, Deal
from team.models import Employee, Role
from web.tests.test_pay_exports import read_sheet

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def closed() -> Iterator[Month]:
    moment.fix(DECEMBER_1.isoformat())
    month = Month()
    close_month(NOVEMBER, None)
    yield month
    moment.fix(None)


def sums() -> Any:
    return compare_sums(
        list(Statement.objects.select_related("manager", "scheme", "payout").prefetch_related("lines"))
    )


def paid(text: str, author: Employee | None = None) -> int:
    author = author or make_employee(Role.FINANCE)
    return import_payouts(NOVEMBER, read_payouts(BytesIO(text.encode())), author, "ведомость.csv")


def test_three_sums_alike_and_different(closed: Month) -> None:
    assert not sums()[0].differs, "there is no file yet"
    assert paid("Менеджер;К выплате\nАнна;72 586,67\n") == 1
    [one] = sums()
    assert one.plan == one.amo == one.paid == D("72586.67")
    assert (one.differs, one.left) == (False, 0)
    Deal.objects.filter(price=700_000).update(price=600_000)
    assert paid(f"№ в amoCRM;Выплачено\n{closed.anna.pk};30000\n{closed.anna.pk};40000\n") == 1
    [one] = sums()
    assert (one.plan, one.amo, one.paid) == (D("72586.67"), D("69646.67"), D(70_000))
    assert one.differs
    assert one.left == D("-353.33")


def test_the_payrolls_own_file_comes_back(closed: Month, client: Client) -> None:
    client.force_login(make_employee(Role.FINANCE))
    body = client.get("/my/payroll/", {"period": "2026-11", "format": "csv"}).content
    file = SimpleUploadedFile("payroll.csv", body)
    answer = client.post("/my/payouts/?period=2026-11", {"file": file})
    assert answer.url == "/my/payouts/?period=2026-11"
    assert not sums()[0].differs
    page = client.get(
        "/my/payouts/", {"period": "2026-11"}, headers={"Accept-Language": "ru"}
    ).content.decode()
    assert "все три сходятся" in page.replace("\N{NO-BREAK SPACE}", " ")
    page = client.get("/my/payouts/", {"period": "2026-10"}).content.decode()
    assert '<a class="btn" href="/my/?period=2026-10">' in page, (
        "of a month that is not closed it leads there"
    )
    sheet = client.get("/my/payroll/", {"period": "2026-11"}).content
    assert read_sheet(sheet)
    again = SimpleUploadedFile("payroll.xlsx", sheet)
    assert client.post("/my/payouts/?period=2026-11", {"file": again}).status_code == 302


@pytest.mark.parametrize("minus", ["-", "\N{MINUS SIGN}"])
def test_what_corrections_have_brought_below_zero_is_an_amount(closed: Month, minus: str) -> None:
    assert paid(f"Менеджер;Сумма\nАнна;{minus}1 200,50\n") == 1
    assert Payout.objects.get().amount == D("-1200.50")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Кто;Сколько\nАнна;5\n", "line of titles"),
        ("Менеджер;Сумма\nАнна;много\n", "Line 2: “много” is not an amount"),
        ("Менеджер;Сумма\nНикто;5\n", "Line 2: “Никто” has no statement"),
        ("Менеджер;Сумма\nАнна;\n", "no amounts"),
        ("Менеджер;Сумма\nАнна;1.234\n", "not clear whether"),
        ("Менеджер;Сумма\nАнна;-1.234\n", "not clear whether"),
        ("Менеджер;Сумма\nАнна;--5\n", "“--5” is not an amount"),
        (f"Менеджер;Сумма\nАнна;{'9' * 13}\nАнна;{'9' * 13}\n", "Line 3: “9999999999999.00” is not"),
    ],
)
def test_a_bad_file_changes_nothing(closed: Month, text: str, says: str) -> None:
    paid("Менеджер;Сумма\nАнна;5\n")
    with translation.override("en"), pytest.raises((BadFile, ValueError), match=says):
        paid(text)
    assert Payout.objects.get().amount == 5


def test_a_later_file_says_nothing_of_whom_it_does_not_name(closed: Month) -> None:
    """A second sheet with Boris alone: what Anna was paid by the first one stays."""
    row, boris = Statement.objects.select_related("scheme").get(), make_person("Борис")
    Statement.objects.create(
        manager=boris, period=row.period, scheme=row.scheme, status="closed", computed_at=moment.now()
    )
    paid("Менеджер;Сумма\nАнна;5\nБорис;6\n")
    assert paid("Менеджер;Сумма\nБорис;7\n") == 1
    assert dict(Payout.objects.values_list("statement__manager", "amount")) == {
        row.manager_id: 5,
        boris.pk: 7,
    }


def test_only_whoever_closes_months_and_only_a_closed_month(closed: Month) -> None:
    with translation.override("en"), pytest.raises(ValueError, match="Only who closes months"):
        paid("Менеджер;Сумма\nАнна;5\n", closed.employee)
    Statement.objects.update(status="live")
    with translation.override("en"), pytest.raises(ValueError, match="is not closed"):
        paid("Менеджер;Сумма\nАнна;5\n")


def test_people_of_one_name_are_told_by_number(closed: Month) -> None:
    row = Statement.objects.select_related("scheme").get()
    Statement.objects.create(
        manager=make_person("Анна"),
        period=row.period,
        scheme=row.scheme,
        status="closed",
        computed_at=moment.now(),
    )
    with translation.override("en"), pytest.raises(ValueError, match="are several"):
        paid("Менеджер;Сумма\nАнна;5\n")


def test_a_manager_sees_what_was_paid_out(closed: Month, client: Client) -> None:
    paid("Менеджер;Сумма\nАнна;70000\n")
    client.force_login(closed.employee)
    page = client.get("/my/", {"period": "2026-11"}, headers={"Accept-Language": "ru"}).content.decode()
    assert "Выплачено" in page
    assert "70 000" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_what_is_sold_and_not_paid_waits() -> None:
    """2 % by the day of payment: 100 000 is paid, 380 000 and 50 000 of the month before wait: 2 % of 430 000."""
    house = House()
    employee = make_employee(Role.MANAGER, house.anna)
    CustomField.objects.create(id=77, name="Оплачено", type="date")
    rate = {
        "kind": "rate", "code": "commission", "title": {"ru": "К", "en": "C"}, "measure": "won_sum?date=77",
        "scale": "flat", "tiers": [{"rate": "0.02"}],
    }  # fmt: skip
    pay_schemes.load_scheme({**DOCUMENT, "components": [rate]})
    now = NOVEMBER.start + timedelta(days=20)
    house.closed(house.won, house.anna, NOVEMBER.start + DAY, 100_000, fields={"77": "2026-11-05"})
    house.closed(house.won, house.anna, NOVEMBER.start + DAY, 380_000)
    house.closed(house.won, house.anna, NOVEMBER.start - 9 * DAY, 50_000)
    house.closed(house.won, house.boris, NOVEMBER.start + DAY, 999_000)
    refresh_month(NOVEMBER, now)
    row = Statement.objects.select_related("scheme").get(manager=employee.person)
    assert row.total == 2_000
    held = find_held(row, now)
    assert held is not None
    assert ([one.amount for one in held.rows], held.pay) == ([380_000, 50_000], 8_600)


def test_nothing_waits_where_sales_count_by_closing(closed: Month, django_assert_num_queries: Any) -> None:
    row = Statement.objects.select_related("scheme").get()
    with django_assert_num_queries(0):
        assert find_held(row, DECEMBER_1) is None


def test_where_a_field_of_the_sum_is_gone_nothing_waits() -> None:
    house = House()
    employee = make_employee(Role.MANAGER, house.anna)
    for key, sort in ((77, "date"), (78, "numeric")):
        CustomField.objects.create(id=key, name=str(key), type=sort)
    rate = {
        "kind": "rate", "code": "commission", "title": {"ru": "К", "en": "C"}, "scale": "flat",
        "measure": "won_sum?date=77&field=78", "tiers": [{"rate": "0.02"}],
    }  # fmt: skip
    pay_schemes.load_scheme({**DOCUMENT, "components": [rate]})
    house.closed(house.won, house.anna, NOVEMBER.start + DAY, 1, fields={"78": "5000"})
    now = NOVEMBER.start + timedelta(days=20)
    refresh_month(NOVEMBER, now)
    row = Statement.objects.select_related("scheme").get(manager=employee.person)
    assert (held := find_held(row, now)) is not None and held.pay == 100
    CustomField.objects.filter(pk=78).update(deleted_at=now)
    assert (held := find_held(row, now)) is not None and (held.rows, held.pay) == ((), 0)
