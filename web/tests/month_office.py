"""«Мой месяц» of the worked November, as somebody opens it on a Saturday at noon."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from core import moment
from devtools.tests.factory import make_employee
from kpi import statements
from kpi.tests.november import NOVEMBER, Month
from pipelines.models import Account
from team.models import Employee
from web.tests.clients import signed_in

NOON = "2026-11-28T09:00:00+00:00"  # a Saturday; 13 of 15 shifts are worked
D = Decimal
LATER = (timedelta(hours=3), timedelta(hours=20))


@pytest.fixture(autouse=True)
def saturday() -> Iterator[None]:
    moment.fix(NOON)
    yield
    moment.fix(None)


@pytest.fixture
def november() -> Month:
    made = Month()
    Employee.objects.filter(pk=made.employee.pk).update(language="en")
    Account.objects.create(id=1, name="Zolotarev", base_url="https://zolotarev.amocrm.ru")
    statements.refresh_month(NOVEMBER)
    return made


def page(user: Employee, **query: object) -> str:
    """The page's text, spaces made plain."""
    response = signed_in(user).get("/my/", query)
    assert response.status_code == 200
    return " ".join(unescape(response.content.decode()).split())


def part(user: Employee, name: str, **query: object) -> str:
    """The text of a part that the page loads by itself."""
    response = signed_in(user).get(f"/my/{name}/", query)
    assert response.status_code == 200
    return " ".join(unescape(response.content.decode()).split())


def someone(role: str, **values: object) -> Employee:
    return make_employee(role, language="en", **values)
