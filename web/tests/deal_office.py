"""An office with a stuck deal, a fresh and a sold one, for the tests of deals and tasks."""

from decimal import Decimal

import pytest
from django.test import Client

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import Account, Stage
from team.models import Role
from web.tests.clients import signed_in

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    def __init__(self) -> None:
        self.sales = factory.make_pipeline("Продажи")
        self.talk = factory.make_stage(self.sales, "Контакт установлен", sort=1)
        self.ready = factory.make_stage(self.sales, "Готов к выдаче", sort=2)
        self.won = factory.make_stage(self.sales, "Успешно реализовано", Stage.Kind.WON, sort=3)
        self.anna = factory.make_person("Анна Кузнецова")
        self.roman = factory.make_person("Роман Белов", group="Опт")
        self.stuck = factory.make_deal(
            self.ready, self.anna, since=NOW - 12 * DAY, name="Стойка A8", price=Decimal(300_000)
        )
        factory.make_finding(self.stuck, since=NOW - 12 * DAY, opens_at=NOW - 5 * DAY)
        factory.make_task(self.stuck, NOW - 2 * DAY)
        self.fresh = factory.make_deal(
            self.talk, self.roman, since=NOW - DAY, name="Компрессор Q7", price=Decimal(50_000)
        )
        factory.make_finding(self.fresh, since=NOW - DAY, opens_at=NOW + 4 * DAY)
        self.sold = factory.make_deal(
            self.won, self.anna, since=NOW - 2 * DAY, name="Баллон X5", price=Decimal(80_000)
        )
        Account.objects.create(id=1, name="ZolotarevAuto", base_url="https://zolotarev.amocrm.ru")


@pytest.fixture
def office() -> Office:
    return Office()


def login(role: str = Role.DIRECTOR, person: object = None) -> Client:
    return signed_in(factory.make_employee(role, person))


def text(response: object) -> str:
    return response.content.decode()
