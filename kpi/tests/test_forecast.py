"""Where a month leads at the present pace, and the next step, in the numbers of docs/money.md."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core import moment
from devtools.tests.factory import NOW
from kpi import pay_schemes, statements
from kpi.forecast import find_next_step, forecast_total
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, WORKED, D, Month
from kpi.tests.test_pay_schemes import put
from pipelines.models import CustomField, Deal
from team.models import DayOff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_first_of_december() -> Iterator[None]:
    moment.fix(DECEMBER_1.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def november() -> Month:
    return Month()


def test_the_next_step_is_told_in_roubles(november: Month) -> None:
    statements.refresh_month(NOVEMBER)
    step = find_next_step(november.statement())
    assert (step.gap, step.rate, step.per_sales, step.per_point) == (D(120_000), D("0.045"), D(294), D(240))


def test_the_next_step_is_about_the_sum_that_the_plan_is_of(november: Month) -> None:
    """A flat rate of the margin stands first; the plan and its tiers are about sales."""
    CustomField.objects.create(pk=77, name="Маржа", type="numeric")
    margin = {
        "kind": "rate", "code": "margin", "title": {"ru": "С маржи", "en": "Margin"}, "scale": "flat",
        "measure": "won_sum?field=77", "tiers": [{"rate": "0.1"}],
    }  # fmt: skip
    Deal.objects.filter(pk=november.deal.pk).update(fields={"77": 2_000})
    pay_schemes.load_scheme(put(DOCUMENT, "components", [margin, *DOCUMENT["components"]]))
    statements.refresh_month(NOVEMBER)
    row = november.statement()
    assert november.amounts() == WORKED | {"margin": D(200)}
    step = find_next_step(row)
    assert (step.gap, step.rate, step.per_sales) == (D(120_000), D("0.045"), D(294))
    assert row.inputs["days"] == {"2026-11-03": "700000.00", "2026-11-15": "380000.00"}
    moment.fix(datetime(2026, 11, 15, 20, tzinfo=UTC).isoformat())
    statements.refresh_month(NOVEMBER)
    found = forecast_total(november.statement())
    assert found is not None and found.total == D("91990.67") + D("288.89"), "the margin grows with the sales"


def test_a_forecast_goes_by_shifts_and_has_a_range(november: Month) -> None:
    moment.fix(datetime(2026, 11, 15, 20, tzinfo=UTC).isoformat())  # 9 of 15 shifts by the rota are worked
    DayOff.objects.all().delete()
    statements.refresh_month(NOVEMBER)
    row = november.statement()
    assert row.inputs["shifts"] == {"planned": 15, "worked": 9, "left": 6}
    found = forecast_total(row)
    # 1 080 000 ÷ 9 × 15 = 1 800 000: 27 600 + 600 000 × 4.5 % = 54 600, × 0.98 = 53 508; + 40 000 + 14 400
    assert found is not None and found.total == D(107_908)
    assert found.low is not None and found.high is not None and found.low < found.total < found.high


def test_a_forecast_promises_no_shift_that_will_not_be_worked(november: Month) -> None:
    moment.fix(datetime(2026, 11, 15, 20, tzinfo=UTC).isoformat())
    statements.refresh_month(NOVEMBER)
    row = november.statement()
    assert row.inputs["shifts"] == {"planned": 15, "worked": 9, "left": 4}, (
        "two days of sick leave are entered"
    )
    found = forecast_total(row)
    # 1 080 000 ÷ 9 × 13 = 1 560 000: 27 600 + 360 000 × 4.5 % = 43 800, × 0.98 = 42 924; + 34 666.67 + 14 400
    assert found is not None and found.total == D("91990.67")


@pytest.mark.parametrize("refreshed", [True, False])
@pytest.mark.parametrize("now", ["2026-11-30T20:00:00+00:00", "2026-12-01T09:00:00+00:00"])
def test_when_no_shift_is_left_there_is_no_forecast(november: Month, now: str, refreshed: bool) -> None:
    moment.fix("2026-11-27T20:00:00+00:00")
    statements.refresh_month(NOVEMBER)
    moment.fix(now)
    if refreshed:
        statements.refresh_month(NOVEMBER)
    assert forecast_total(november.statement()) is None


def test_there_is_no_forecast_of_what_is_over(november: Month) -> None:
    statements.close_month(NOVEMBER, None)
    assert forecast_total(november.statement()) is None


def test_without_sales_a_forecast_has_no_range(november: Month) -> None:
    moment.fix(NOW.isoformat())
    Deal.objects.update(price=0)
    statements.refresh_month(NOVEMBER)
    found = forecast_total(november.statement())
    assert found is not None and (found.total, found.low) == (D("49066.67"), None)
