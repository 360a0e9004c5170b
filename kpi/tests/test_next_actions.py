"""What next: each act is worth the statement with it minus without it, times its chance; and the way to a sum."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core import moment, redis
from devtools.tests.factory import DAY, make_deal, make_finding, make_task
from kpi import statements
from kpi.forecast import compute_ending
from kpi.models import Statement
from kpi.month_facts import Facts, Shifts
from kpi.next_actions import Candidate, add_wins, find_way, weigh_deals
from kpi.next_steps import NextActions, find_next_actions
from kpi.pay_schemes import load_scheme, read_document
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from kpi.tests.test_pay_schemes import put
from kpi.what_if import compute_pay
from metrics.month_chances import Chance, Chances, count_chances, read_chances

D = Decimal
NOON = "2026-11-20T09:00:00+00:00"
TODAY = date(2026, 11, 20)
HALF = Chance(10, 20, D("0.5"), D("0.3"), D("0.7"))
SCHEME = read_document(DOCUMENT)


def facts(sold: object, score: object = 88, **values: object) -> Facts:
    measures = {"won_sum": D(str(sold)), "quality": D(str(score)), "tasks_on_time": D("0.96")}
    return Facts(
        measures=measures,
        quota=D(1_200_000),
        shifts=Shifts(15, 9, 6),
        wins={"won_sum": {}},
        **values,  # type: ignore[arg-type]  # as the row takes them
    )


def deal(key: int, price: object, chance: Chance | None = HALF) -> Candidate:
    return Candidate(key, {"won_sum": D(str(price))}, chance)


def test_a_deal_is_worth_what_the_statement_gains_times_its_chance() -> None:
    # 100 000 × 3 % × 0.98, as in docs/money.md
    [one] = weigh_deals([deal(1, 100_000)], facts(1_080_000), SCHEME, TODAY)
    assert (one.gain, one.expected, one.low, one.high) == (D(2_940), D(1_470), D(882), D(2_058))


def test_a_deal_over_the_tier_is_worth_more_by_the_higher_rate() -> None:
    # 120 000 × 3 % + 30 000 × 4.5 % = 4 950; × 0.98
    [one] = weigh_deals([deal(1, 150_000)], facts(1_080_000), SCHEME, TODAY)
    assert one.gain == D(4_851)


def test_the_most_expected_stands_first_and_an_unknown_chance_last() -> None:
    small, sure = deal(1, 100_000), deal(2, 60_000, Chance(19, 20, D("0.95"), D("0.8"), D("1")))
    unknown = deal(3, 900_000, None)
    found = weigh_deals([unknown, small, sure], facts(100_000), SCHEME, TODAY)
    assert [one.deal for one in found] == [2, 1, 3]
    assert (found[2].expected, found[2].low, found[2].high) == (None, 0, found[2].gain)


def test_what_is_not_known_is_not_guessed_and_no_deal_counts_twice() -> None:
    unknown = replace(facts(0), measures={"won_sum": None, "quality": D(88)})
    assert weigh_deals([deal(1, 100_000)], unknown, SCHEME, TODAY) == []
    once = add_wins(facts(0), [deal(1, 100_000)], SCHEME, TODAY)
    assert add_wins(once, [deal(1, 100_000)], SCHEME, TODAY) == once


def test_the_way_to_a_sum_in_worked_numbers() -> None:
    # 40 000 + 14 400 + (27 600 + (S − 1 200 000) × 4.5 %) × 0.98 = 90 000 → S = 1 393 922.90…
    way = find_way(D(90_000), [], facts(1_080_000), SCHEME, 6)
    assert way.sales == D(313_923)
    assert compute_ending(facts(1_080_000), SCHEME, D(1_393_922)) < 90_000
    assert way.per_shift == D("52320.5")
    assert way.ending == D(40_000) + D(23_520) + D(14_400)
    assert not way.enough


def test_the_way_takes_the_deals_that_suffice_and_no_more() -> None:
    given_ = facts(1_080_000)
    prospects = weigh_deals([deal(key, 300_000) for key in range(1, 9)], given_, SCHEME, TODAY)
    way = find_way(D(90_000), prospects, given_, SCHEME, 6)
    assert [one.deal for one in way.deals] == [1, 2, 3]  # each 150 000 at a half
    assert (way.expected, way.enough) == (D(450_000), True)


def test_what_is_there_already_and_what_no_sales_bring() -> None:
    assert find_way(D(70_000), [], facts(1_080_000), SCHEME, 6).sales == 0
    capped = read_document(
        {**DOCUMENT, "components": [*DOCUMENT["components"], CAP]}  # type: ignore[misc]  # a list
    )
    assert find_way(D(200_000), [], facts(1_080_000), capped, 6).sales is None


CAP = {"kind": "cap", "code": "cap", "title": {"ru": "Потолок", "en": "Cap"}, "amount": "100000"}
sums = st.integers(0, 3_000_000)


@given(sold=sums, price=st.integers(1, 900_000), score=st.integers(0, 100))
def test_a_deal_won_as_reckoned_pays_what_was_said(sold: int, price: int, score: int) -> None:
    before = facts(sold, score)
    after = add_wins(before, [deal(7, price)], SCHEME, TODAY)
    difference = compute_pay(after, SCHEME) - compute_pay(before, SCHEME)
    found = weigh_deals([deal(7, price)], before, SCHEME, TODAY)
    assert sum(one.gain for one in found) == max(difference, D(0))
    assert all(one.low <= (one.expected or 0) <= one.high <= one.gain for one in found)


@given(sold=sums, target=st.integers(1, 400_000))
def test_the_way_is_the_least_that_suffices(sold: int, target: int) -> None:
    before = facts(sold)
    sales = find_way(D(target), [], before, SCHEME, 6).sales
    assert sales is not None
    assert compute_ending(before, SCHEME, D(sold) + sales) >= target
    if sales:
        assert compute_ending(before, SCHEME, D(sold) + sales - 1) < target


# From rows


@pytest.fixture
def friday(db: None) -> Iterator[Month]:
    moment.fix(NOON)
    made = Month()
    statements.refresh_month(NOVEMBER)
    yield made
    moment.fix(None)


def ask(month: Month, target: Decimal | None = None) -> NextActions:
    row = Statement.objects.get(manager=month.anna, period=NOVEMBER.first)
    found = find_next_actions(month.anna.pk, month.employee, moment.now(), row, target)
    assert found is not None
    return found


def test_open_deals_and_cases_stand_in_one_list_by_their_worth(friday: Month) -> None:
    now = moment.now()
    rich = make_deal(friday.house.first, friday.anna, price=D(400_000))
    make_deal(friday.house.first, friday.anna, price=D(0))
    make_deal(friday.house.first, friday.house.boris, price=D(900_000))
    task = make_task(rich, now + timedelta(hours=2), manager_id=friday.anna.pk)
    make_finding(rich, "task.overdue", mode="money", since=task.due_at, opens_at=task.due_at, task=task)
    found = ask(friday)
    assert [(row.deal.pk, row.finding is None) for row in found.actions if row.deal] == [
        (rich.pk, False),
        (rich.pk, True),
    ]
    case, win = found.actions
    assert case.until == task.due_at
    assert case.worth == case.low == case.high > 0
    assert win.prospect is not None
    assert win.prospect.chance is None, "nobody knows: too few deals have stood there"
    assert found.unpriced == 1


def test_of_the_same_worth_the_most_urgent_stands_first(friday: Month) -> None:
    now = moment.now()
    for hours in (20, 4, 11):
        deal = make_deal(friday.house.first, friday.anna, price=D(0))
        task = make_task(deal, now + timedelta(hours=hours), manager_id=friday.anna.pk)
        make_finding(deal, "task.overdue", mode="money", since=task.due_at, opens_at=task.due_at, task=task)
    found = [row.until - now for row in ask(friday).actions if row.until]
    assert found == [timedelta(hours=hours) for hours in (4, 11, 20)]


def test_a_deal_that_a_closed_month_has_paid_is_worth_nothing_again(friday: Month) -> None:
    sold = friday.house.closed(friday.house.won, friday.anna, NOVEMBER.previous.start + 3 * DAY, 500_000)
    moment.fix("2026-11-02T09:00:00+00:00")
    statements.refresh_month(NOVEMBER.previous)
    statements.close_month(NOVEMBER.previous, None)
    moment.fix(NOON)
    type(sold).objects.filter(pk=sold.pk).update(closed_at=None, stage=friday.house.first)
    statements.refresh_month(NOVEMBER)
    assert [row.deal for row in ask(friday).actions] == []


def test_a_sum_of_other_deals_gains_only_from_those(friday: Month) -> None:
    document = put(DOCUMENT, "components/1/measure", "won_sum?at_least=300000")
    document = put(document, "components/1/scale", "flat")
    load_scheme(put(document, "components/1/tiers", [{"rate": "0.05"}]))
    statements.refresh_month(NOVEMBER)
    make_deal(friday.house.first, friday.anna, price=D(299_999))
    large = make_deal(friday.house.first, friday.anna, price=D(300_000))
    assert [row.deal.pk for row in ask(friday).actions if row.deal] == [large.pk]


def test_chances_are_counted_at_the_same_distance_from_the_end_of_past_months(friday: Month) -> None:
    for key in redis.client().scan_iter("month-chances:*"):
        redis.client().delete(key)
    house, month = friday.house, NOVEMBER.previous
    at = month.end - (NOVEMBER.end - moment.now())
    for number in range(30):  # on the first stage for eight days by then; every third is won before the end
        closed = month.end - DAY if number % 3 == 0 else month.end + DAY
        house.closed(house.won, house.boris, closed, age=closed - at + 8 * DAY)
    chance = count_chances(moment.now(), NOVEMBER).of(house.first.pk, 9 * DAY)
    assert chance is not None
    assert (chance.won, chance.n) == (10, 30)
    assert chance.low < chance.share < chance.high
    kept = read_chances(moment.now(), NOVEMBER)
    assert kept == read_chances(moment.now(), NOVEMBER) == count_chances(moment.now(), NOVEMBER)
    assert Chances().of(house.first.pk, DAY) is None
