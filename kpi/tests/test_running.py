"""Components that count by a quarter or a year: the worked numbers of docs/money.md, and years drawn by chance."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import moment
from core.periods import parse_month
from devtools.tests.factory import DAY, make_employee, make_person
from kpi import pay_schemes
from kpi.calculation.component import Component, Inputs
from kpi.calculation.evaluation import Line, evaluate, sum_lines
from kpi.calculation.rounding import ZERO, kopecks
from kpi.calculation.running import QUARTER, YEAR, Before, begin_period, list_months
from kpi.calculation.tiers import Tier
from kpi.components.bonus import Bonus
from kpi.components.coefficient import Coefficient
from kpi.components.limit import Cap
from kpi.components.rate import Rate
from kpi.components.salary import Salary
from kpi.models import Quota, Statement
from kpi.presentation import show_statement
from kpi.statements import close_month, refresh_month
from metrics.tests.house import House
from team.models import Role

D = Decimal
NBSP = "\N{NO-BREAK SPACE}"
ZONE = ZoneInfo("Europe/Moscow")
SCALE = (Tier(D("0.05"), D("1")), Tier(D("0.08")))
PLAN = D(200_000)
COMMISSION = Rate("commission", "won_sum", "marginal", SCALE, period=YEAR)
FLAT = Rate("commission", "won_sum", "flat", (Tier(D(1)),))
QUALITY = ((D(60), D("0.8")), (D(90), D("1.0")))

DOCUMENT: dict[str, Any] = {
    "code": "year",
    "title": {"ru": "Годовой план", "en": "Year's plan"},
    "effective_from": "2026-01-01",
    "quota": "200000",
    "components": [
        {
            "kind": "rate",
            "code": "commission",
            "title": {"ru": "Процент с продаж", "en": "Commission"},
            "period": "year",
            "measure": "won_sum",
            "scale": "marginal",
            "tiers": [{"upto": "1", "rate": "0.05"}, {"rate": "0.08"}],
        }
    ],
}


def pay(components: tuple[Component, ...], months: Iterable[dict[str, Any]], period: str) -> list[list[Line]]:
    """The lines of months that follow each other, each with what was kept of those before it."""
    sold, paid, base = ZERO, dict[str, Decimal](), dict[str, Decimal]()
    planned = worked = 0
    found = []
    for month in months:
        before = Before(
            since=date(2026, 1, 1),
            quota=month.get("plan", PLAN),
            planned=planned,
            worked=worked,
            sums={"won_sum": sold},
            values={"quality": month.get("quality_so_far")},
            paid=dict(paid),
            base=dict(base),
        )
        measures = {"won_sum": month["sold"], "quality": month.get("quality")}
        shifts = month.get("shifts", (15, 15))
        lines = evaluate(components, Inputs(measures, None, *shifts, before={period: before}))
        for line in lines:
            paid[line.code] = paid.get(line.code, ZERO) + line.amount
            base[line.code] = base.get(line.code, ZERO) + (line.running.base if line.running else ZERO)
        sold, planned, worked = sold + month["sold"], planned + shifts[0], worked + shifts[1]
        found.append(lines)
    return found


def amounts(found: list[list[Line]], code: str) -> list[Decimal]:
    return [line.amount for lines in found for line in lines if line.code == code]


def test_a_year_is_paid_month_by_month() -> None:
    months = [{"sold": D(sold)} for sold in (90_000, 80_000, 50_000, -10_000, 0)]
    assert amounts(pay((COMMISSION,), months, YEAR), "commission") == [4_500, 4_000, 3_100, -800, 0]


def test_a_multiplier_of_a_quarter_takes_the_quarters_measure_and_earnings() -> None:
    quality = Coefficient("quality", ("commission",), "quality", QUALITY, period=QUARTER)
    months = [
        {"sold": D(10_000), "quality_so_far": D(60)},
        {"sold": D(30_000), "quality_so_far": D(90)},
    ]
    found = pay((FLAT, quality), months, QUARTER)
    assert amounts(found, "quality") == [-2_000, 2_000]


def test_a_multiplier_of_a_quarter_asks_for_all_that_was_earned_so_far() -> None:
    """60 000 at × 0.8 is 12 000 less; of the 2 000 that October lost, November gave all back."""
    quality = Coefficient("quality", ("commission",), "quality", QUALITY, period=QUARTER)
    months = [
        {"sold": D(10_000), "quality_so_far": D(60)},
        {"sold": D(30_000), "quality_so_far": D(90)},
        {"sold": D(20_000), "quality_so_far": D(60)},
    ]
    assert amounts(pay((FLAT, quality), months, QUARTER), "quality") == [-2_000, 2_000, -12_000]


def test_what_a_multiplier_of_a_quarter_takes_is_no_longer_above_a_cap() -> None:
    quality = Coefficient("quality", ("commission",), "quality", QUALITY, period=QUARTER)
    cap = Cap("cap", ("commission",), D(25_000))
    for order in ((FLAT, quality, cap), (FLAT, quality, Cap("cap", (), D(25_000)))):
        found = pay(order, [{"sold": D(30_000), "quality_so_far": D(60)}], QUARTER)
        assert (amounts(found, "quality"), amounts(found, "cap")) == ([-6_000], [0])


def test_deals_of_which_earlier_months_know_nothing_are_those_of_the_month() -> None:
    before = Before(since=date(2026, 1, 1), deals={"calls": 3})
    given = Inputs({}, None, 1, 1, deals={"won_sum": 2}, before={QUARTER: before})
    assert given.over(QUARTER).deals == {"calls": 3, "won_sum": 2}


def test_a_cap_of_a_quarter() -> None:
    cap = Cap("cap", (), D(100_000), period=QUARTER)
    found = pay((FLAT, cap), [{"sold": D(sold)} for sold in (80_000, 50_000, 10_000)], QUARTER)
    assert amounts(found, "cap") == [0, -30_000, -10_000]
    assert sum((sum_lines(lines) for lines in found), ZERO) == 100_000


def test_a_salary_of_a_year_counts_the_years_shifts() -> None:
    salary = Salary("salary", D(120_000), period=YEAR)
    months = [{"sold": ZERO, "shifts": (10, 10)}, {"sold": ZERO, "shifts": (10, 5)}]
    assert amounts(pay((salary,), months, YEAR), "salary") == [120_000, -30_000]


def test_what_is_not_known_takes_nothing_back() -> None:
    before = Before(since=date(2026, 1, 1), quota=PLAN, sums={"won_sum": D(100)}, paid={"commission": D(5)})
    [line] = evaluate((COMMISSION,), Inputs({"won_sum": None}, None, 15, 15, before={YEAR: before}))
    assert line.amount == 0
    bonus = Bonus("bonus", "won_sum", D(20_000), ((D("0.8"), D(0)), (D(1), D(1))), period=YEAR)
    for component in (COMMISSION, bonus):
        no_plan = Before(since=date(2026, 1, 1), sums={"won_sum": D(100)}, paid={component.code: D(5)})
        [line] = evaluate((component,), Inputs({"won_sum": D(1)}, None, 15, 15, before={YEAR: no_plan}))
        assert line.amount == 0


@given(
    sold=st.lists(st.decimals(-50_000, 200_000, places=2), min_size=1, max_size=12),
    plan=st.integers(1, 500_000),
    scale=st.sampled_from(["marginal", "whole"]),
    cap=st.integers(0, 30_000),
)
def test_the_months_come_to_what_the_year_earns_at_once(
    sold: list[Decimal], plan: int, scale: str, cap: int
) -> None:
    components = (
        Rate("commission", "won_sum", scale, SCALE, period=YEAR),
        Cap("cap", ("commission",), D(cap), period=YEAR),
    )
    by_month = pay(components, [{"sold": one, "plan": D(plan)} for one in sold], YEAR)
    whole = pay(components, [{"sold": sum(sold, ZERO), "plan": D(plan)}], YEAR)
    for code in ("commission", "cap"):
        assert sum(amounts(by_month, code), ZERO) == sum(amounts(whole, code), ZERO)
    assert all(line.amount == kopecks(line.amount) for lines in by_month for line in lines)


def test_periods_begin_in_their_first_month() -> None:
    assert begin_period(date(2026, 11, 1), QUARTER) == date(2026, 10, 1)
    assert begin_period(date(2026, 3, 1), QUARTER) == begin_period(date(2026, 3, 1), YEAR) == date(2026, 1, 1)
    assert list_months(date(2026, 11, 1), date(2027, 2, 1)) == [
        date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"period": "week"}, "components[0].period: must be one of month, quarter, year, not \"week\""),
        ({"period": 12}, "components[0].period: must be one of month, quarter, year, not 12"),
    ],
)  # fmt: skip
def test_a_strange_period_is_refused(change: dict[str, Any], complaint: str) -> None:
    document = {**DOCUMENT, "components": [{**DOCUMENT["components"][0], **change}]}
    with pytest.raises(ValueError, match="period") as caught:
        pay_schemes.read_document(document)
    assert str(caught.value) == complaint


def test_one_plan_for_several_periods_is_refused() -> None:
    month = {**DOCUMENT["components"][0], "code": "month", "period": "month"}
    document = {**DOCUMENT, "components": [*DOCUMENT["components"], month]}
    with pytest.raises(ValueError, match="quota: must be an object with a plan for each of month, year"):
        pay_schemes.read_document(document)
    read = pay_schemes.read_document({**document, "quota": {"month": 20_000, "year": 200_000}})
    assert (read.quota, read.quotas["year"]) == (20_000, 200_000)


class Year:
    """Thirty people, ten months, a deal a month each, of different sizes."""

    MONTHS = [f"2026-{number:02d}" for number in range(1, 11)]

    def __init__(self, people: int = 30) -> None:
        self.house = House()
        self.people = [make_person(1000 + number) for number in range(people)]
        for person in self.people:
            make_employee(Role.MANAGER, person)
        for number, person in enumerate(self.people):
            for place, label in enumerate(self.MONTHS):
                at = parse_month(label, ZONE).start + (number % 27) * DAY
                self.house.closed(self.house.won, person, at, 7_003 + 1_931 * number + 977 * place)

    def close(self, label: str) -> None:
        period = parse_month(label, ZONE)
        close_month(period, None, period.end)

    def total(self, person: Any) -> Decimal:
        return sum(Statement.objects.filter(manager=person).values_list("total", flat=True), ZERO)


def at_once(sold: Decimal) -> Decimal:
    return min(sold, PLAN) * D("0.05") + max(sold - PLAN, ZERO) * D("0.08")


@pytest.mark.django_db
def test_a_years_plan_of_thirty_people_paid_by_months_is_the_year_computed_at_once() -> None:
    year = Year()
    pay_schemes.load_scheme(DOCUMENT)
    frozen: dict[str, list[Any]] = {}
    for label in year.MONTHS:
        year.close(label)
        frozen[label] = list(Statement.objects.filter(period=f"{label}-01").order_by("pk").values())
    for number, person in enumerate(year.people):
        sold = sum((D(7_003 + 1_931 * number + 977 * place) for place in range(10)), ZERO)
        assert year.total(person) == kopecks(at_once(sold)), person
    for label, rows in frozen.items():
        assert list(Statement.objects.filter(period=f"{label}-01").order_by("pk").values()) == rows


@pytest.mark.django_db
def test_months_before_the_portal_are_measured_and_more_people_cost_no_more_queries() -> None:
    year = Year(people=3)
    pay_schemes.load_scheme(DOCUMENT)
    october = parse_month("2026-10", ZONE)
    refresh_month(october, datetime(2026, 10, 31, tzinfo=UTC))
    for number, person in enumerate(year.people):
        sold = sum((D(7_003 + 1_931 * number + 977 * place) for place in range(10)), ZERO)
        assert year.total(person) == kopecks(at_once(sold))

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            refresh_month(october, datetime(2026, 10, 31, tzinfo=UTC))
        return len(asked)

    few = count()
    for number in range(5):
        make_employee(Role.MANAGER, make_person(2000 + number))
    assert count() == few


@pytest.mark.django_db
def test_the_year_counts_from_the_version_that_counts_by_it() -> None:
    year = Year(people=1)
    pay_schemes.load_scheme({**DOCUMENT, "effective_from": "2026-09-01"})
    refresh_month(parse_month("2026-10", ZONE), datetime(2026, 10, 31, tzinfo=UTC))
    sold = sum((D(7_003 + 977 * place) for place in (8, 9)), ZERO)
    assert year.total(year.people[0]) == kopecks(at_once(sold))


@pytest.mark.django_db
def test_a_persons_own_plan_is_of_the_year_or_the_sum_of_its_months() -> None:
    year = Year(people=2)
    pay_schemes.load_scheme(DOCUMENT)
    anna, boris = year.people
    Quota.objects.create(manager=anna, span="year", period=date(2026, 1, 1), amount=D(50_000))
    for month in range(1, 13):
        Quota.objects.create(manager=boris, period=date(2026, month, 1), amount=D(1_000))
    refresh_month(parse_month("2026-10", ZONE), datetime(2026, 10, 31, tzinfo=UTC))
    plans = {row.manager_id: row.facts.earlier["year"].before.quota for row in Statement.objects.all()}
    assert plans == {anna.pk: 50_000, boris.pk: 12_000}


@pytest.mark.django_db
def test_the_statement_tells_what_is_new_of_the_year() -> None:
    year = Year(people=1)
    pay_schemes.load_scheme(DOCUMENT)
    year.close("2026-01")
    refresh_month(parse_month("2026-02", ZONE), datetime(2026, 2, 28, tzinfo=UTC))
    row = Statement.objects.get(period=date(2026, 2, 1))
    with translation.override("en"):
        [line] = show_statement(row).lines
    assert line.because.replace(NBSP, " ") == (
        "Sales of 14,983 ₽ out of a plan of 200,000 ₽ (7.5%): 5% up to 100% → 749.15 ₽. "
        "Since Jan 1, 2026: 749.15 ₽, of which earlier months have paid 350.15 ₽ → +399 ₽"
    )
    assert line.amount == D("399.00")


@pytest.mark.django_db
def test_the_command_closes_and_prints_a_year_by_months(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    Year(people=2)
    file = tmp_path / "scheme.json"
    file.write_text(json.dumps(DOCUMENT))
    call_command("kpi_scheme", "load", str(file))
    moment.fix("2026-12-01T09:00:00+00:00")
    try:
        totals = []
        for label in Year.MONTHS:
            capsys.readouterr()
            call_command("kpi_month", label, "--close", "--json")
            totals.append(sum(D(one["total"]) for one in json.loads(capsys.readouterr().out)))
    finally:
        moment.fix(None)
    sold = [sum((D(7_003 + 1_931 * n + 977 * p) for p in range(10)), ZERO) for n in range(2)]
    assert sum(totals) == sum(kopecks(at_once(one)) for one in sold)
