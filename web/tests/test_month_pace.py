"""«Мой месяц»: where the month leads by its shifts, the scale of the plan, and what a scheme promises."""

from datetime import date

import pytest
from django.utils import translation
from msgspec.structs import replace

from core import moment
from kpi import pace, pay_schemes, statements
from kpi.month_facts import read_facts
from kpi.promises import list_promises
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from kpi.tests.test_pay_schemes import put
from web.pay.day_chart import draw_days
from web.tests.month_office import D, page
from web.tests.month_office import november as november
from web.tests.month_office import saturday as saturday

pytestmark = pytest.mark.django_db
TITLE = {"ru": "Проба", "en": "Sample"}
POINTS = [["0.5", "0"], ["1", "1"]]


def test_a_month_with_shifts_ahead_shows_where_it_leads(november: Month) -> None:
    moment.fix("2026-11-15T20:00:00+00:00")
    statements.refresh_month(NOVEMBER)
    assert "at the present pace by the end of the month" in page(november.employee)


def test_sales_are_compared_by_shifts_and_not_by_dates() -> None:
    days = [date(2026, 11, day) for day in range(1, 7)]
    shifts = [date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 6)]
    before = [date(2026, 10, 20), date(2026, 10, 25)]
    sales = {
        date(2026, 10, 20): D(100),
        date(2026, 10, 22): D(10),
        date(2026, 10, 25): D(1),
        date(2026, 10, 30): D(5),
    }
    then = pace._same_shift(days, shifts, before, sales)
    assert then == [0, 110, 116, 116, 116, 116]


def test_days_show_the_sum_to_date_and_stop_today(november: Month) -> None:
    row = november.statement()
    shown = pace.compare_days(NOVEMBER, row.facts, None, moment.now())
    bars = draw_days(november.anna.pk, NOVEMBER, shown)["data"][0]["y"]
    assert (bars[1], bars[2], bars[13], bars[27]) == (0, 700_000, 700_000, 1_080_000)
    assert bars[28:] == [None, None]
    assert (shown.sold, shown.then, shown.shift) == (D(1_080_000), None, 13)


def test_the_month_before_is_compared_by_its_shift_of_the_same_number(november: Month) -> None:
    rota = [f"2026-10-{day:02}" for day in (2, 3, 4, 8, 9, 10, 14, 15, 16, 20, 21, 22, 26, 27, 28)]
    october = read_facts({"days": {"2026-10-02": "400000", "2026-10-31": "200000"}, "rota": rota})
    shown = pace.compare_days(NOVEMBER, november.statement().facts, october, moment.now())
    assert shown.then == D(400_000)
    assert shown.change == D("1.7")


def test_the_scale_has_a_tick_at_each_tier_and_the_pace_by_shifts(november: Month) -> None:
    plan = pay_schemes.read_document(DOCUMENT)
    with translation.override("en"):
        scale = pace.find_scale(plan, november.statement().facts)
    assert scale.ticks == [(D("840000.0"), "3%"), (D(1_200_000), "4.5%")]
    assert scale.pace == D(1_040_000)
    assert scale.attainment == D("0.9")


@pytest.mark.parametrize(
    ("sold", "worked", "tone"), [("600", 5, "good"), ("400", 5, "warn"), ("399", 5, "bad"), ("0", 0, "good")]
)
def test_the_scale_tells_whether_the_pace_is_kept(sold: str, worked: int, tone: str) -> None:
    facts = {"measures": {"won_sum": sold}, "quota": "1000", "shifts": {"worked": worked, "planned": 10}}
    assert pace.find_scale(pay_schemes.read_document(DOCUMENT), read_facts(facts)).tone == tone


def test_a_month_without_a_plan_has_no_scale(november: Month) -> None:
    assert (
        pace.find_scale(pay_schemes.read_document(DOCUMENT), replace(november.statement().facts, quota=None))
        is None
    )


@pytest.mark.parametrize(
    ("component", "says"),
    [
        (
            {"kind": "rate", "measure": "won_sum", "scale": "flat", "tiers": [{"rate": "0.05"}]},
            "5% of “Sales”.",
        ),
        (
            {
                "kind": "rate",
                "measure": "won_sum",
                "scale": "whole",
                "tiers": [{"upto": "1", "rate": "0.02"}, {"rate": "0.04"}],
            },
            "The rate reached counts for the whole sum.",
        ),
        (
            {"kind": "bonus", "measure": "won_sum", "amount": "10000", "points": POINTS},
            "at 50% of the plan 0% of it",
        ),
        (
            {"kind": "gate", "of": ["salary"], "measure": "quality", "at_least": "80", "otherwise": "0.5"},
            "“Salary” counts in full from “Quality” of 80; below that × 0.5.",
        ),
        ({"kind": "cap", "amount": "100000"}, "No more than 100,000 ₽ together."),
        ({"kind": "floor", "amount": "30000"}, "No less than 30,000 ₽ together."),
    ],
)
def test_a_scheme_promises_in_words(component: dict[str, object], says: str) -> None:
    document = put(
        DOCUMENT, "components", [*DOCUMENT["components"], {"code": "sample", "title": TITLE} | component]
    )
    with translation.override("en"):
        term = list(list_promises(pay_schemes.read_document(document)))[-1]
    assert term.title == "Sample"
    assert says in term.text.replace("\xa0", " ")
