"""What a finding costs, and what another norm would: the statement without it minus the statement with it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import moment
from devtools.tests.factory import DAY, NOW, make_deal, make_finding, make_regulation, make_task
from kpi import statements
from kpi.backtest import try_violations
from kpi.models import StatementLine
from kpi.month_facts import Score
from kpi.prices import finding_prices
from kpi.tests.november import DECEMBER_1, NOVEMBER, D, Month
from pipelines.models import Stay, Task
from qc.models import Finding, FirstTimeGrace, RuleMode

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_first_of_december() -> Iterator[None]:
    moment.fix(DECEMBER_1.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def november() -> Month:
    return Month()


def test_the_price_of_a_finding_is_the_statement_without_it_minus_with_it(november: Month) -> None:
    statements.refresh_month(NOVEMBER)
    before = november.statement().total
    finding = november.findings[0]
    price = finding_prices([finding])[finding.pk]
    Finding.objects.filter(pk=finding.pk).update(withdrawn_at=DECEMBER_1)
    statements.refresh_month(NOVEMBER)
    assert price == november.statement().total - before == D(960)  # 92 instead of 88: 24 000 × (1.02 − 0.98)


def test_an_upcoming_finding_is_priced_before_it_opens(november: Month) -> None:
    moment.fix(NOW.isoformat())
    task = make_task(november.deal, NOW + DAY)
    statements.refresh_month(NOVEMBER)
    coming = make_finding(november.deal, "task.overdue", mode="money", opens_at=NOW + DAY, task=task)
    later = make_finding(
        november.deal, "task.overdue", mode="money", opens_at=NOVEMBER.end + DAY, since=NOVEMBER.end + DAY
    )
    warned = make_finding(november.deal, "task.none", mode="warn")
    strangers = make_finding(november.deal, "task.overdue", mode="money", manager_id=999, since=NOW - 9 * DAY)
    with CaptureQueriesContext(connection) as queries:
        prices = finding_prices([coming, later, warned, strangers, *november.findings])
    assert len(queries) == 4, (
        "one asks under whom the stranger is paid, one which are the first of their month"
    )
    before = november.statement()
    assert before.facts.rules == {"task.overdue": Score(2, 3, 25)}
    assert (prices[later.pk], prices[warned.pk], prices[strangers.pk]) == (None, D(0), None)
    assert prices[coming.pk] == D("812.30")  # 4 of 26 instead of 3 of 25: 84.6154 points instead of 88
    moment.fix((NOW + 2 * DAY).isoformat())
    statements.refresh_month(NOVEMBER)
    row = november.statement()
    assert row.facts.rules == {"task.overdue": Score(2, 4, 26)}
    quality = {
        one: StatementLine.objects.get(statement=row, code=one).amount for one in ("commission", "quality")
    }
    assert quality["commission"] + quality["quality"] == D(23_520) - prices[coming.pk]


def test_the_first_task_of_a_month_costs_what_it_will_cost(november: Month) -> None:
    """Nothing could be broken yet, so quality is not known and takes nothing; one task late is 0 of 100 points."""
    moment.fix(NOW.isoformat())
    Task.objects.all().delete()
    Finding.objects.all().delete()
    task = make_task(november.deal, NOW + DAY)
    statements.refresh_month(NOVEMBER)
    coming = make_finding(november.deal, "task.overdue", mode="money", opens_at=NOW + DAY, task=task)
    before = november.statement()
    assert before.facts.rules == {}
    assert finding_prices([coming]) == {coming.pk: D(4_800)}
    moment.fix((NOW + 2 * DAY).isoformat())
    statements.refresh_month(NOVEMBER)
    assert november.amounts()["quality"] == D(-4_800)


@pytest.mark.parametrize("given_away", [NOVEMBER.start + DAY, NOVEMBER.start - DAY])
@pytest.mark.parametrize("rule", ["task.none", "deal.stuck", "field.missing"])
def test_a_finding_costs_nothing_once_the_deal_was_given_away(
    november: Month, rule: str, given_away: datetime
) -> None:
    moment.fix(NOW.isoformat())
    house = november.house
    make_regulation(house.first, max_stay=DAY, needs_task=True, required_fields=["price"])
    RuleMode.objects.create(rule=rule, mode="money", weight=2, since=NOVEMBER.start - 99 * DAY)
    deal = make_deal(house.first, house.boris, given_away)
    Stay.objects.create(
        deal=deal, stage=house.first, manager=november.anna, visit=1, visit_since=NOVEMBER.start - 9 * DAY,
        entered_at=NOVEMBER.start - 9 * DAY, left_at=given_away,
    )  # fmt: skip
    Stay.objects.filter(deal=deal, manager=house.boris).update(visit_since=NOVEMBER.start - 9 * DAY)
    opened = {"since": NOVEMBER.start - 8 * DAY, "opens_at": NOVEMBER.start - 7 * DAY}
    finding = make_finding(deal, rule, mode="money", manager_id=november.anna.pk, **opened)
    make_finding(make_deal(house.first, november.anna), rule, mode="money")  # of a deal of her own
    statements.refresh_month(NOVEMBER)
    price = finding_prices([finding])[finding.pk]
    before = november.statement().total
    Finding.objects.filter(pk=finding.pk).update(withdrawn_at=NOW)
    statements.refresh_month(NOVEMBER)
    assert november.statement().total - before == price
    assert (price == 0) is (given_away < NOVEMBER.start)


@pytest.mark.parametrize(
    ("more", "moved"),
    [
        ({"task.overdue": 1}, D(-960)),  # 84 points instead of 88
        ({"task.overdue": -3}, D(2_880)),
        ({"task.overdue": -4}, None),
        ({"task.overdue": 23}, None),  # of 22 that were kept: the norm must bring opportunities of its own
        ({"deal.stuck": 1}, D(0)),  # counts in nobody's money
        ({"field.missing": 1}, None),  # counts, and there was no chance to break it yet
    ],
)
def test_what_another_norm_would_do_to_the_pay_is_told_only_where_it_is_known(
    november: Month, more: dict[str, int], moved: Decimal | None
) -> None:
    moment.fix(NOW.isoformat())
    RuleMode.objects.create(rule="field.missing", mode="money", weight=1, since=NOVEMBER.start)
    statements.refresh_month(NOVEMBER)
    expected = {} if moved is None else {november.anna.pk: moved}
    assert try_violations(NOVEMBER.first, {november.anna.pk: more}) == expected


@pytest.mark.parametrize("cases", [0, 1, 2, 3])
def test_the_first_cases_of_a_month_cost_nothing_and_the_line_agrees(november: Month, cases: int) -> None:
    """The worked example: three violations in 25, each of the others at what the line gains without it."""
    FirstTimeGrace.objects.create(since=NOVEMBER.start, cases=cases)
    statements.refresh_month(NOVEMBER)
    row = november.statement()
    assert row.facts.rules["task.overdue"].violations == 3 - cases
    held = row.facts.findings.get("task.overdue")
    assert (held.findings if held else 0) == 3 - cases, "what is behind the line"
    told = finding_prices(november.findings)
    prices = [told[finding.pk] for finding in november.findings]
    assert prices[:cases] == [0] * cases and all(prices[cases:])
    for finding, price in zip(november.findings[cases:], prices[cases:], strict=True):
        Finding.objects.filter(pk=finding.pk).update(withdrawn_at=DECEMBER_1)
        statements.refresh_month(NOVEMBER)
        assert november.statement().total - row.total == price
        Finding.objects.filter(pk=finding.pk).update(withdrawn_at=None)


def test_a_closed_month_keeps_what_it_was_frozen_with(november: Month) -> None:
    statements.close_month(NOVEMBER, None)
    before = november.statement()
    FirstTimeGrace.objects.create(since=NOVEMBER.start, cases=3)
    statements.refresh_month(NOVEMBER)
    assert november.statement().inputs == before.inputs and november.statement().total == before.total


def test_a_finding_that_is_still_open_costs_money_this_month(november: Month) -> None:
    statements.refresh_month(NOVEMBER)
    october = make_finding(
        november.deal, "task.overdue", mode="money", since=NOVEMBER.start - DAY, opens_at=NOVEMBER.start - DAY
    )
    assert finding_prices([october]) == {october.pk: None}, "there is no statement for December yet"
    moment.fix(NOW.isoformat())
    assert finding_prices([october]) == {october.pk: D(960)}
