"""An office with a regulated stage, for the tests of its pages."""

import pytest
from django.test import Client
from django.urls import reverse

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import CustomField, Stage, Stay
from team.models import Role
from web.tests.clients import signed_in

HTMX = {"HX-Request": "true"}
READERS = [role for role in Role.values if role != Role.ADMIN]


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    """A stage with a norm of 5 days, two deals that stand on it for 10 and 3 days, one that moved on after a day."""

    def __init__(self) -> None:
        self.sales = factory.make_pipeline("Продажи")
        self.talk = factory.make_stage(self.sales, "Контакт установлен", sort=1)
        self.ready = factory.make_stage(self.sales, "Готов к выдаче", sort=2)
        self.won = factory.make_stage(self.sales, "Успешно реализовано", Stage.Kind.WON, sort=3)
        self.anna = factory.make_person("Анна Кузнецова")
        self.roman = factory.make_person("Роман Белов")
        self.city = CustomField.objects.create(id=77, name="Город", type="text")
        self.regulation = factory.make_regulation(self.talk, max_stay=5 * DAY, goal="Узнать потребность")
        self.long = factory.make_deal(self.talk, self.anna, since=NOW - 10 * DAY)
        self.short = factory.make_deal(self.talk, self.roman, since=NOW - 3 * DAY)
        moved = factory.make_deal(self.ready, self.anna, since=NOW - 4 * DAY)
        came, left = NOW - 5 * DAY, NOW - 4 * DAY
        Stay.objects.create(
            deal=moved,
            stage=self.talk,
            manager=self.anna,
            visit=0,
            visit_since=came,
            entered_at=came,
            left_at=left,
            next_stage=self.ready,
        )

    def values(self, **changes: str) -> dict[str, str]:
        """What the form sends for the regulation as it is."""
        same = {
            "version": "1",
            "goal": "Узнать потребность",
            "max_stay_number": "5",
            "max_stay_unit": "days",
            "stay_clock": "calendar",
        }
        return {"task_grace_unit": "hours", "fields_grace_unit": "hours"} | same | changes


@pytest.fixture
def office() -> Office:
    return Office()


def login(role: str = Role.ADMIN, person: object = None) -> Client:
    return signed_in(factory.make_employee(role, person, language="en"))


def card(stage: Stage) -> str:
    return reverse("regulation", args=[stage.pk])
