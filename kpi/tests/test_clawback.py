"""Pay for sales that came back: the worked numbers of docs/money.md, and months drawn by chance."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import moment
from devtools.tests.factory import DAY, make_employee
from kpi import pay_schemes
from kpi.calculation.component import Inputs, Return
from kpi.calculation.evaluation import evaluate, sum_lines
from kpi.calculation.rounding import ZERO
from kpi.calculation.tiers import Tier
from kpi.components.clawback import Clawback
from kpi.components.draw import Draw
from kpi.components.rate import Rate
from kpi.corrections import correct_statement
from kpi.differences import find_differences
from kpi.models import Quota, Statement
from kpi.presentation import show_statement
from kpi.statements import close_month, refresh_month
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from kpi.tests.test_replay import scheme
from metrics.tests.house import House
from pipelines.models import Deal, Stay
from team.models import Role

D = Decimal
EARNED = Rate("commission", "won_sum", "flat", (Tier(D(1)),))
DECEMBER, JANUARY = NOVEMBER.next, NOVEMBER.next.next
BACK = {
    "kind": "clawback",
    "code": "back",
    "title": {"ru": "Возврат", "en": "Returns"},
    "measure": "won_sum",
    "window": 90,
    "proportion": "by_days",
}


def returned(deal: int, days: int, cost: str) -> Return:
    return Return(
        deal=deal,
        measure="won_sum",
        paid_in=date(2026, 11, 1),
        won_on=date(2026, 11, 1),
        returned_on=date.fromordinal(date(2026, 11, 1).toordinal() + days),
        counted=D(1),
        now=ZERO,
        cost=D(cost),
    )


def pay(component: Clawback, months: list[tuple[int, list[Return]]]) -> list[Decimal]:
    """Lines of the component in months that follow each other: what is earned, and what has come back by then."""
    lines: list[Decimal] = []
    for earned, rows in months:
        inputs = Inputs(
            {"won_sum": D(earned)},
            None,
            1,
            1,
            carried={"back": sum(lines, ZERO)},
            returns={"back": rows},
        )
        found = {line.code: line.amount for line in evaluate((component, EARNED), inputs)}
        lines.append(found["back"])
    return lines


def clawback(proportion: str = "by_days", at_most: str = "1") -> Clawback:
    return Clawback("back", (), "won_sum", 90, proportion, D(at_most))


@pytest.mark.parametrize(
    ("proportion", "days", "taken"),
    [
        ("by_days", 0, "16072"),
        ("by_days", 30, "10714.67"),
        ("by_days", 89, "178.58"),
        ("by_days", 90, "0"),
        ("all", 89, "16072"),
        ("all", 90, "0"),
    ],
)
def test_what_is_returned_by_the_days_since_the_sale(proportion: str, days: int, taken: str) -> None:
    row = returned(1, days, "16072")
    assert pay(clawback(proportion), [(40_000, [row])]) == [-D(taken)]


def test_the_rest_waits_for_later_months() -> None:
    """10 714.67 at a fifth of 40 000 a month: 8 000 and 2 714.67."""
    rows = [returned(1, 30, "16072")]
    assert pay(clawback(at_most="0.2"), [(40_000, rows)] * 3) == [-8_000, D("-2714.67"), 0]


def test_kopecks_are_returned_and_what_is_left_is_told() -> None:
    assert pay(clawback("all"), [(40_000, [returned(1, 1, "0.50")])]) == [D("-0.50")]
    inputs = Inputs({"won_sum": D(40_000)}, None, 1, 1, returns={"back": [returned(1, 30, "16072")]})
    [line] = [one for one in evaluate((clawback(at_most="0.2"), EARNED), inputs) if one.code == "back"]
    assert (line.amount, line.reason.left) == (-8_000, D("2714.67"))


def test_a_month_is_never_below_zero_and_a_sale_that_counts_again_is_given_back() -> None:
    rows, again = [returned(1, 30, "16072")], [returned(1, 30, "0")]
    assert pay(clawback(), [(1_000, rows), (0, rows), (5_000, again)]) == [-1_000, 0, 1_000]


def test_an_advance_is_counted_after_it() -> None:
    lines = evaluate(
        (Draw("draw", (), D(30_000)), clawback(), EARNED),
        Inputs({"won_sum": D(20_000)}, None, 1, 1, returns={"back": [returned(1, 0, "5000")]}),
    )
    assert {line.code: line.amount for line in lines} == {
        "draw": 15_000,
        "back": -5_000,
        "commission": 20_000,
    }


@given(
    st.lists(st.integers(0, 50_000), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 120), st.integers(0, 30_000)), max_size=5),
    st.sampled_from(["all", "by_days"]),
    st.sampled_from(["0.2", "0.5", "1"]),
)
def test_months_take_no_more_than_is_due_and_than_they_bear(
    earned: list[int], back: list[tuple[int, int, int]], proportion: str, at_most: str
) -> None:
    """``back``: of each sale the month in which it came back, the days since it and its cost."""
    rows = [(month, returned(number, days, str(cost))) for number, (month, days, cost) in enumerate(back)]
    drawn = [(one, [row for month, row in rows if month <= number]) for number, one in enumerate(earned)]
    so_far = drawn[-1][1]
    component = clawback(proportion, at_most)
    lines = pay(component, drawn)
    due = sum((row.cost * component.share_due(row.days) for row in so_far), ZERO)
    assert all(-line <= one * D(at_most) for line, one in zip(lines, earned, strict=True))
    assert -sum(lines) <= due + D("0.01") * len(so_far)
    lines = pay(component, [*drawn, *[(10**9, so_far)] * 2])
    assert abs(-sum(lines) - due) <= D("0.005") * len(so_far), "in the end all of it, and not a kopeck more"
    assert lines[-1] == 0


@pytest.fixture
def closed(request: pytest.FixtureRequest) -> Iterator[Month]:
    """November is closed with 700 000 and 380 000; from December on the scheme takes back."""
    moment.fix("2026-12-01T09:00:00+00:00")
    month = Month()
    close_month(NOVEMBER, None)
    load(BACK)
    yield month
    moment.fix(None)


def load(component: dict[str, Any]) -> None:
    pay_schemes.load_scheme(
        {**DOCUMENT, "effective_from": "2026-12-01", "components": [*DOCUMENT["components"], component]}
    )


def lose(month: Month, deal: Deal, at: datetime) -> None:
    Stay.objects.filter(deal=deal, left_at=None).update(left_at=at)
    Deal.objects.filter(pk=deal.pk).update(stage=month.house.lost, closed_at=at, stage_since=at)


def line_of(period: Any, now: datetime) -> Any:
    moment.fix(now.isoformat())
    refresh_month(period, now)
    row = Statement.objects.prefetch_related("lines__author").get(period=period.first)
    return next(line for line in show_statement(row).lines if line.code == "back")


pytestmark = pytest.mark.django_db


def test_a_deal_lost_after_a_closed_month_is_a_line_of_the_month_in_which_it_was_lost(closed: Month) -> None:
    frozen = closed.statement()
    before = frozen.inputs, frozen.total, list(frozen.lines.values("code", "amount", "values"))
    deal = Deal.objects.get(price=700_000)
    lose(closed, deal, NOVEMBER.start + 32 * DAY)  # won on the 3rd of November, lost on the 3rd of December
    line = line_of(DECEMBER, DECEMBER.start + 20 * DAY)
    assert line.amount == D("-10714.67")
    assert str(deal.pk) in line.because
    assert "30" in line.because
    frozen = closed.statement()
    assert (frozen.inputs, frozen.total, list(frozen.lines.values("code", "amount", "values"))) == before
    assert find_differences([frozen]) == {}, "finance is not asked to take the same again"
    close_month(DECEMBER, None, JANUARY.start)
    assert line_of(JANUARY, JANUARY.start + 5 * DAY).amount == 0, "taken once"


def test_two_deals_climb_down_the_tiers_once(closed: Month) -> None:
    for deal in Deal.objects.filter(price__in=[700_000, 380_000]):
        lose(closed, deal, deal.closed_at)
    Deal.objects.filter(price=700_000).update(closed_at=DECEMBER.start)
    Deal.objects.filter(price=380_000).update(closed_at=DECEMBER.start + DAY)
    pay_schemes.load_scheme(
        {
            **DOCUMENT,
            "effective_from": "2026-12-01",
            "components": [*DOCUMENT["components"], {**BACK, "proportion": "all"}],
        }
    )
    assert line_of(DECEMBER, DECEMBER.start + 20 * DAY).amount == -23_520
    row = Statement.objects.get(period=DECEMBER.first)
    assert [one.cost for one in row.facts.returns["back"]] == [16_072, 7_448]


def test_a_smaller_amount_is_returned_in_part(closed: Month) -> None:
    closed.house.closed(closed.house.won, closed.anna, DECEMBER.start + DAY, 500_000)
    Deal.objects.filter(price=700_000).update(price=600_000, updated_at=NOVEMBER.start + 32 * DAY)
    assert line_of(DECEMBER, DECEMBER.start + 20 * DAY).amount == D("-1960.00")


def test_won_again_it_is_given_back_and_paid_by_no_other_month(closed: Month) -> None:
    closed.house.closed(closed.house.won, closed.anna, DECEMBER.start + DAY, 500_000)
    deal = Deal.objects.get(price=700_000)
    lose(closed, deal, NOVEMBER.start + 32 * DAY)
    refresh_month(DECEMBER, JANUARY.start)
    moment.fix(JANUARY.start.isoformat())
    close_month(DECEMBER, None, JANUARY.start)
    Deal.objects.filter(pk=deal.pk).update(stage=closed.house.won, closed_at=JANUARY.start + 2 * DAY)
    line = line_of(JANUARY, JANUARY.start + 5 * DAY)
    assert line.amount == D("10714.67")
    row = Statement.objects.get(period=JANUARY.first)
    assert row.facts.measures["won_sum"] == 0


def test_what_a_correction_settles_is_not_taken_again(closed: Month) -> None:
    closed.house.closed(closed.house.won, closed.anna, DECEMBER.start + DAY, 500_000)
    deal = Deal.objects.get(price=700_000)
    lose(closed, deal, NOVEMBER.start + 32 * DAY)
    moment.fix(datetime(2026, 12, 4, tzinfo=UTC).isoformat())
    [difference] = find_differences([closed.statement()])[closed.statement().pk].rows
    correct_statement(
        closed.statement(), make_employee(Role.FINANCE), difference.pay, "Возврат", deal.pk, "won_sum"
    )
    assert line_of(DECEMBER, DECEMBER.start + 20 * DAY).amount == 0


def test_what_comes_back_next_month_is_no_line_of_this_one(closed: Month) -> None:
    lose(closed, Deal.objects.get(price=700_000), JANUARY.start + DAY)
    assert line_of(DECEMBER, JANUARY.start + 2 * DAY).amount == 0


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"window": 0}, r"components\[4\].window: must be a whole number from 1 to 730"),
        ({"proportion": "half"}, r"components\[4\].proportion: must be one of all, by_days"),
        ({"measure": "won_sum?field=7"}, r"components\[4\].measure: 'won_sum\?field=7' is no sum of sales"),
        ({"at_most": "1.5"}, r"components\[4\].at_most: must be a number from 0 to 1"),
        ({"period": "year"}, r"components\[4\].period: must be left out"),
    ],
)
def test_a_bad_document_names_the_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        pay_schemes.read_document({**DOCUMENT, "components": [*DOCUMENT["components"], {**BACK, **change}]})


def test_the_order_of_the_document_does_not_matter() -> None:
    inputs = Inputs({"won_sum": D(9_000)}, None, 1, 1, returns={"back": [returned(1, 0, "5000")]})
    parts = [EARNED, clawback(), Draw("draw", (), D(30_000))]
    assert sum_lines(evaluate(parts, inputs)) == sum_lines(evaluate(parts[::-1], inputs)) == 30_000


@pytest.mark.parametrize("forgiven", [False, True])
def test_a_sale_that_an_advance_had_covered_is_returned_as_if_it_had_never_been(forgiven: bool) -> None:
    """300 000 at 10 % and 20 000 in advance; December brings 100 000. Without the sale all 50 000 would be an advance.

    Where nothing of it is owed, November would have been made up to the same: there is nothing to return.
    """
    parts = [
        {"kind": "rate", "measure": "won_sum", "scale": "flat", "tiers": [{"rate": "0.1"}]},
        {"kind": "draw", "amount": "50000", "forgiven": forgiven},
    ]
    house = House()
    make_employee(Role.MANAGER, house.anna)
    moment.fix("2026-12-01T09:00:00+00:00")
    pay_schemes.load_scheme(scheme(*parts))
    deal = house.closed(house.won, house.anna, NOVEMBER.start + DAY, 300_000)
    close_month(NOVEMBER, None)
    assert Statement.objects.get().total == 50_000
    back = {"kind": "clawback", "measure": "won_sum", "window": 90, "proportion": "all"}
    pay_schemes.load_scheme(scheme(*parts, back, effective_from="2026-12-01"))
    at = DECEMBER.start + 2 * DAY
    Stay.objects.filter(deal=deal, left_at=None).update(left_at=at)
    Deal.objects.filter(pk=deal.pk).update(stage=house.lost, closed_at=at, stage_since=at)
    house.closed(house.won, house.anna, DECEMBER.start + DAY, 1_000_000)
    refresh_month(DECEMBER, DECEMBER.start + 20 * DAY)
    lines = Statement.objects.get(period=DECEMBER.first).lines.values_list("code", "amount")
    expected = {"part0": 100_000, "part1": 0, "part2": 0} if forgiven else None
    assert dict(lines) == (expected or {"part0": 100_000, "part1": -20_000, "part2": -30_000})
    moment.fix(None)


def test_a_sale_that_a_return_had_been_taken_from_is_returned_whole(closed: Month) -> None:
    """December bears 16 072 of November's; when its own sale comes back as well, that costs what it had brought."""
    load({**BACK, "proportion": "all", "of": ["commission"]})
    Quota.objects.create(manager=closed.anna, period=DECEMBER.first, amount=D(1_200_000))
    lose(closed, Deal.objects.get(price=700_000), DECEMBER.start + DAY)
    own = closed.house.closed(closed.house.won, closed.anna, DECEMBER.start + DAY, 500_000)
    assert line_of(DECEMBER, DECEMBER.start + 20 * DAY).amount == -10_000, "all of the commission"
    close_month(DECEMBER, None, JANUARY.start)
    lose(closed, own, JANUARY.start + DAY)
    line_of(JANUARY, JANUARY.start + 5 * DAY)
    row = Statement.objects.get(period=JANUARY.first)
    assert [(one.deal, one.cost) for one in row.facts.returns["back"]][1:] == [(own.pk, 10_000)]


def test_what_a_noted_sale_counts_for_more_waits_for_a_correction(closed: Month) -> None:
    deals = Deal.objects.filter(price=700_000)
    [deal] = deals.values_list("pk", flat=True)
    Deal.objects.filter(pk=deal).update(price=600_000, updated_at=NOVEMBER.start + 32 * DAY)
    assert line_of(DECEMBER, DECEMBER.start + 20 * DAY).amount < 0
    assert find_differences([closed.statement()]) == {}
    close_month(DECEMBER, None, JANUARY.start)
    Deal.objects.filter(pk=deal).update(price=800_000)
    assert line_of(JANUARY, JANUARY.start + 5 * DAY).amount > 0, "what was taken is given back"
    [row] = find_differences([closed.statement()])[closed.statement().pk].rows
    assert (row.deal, row.counted, row.now) == (deal, 700_000, 800_000)
