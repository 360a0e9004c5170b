"""An office with deals on two stages, for the tests of the desk."""

import re
from decimal import Decimal
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from core import changes, moment
from core.periods import parse_month
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from kpi.models import Scheme, Statement
from pipelines.models import Account, Person, Stage
from team.models import Role
from web.tests.clients import signed_in

HTMX = {"HX-Request": "true"}
MONTH = parse_month("2026-11", ZoneInfo("Europe/Moscow"))


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    changes.announce_change()  # each test has its own rows, so nothing kept by another may be shown
    yield
    moment.fix(None)


class Office:
    def __init__(self) -> None:
        self.sales, self.wholesale = factory.make_pipeline("Продажи"), factory.make_pipeline("Опт")
        self.ready = factory.make_stage(self.sales, "Готов к выдаче", sort=1)
        self.won = factory.make_stage(self.sales, "Успешно реализовано", Stage.Kind.WON, sort=2)
        self.bulk = factory.make_stage(self.wholesale, "Переговоры")
        self.anna, self.roman = (
            factory.make_person("Анна Кузнецова"),
            factory.make_person("Роман Белов", group="Опт"),
        )
        self.stuck = [
            self.stand_still(self.anna, 100_000, days=1),
            self.stand_still(self.anna, 200_000, days=9),
        ]
        self.stuck += [
            self.stand_still(self.anna, 300_000, days=10),
            self.stand_still(self.roman, 50_000, days=2),
        ]
        self.untasked = factory.make_deal(self.bulk, self.roman, name="Без задачи", price=Decimal(70_000))
        self.orphan = self.stand_still(None, 10_000, days=1)
        factory.make_task(self.stuck[0], NOW - 3 * DAY)
        factory.make_task(self.stuck[1], NOW + DAY)
        self.sold = factory.make_deal(
            self.won, self.anna, since=NOW - 2 * DAY, name="Продано", price=Decimal(400_000)
        )
        factory.make_deal(self.won, self.anna, since=NOW - 40 * DAY, name="Продано в октябре")
        fixed = factory.make_deal(self.ready, self.roman, name="Исправлено", price=Decimal(0))
        factory.make_task(fixed, NOW + DAY)
        self.fixed = factory.make_finding(fixed, "task.none", opens_at=NOW - 8 * DAY, closes_at=NOW - DAY)
        Account.objects.create(id=1, name="ZolotarevAuto", base_url="https://zolotarev.amocrm.ru")

    def stand_still(self, person: Person | None, price: int, days: int) -> object:
        deal = factory.make_deal(self.ready, person, since=NOW - 20 * DAY, price=Decimal(price))
        values = {"norm": 5 * 86_400, "case": "calendar"}
        factory.make_finding(deal, since=NOW - 20 * DAY, opens_at=NOW - days * DAY, values=values)
        return deal

    def plan(self, person: Person, quota: int, total: int) -> None:
        scheme = Scheme.objects.get_or_create(
            code="demo", version=1, document={}, effective_from=MONTH.first
        )[0]
        facts = {
            "quota": str(quota),
            "shifts": {"planned": 15, "worked": 10},
            "rules": {"task.none": [1, 1, 4]},
            "measures": {},
        }
        Statement.objects.create(
            manager=person, period=MONTH.first, total=total, scheme=scheme, inputs=facts, computed_at=NOW
        )


@pytest.fixture
def office() -> Office:
    return Office()


def login(role: str = Role.DIRECTOR, person: object = None, **values: object) -> Client:
    return signed_in(factory.make_employee(role, person, **values))


def context(client: Client, block: str, query: str = "") -> dict:
    response = client.get(f"/desk/{block}/{query}", headers=HTMX)
    assert response.status_code == 200
    return response.context


def hrefs(client: Client, block: str, query: str = "") -> list[str]:
    page = client.get(f"/desk/{block}/{query}", headers=HTMX).content.decode()
    return [unescape(href) for href in re.findall(r'href="(/[^"]+)"', page)]
