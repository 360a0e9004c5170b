"""What a switch would do to the money of a month: the statement of the switch itself, less the one that there is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core import moment
from kpi import pay_schemes, statements
from kpi.switch_backtest import try_switch as try_pay
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, D, Month
from qc import criteria
from qc.models import Finding, FirstTimeGrace, RuleMode
from qc.switch_backtest import try_switch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_first_of_december() -> Iterator[None]:
    moment.fix(DECEMBER_1.isoformat())
    yield
    moment.fix(None)


def stand(mode: str, weight: int) -> None:
    RuleMode.objects.filter(rule="task.overdue").update(mode=mode, weight=weight)
    Finding.objects.filter(rule="task.overdue").update(mode=mode)
    criteria._kept = None
    statements.refresh_month(NOVEMBER)


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("cases", [0, 2])
@pytest.mark.parametrize(
    ("present", "mode", "weight"),
    [
        ("money", "money", 7),
        ("money", "warn", 2),
        ("warn", "money", 2),
        ("shadow", "money", 5),
        ("warn", "off", 2),
    ],
)
def test_the_money_is_what_the_switch_would_move(
    present: str, mode: str, weight: int, cases: int, timed: bool
) -> None:
    month = Month()
    RuleMode.objects.create(rule="task.none", mode="money", weight=1, since=NOVEMBER.start)
    if timed:
        text = json.dumps(DOCUMENT).replace('"measure": "quality"', '"measure": "quality_time"')
        document: dict[str, Any] = json.loads(text) | {"code": "timed"}
        pay_schemes.load_scheme(document)
    if cases:
        FirstTimeGrace.objects.create(since=NOVEMBER.start, cases=cases)
    stand(present, 2)
    before = month.statement().total
    [told] = try_pay(try_switch("task.overdue", mode, weight, 2), [NOVEMBER])
    stand(mode, weight)
    assert told == {month.anna.pk: month.statement().total - before}
    if (present, mode, cases, timed) == ("warn", "money", 0, False):
        assert told[month.anna.pk] == D(-480), "24 000 × (0.98 − 1), as the worked example says"


def test_a_closed_month_is_told_by_what_it_was_frozen_with() -> None:
    month = Month()
    statements.close_month(NOVEMBER, None)
    Finding.objects.all().update(withdrawn_at=DECEMBER_1)
    [told] = try_pay(try_switch("task.overdue", "off", 2, 2), [NOVEMBER])
    assert told == {month.anna.pk: D(480)}
