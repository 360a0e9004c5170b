"""November, closed, and what may happen to its sales afterwards."""

from collections.abc import Iterator
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from core import moment
from devtools.tests.factory import DAY, make_person
from kpi import statements
from kpi.differences import Differences, find_differences
from kpi.models import Statement
from kpi.tests.november import NOVEMBER, Month
from kpi.unclaimed import find_unclaimed
from pipelines.models import Deal, Stage, Stay
from team.models import Employee

D = Decimal
DECEMBER = NOVEMBER.next


@pytest.fixture(autouse=True)
def the_fifth_of_december() -> Iterator[None]:
    moment.fix("2026-12-05T09:00:00+00:00")
    yield
    moment.fix(None)


@pytest.fixture
def closed() -> Month:
    """November, closed with wins of 700 000 and 380 000."""
    made = Month()
    statements.close_month(NOVEMBER, None)
    return made


def differences(month: Month) -> Differences:
    return find_differences([month.statement()]).get(month.statement().pk, Differences())


def lose(month: Month) -> None:
    lost = Stage.objects.get(pipeline=month.deal.pipeline, kind="lost")
    at = DECEMBER.start + 2 * DAY
    Stay.objects.filter(deal=month.deal, left_at=None).update(left_at=at)
    Stay.objects.create(
        deal=month.deal, stage=lost, manager=month.anna, visit=9, visit_since=at, entered_at=at
    )
    Deal.objects.filter(pk=month.deal.pk).update(stage=lost, closed_at=at)


def reopen(month: Month) -> None:
    Deal.objects.filter(pk=month.deal.pk).update(stage=month.house.first, closed_at=None)


def delete(month: Month) -> None:
    Deal.objects.filter(pk=month.deal.pk).update(deleted_at=DECEMBER.start + DAY)


def reprice(month: Month) -> None:
    Deal.objects.filter(pk=month.deal.pk).update(price=600_000)


def redate(month: Month) -> None:
    at = DECEMBER.start + DAY
    Stay.objects.filter(deal=month.deal, stage__kind="won").update(entered_at=at, visit_since=at)
    Stay.objects.filter(deal=month.deal).exclude(stage__kind="won").update(left_at=at)
    Deal.objects.filter(pk=month.deal.pk).update(closed_at=at)


def reown(month: Month) -> None:
    Stay.objects.filter(deal=month.deal).update(manager=month.house.boris)
    Deal.objects.filter(pk=month.deal.pk).update(manager=month.house.boris)


# 1 080 000 − 700 000 = 380 000 × 2 % = 7 600, × 0.98 = 7 448 instead of 23 520; 980 000: 21 000 × 0.98 = 20 580
GONE = (D(-700_000), D(-16_072))


def get(user: Employee, path: str = "/my/", **query: object) -> str:
    client = Client()
    client.force_login(user)
    return " ".join(unescape(client.get(path, query).content.decode()).split()).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def zoya_wins(month: Month, amount: int = 500_000) -> Deal:
    zoya = make_person("Зоя")
    return month.house.closed(month.house.won, zoya, NOVEMBER.start + 9 * DAY, amount)


def unclaimed(month: Month) -> list[tuple[int, Decimal, str]]:
    rows = Statement.objects.filter(period=NOVEMBER.first).select_related("scheme")
    return [(one.deal, one.amount, one.employee) for one in find_unclaimed(NOVEMBER, rows)]
