"""A finding that costs money, whoever may object to it, and whoever rules about it."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from core import moment
from core.periods import Period
from devtools.tests.factory import make_employee
from pipelines.models import JudgementRequest
from qc import engine, queries
from qc.models import Finding, RuleMode
from qc.tests import world
from qc.tests.lives import at, hours
from team.models import Employee, Role

NOW = 200.0
MONTH = Period(at(0), at(400), "test")


def stand_at(hour: float) -> None:
    moment.fix(at(hour).isoformat())


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    world.company(RuleMode.Mode.MONEY)
    stand_at(NOW)
    world.regulation("offer", max_stay=hours(24))
    world.deal(5, "10 offer anna")
    engine.judge([5])
    JudgementRequest.objects.all().delete()
    yield
    moment.fix(None)


@pytest.fixture
def anna() -> Employee:
    return Employee.objects.get(username="anna")


@pytest.fixture
def vera() -> Employee:
    return Employee.objects.get(username="vera")


@pytest.fixture
def controller() -> Employee:
    return make_employee(Role.CONTROLLER)


def stuck() -> Finding:
    return Finding.objects.get(rule="deal.stuck", since=at(10))


def broken(person: int = 1) -> int:
    scores = queries.quality(MONTH, [person]).get(person, [])
    return sum(one.violations for one in scores if one.rule == "deal.stuck")
