"""The ladder: its groups together cost what the line of quality would gain, by count and by time, on every scale."""

import json
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kpi
from core import moment
from core.zone import portal_zone
from devtools.tests.factory import (
    DAY,
    NOW,
    keep_checks,
    make_deal,
    make_employee,
    make_finding,
    make_regulation,
)
from kpi import next_steps, pay_schemes, statements
from kpi.at_stake import AtStake, find_at_stake
from kpi.ladder import Ladder, build_ladder, change_counts, change_times, climb, find_line
from kpi.month_facts import Facts, Score, Shifts, Spent
from kpi.prices import finding_prices
from kpi.tests.november import DOCUMENT, NOVEMBER, Month
from kpi.what_if import judge_facts
from metrics.tests.house import House
from qc.models import Finding, FirstTimeGrace, RuleMode
from team.models import Role, Rota

D = Decimal
ZOLOTAREV = json.loads((Path(kpi.__file__).parent / "schemes/zolotarev.json").read_text("utf-8"))
RULES = ("task.overdue", "task.none", "deal.stuck", "field.missing")


def by_time(document: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(document).replace('"measure": "quality"', '"measure": "quality_time"')
    return json.loads(text)


def scheme(points: list[list[str]], timed: bool = False) -> Any:
    document = json.loads(json.dumps(ZOLOTAREV))
    document["components"][2]["points"] = points
    return pay_schemes.read_document(by_time(document) if timed else document)


POINTS = [["70", "0.8"], ["90", "1.0"], ["100", "1.1"]]
curves = st.lists(st.integers(0, 100), min_size=2, max_size=4, unique=True).flatmap(
    lambda xs: st.lists(st.integers(0, 200), min_size=len(xs), max_size=len(xs)).map(
        lambda ys: [[str(x), str(D(y) / 100)] for x, y in zip(sorted(xs), sorted(ys), strict=True)]
    )
)
shares = st.dictionaries(
    st.sampled_from(RULES),
    st.tuples(st.integers(1, 5), st.integers(1, 900), st.integers(0, 900), st.integers(0, 900)),
    min_size=1,
)


def ladder_of(
    rules: dict[str, tuple[int, int, int, int]], plan: Any, timed: bool, sold: int
) -> tuple[Ladder, Facts, Facts]:
    """Of (weight, could, broken, left when mended) by rule."""
    facts = Facts(
        measures={"won_sum": D(sold), "tasks_on_time": D("0.9")}, quota=D(600_000), shifts=Shifts(15, 14, 1)
    )
    cut = {
        rule: (w, could, min(broken, could), min(left, broken, could))
        for rule, (w, could, broken, left) in rules.items()
    }
    if timed:
        times = {rule: Spent(w, broken, could, 1) for rule, (w, could, broken, _left) in cut.items()}
        as_is = change_times(facts, times, plan)
        mended = {
            rule: change_times(facts, times | {rule: Spent(w, left, could, 1)}, plan)
            for rule, (w, could, _broken, left) in cut.items()
        }
    else:
        scores = {rule: Score(w, broken, could) for rule, (w, could, broken, _left) in cut.items()}
        as_is = judge_facts(Facts(**{**vars_of(facts), "rules": scores}), plan)
        mended = {rule: change_counts(as_is, {rule: left}, plan) for rule, (_w, _c, _b, left) in cut.items()}
    ladder = build_ladder(as_is, mended, plan)
    assert ladder is not None
    return ladder, as_is, climb(as_is, mended, plan)


def vars_of(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in facts.__struct_fields__}


@settings(deadline=None)
@given(shares, curves, st.booleans(), st.integers(0, 2_000_000))
def test_the_whole_list_costs_what_the_line_of_quality_would_gain(
    rules: dict[str, Any], points: list[list[str]], timed: bool, sold: int
) -> None:
    plan = scheme(points, timed)
    ladder, as_is, climbed = ladder_of(rules, plan, timed, sold)
    assert (
        ladder.gain == find_line(climbed, plan) - find_line(as_is, plan) == ladder.ceiling_line - ladder.line
    )
    assert sum(step.points for step in ladder.steps) == ladder.ceiling - ladder.score
    assert all(step.price >= 0 and step.points > 0 for step in ladder.steps)
    if ladder.gain > 1:
        crossing = next(place for place, step in enumerate(ladder.steps) if not step.together or step.price)
        assert crossing == 0, "no step up to the threshold is told to be worth nothing"


def test_the_steps_below_the_first_threshold_share_what_it_brings() -> None:
    """40 points: both steps are needed to pass 70. 20 000 × 2 % … the line: 12 000 × 0.8 → × 0.9 at 80."""
    rules = {"task.overdue": (1, 100, 60, 35), "task.none": (1, 100, 60, 5)}
    ladder, as_is, _climbed = ladder_of(rules, scheme(POINTS), False, 500_000)
    assert (ladder.score, ladder.ceiling, ladder.flat) == (D(40), D(80), D(30))
    assert [(step.rule, step.points, step.together) for step in ladder.steps] == [
        ("task.none", D("27.5"), True),
        ("task.overdue", D("12.5"), True),
    ]
    assert ladder.line == D(-2_160)  # 10 800 × 0.2
    assert [step.price for step in ladder.steps] == [D("742.50"), D("337.50")]
    assert ladder.per_point == D(108)
    assert [(rung.at, rung.gain, rung.missing, rung.within_reach) for rung in ladder.rungs] == [
        (D(70), D(0), D(30), True), (D(90), D(2_160), D(50), False), (D(100), D(3_240), D(60), False),
    ]  # fmt: skip


def test_without_pay_by_quality_there_are_points_and_no_money() -> None:
    plan = pay_schemes.read_document({**DOCUMENT, "components": DOCUMENT["components"][:2]})
    assert build_ladder(Facts(), {}, plan) is None


# From rows to the ladder


@pytest.fixture
def fixed() -> Iterator[None]:
    yield
    moment.fix(None)


class Standing:
    """Four deals in work since 1 November of somebody who works from 9 to 18 every day; one has no task since the
    10th. By the evening of the 20th that is 4 × 20 days and 11 of them; by the end of the month 4 × 30 and 21."""

    def __init__(self, document: Any = None) -> None:
        self.house = House()
        self.anna = self.house.anna
        rota = Rota.objects.create(
            name="каждый день", pattern="1", anchor=date(2026, 11, 1), starts=time(9), ends=time(18)
        )
        self.employee = make_employee(Role.MANAGER, self.anna, rota=rota, language="en")
        make_regulation(self.house.first, needs_task=True, published_at=NOVEMBER.start - DAY)
        self.deals = [make_deal(self.house.first, self.anna, NOVEMBER.start) for _ in range(4)]
        RuleMode.objects.all().delete()
        RuleMode.objects.create(rule="task.none", mode="money", weight=1, since=NOVEMBER.start)
        opened = NOVEMBER.start + 9 * DAY
        self.finding = make_finding(self.deals[0], "task.none", mode="money", since=opened, opens_at=opened)
        make_deal(self.house.won, self.anna, NOVEMBER.start + 2 * DAY, price=1_080_000)
        plan = (document or by_time(DOCUMENT)) | {"quota": "1200000"}
        self.plan = pay_schemes.read_document(plan)
        pay_schemes.load_scheme(plan)
        moment.fix("2026-11-20T20:00:00+00:00")
        keep_checks()

    def look(self) -> AtStake:
        statements.refresh_month(NOVEMBER)
        row = statements.Statement.objects.select_related("scheme").get(manager=self.anna)
        return find_at_stake(self.anna.pk, self.employee, moment.now(), row)


@pytest.mark.django_db
def test_by_time_the_ladder_leads_to_the_end_of_the_month(fixed: None) -> None:
    standing = Standing()
    found = standing.look()
    statement = statements.Statement.objects.get(manager=standing.anna)
    hours = 9 * 3600
    assert statement.facts.times == {"task.none": Spent(1, 11 * hours, 80 * hours, 4)}
    assert statement.facts.measures["quality_time"] == D("86.25")  # 1 − 11/80
    assert statement.lines.get(code="quality").amount == D(-900)  # 24 000 × (0.9625 − 1)
    ladder = found.ladder
    assert ladder.by_time
    assert ladder.score == D("82.5")  # 1 − 21/120
    assert ladder.line == D(-1_800)
    [step] = ladder.steps
    assert (step.score, step.price) == (D("90.8333"), D(1_999.99).quantize(D("0.01")))
    assert finding_prices([standing.finding])[standing.finding.pk] > step.price, (
        "with what it has taken already"
    )


@pytest.mark.django_db
def test_by_time_a_mended_case_saves_money_in_this_month_at_once(fixed: None) -> None:
    standing = Standing()
    before = standing.look()
    Finding.objects.filter(pk=standing.finding.pk).update(closes_at=moment.now())
    after = standing.look()
    assert after.ladder.score == before.ladder.ceiling
    assert after.ladder.line == before.ladder.line + before.ladder.gain
    assert (after.piles, after.mended) == ([], 1)


@pytest.mark.django_db
def test_by_time_what_opens_soon_costs_for_as_long_as_it_would_stand(fixed: None) -> None:
    standing = Standing()
    opens = moment.now() + timedelta(hours=13)  # noon of the 21st: the next shift's day
    make_finding(standing.deals[1], "task.none", mode="money", since=opens, opens_at=opens)
    found = standing.look()
    assert found.soon.today == []
    [saving] = found.soon.later
    # 6 hours of the 21st and 9 days
    assert saving.points == (D(100) * (6 + 9 * 9) / (120 * 9)).quantize(D("0.0001"))
    assert saving.price > 0


@pytest.mark.django_db
def test_by_time_what_has_been_mended_takes_no_place_among_the_next_actions(
    fixed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = Standing()
    later = standing.finding.opens_at + 3 * DAY
    make_finding(
        standing.deals[1], "task.none", mode="money", since=later, opens_at=later, closes_at=later + DAY
    )
    standing.look()
    row = statements.Statement.objects.select_related("scheme").get(manager=standing.anna)
    monkeypatch.setattr(next_steps, "MOST_CASES", 1)
    found = next_steps.find_next_actions(standing.anna.pk, standing.employee, moment.now(), row)
    assert found is not None
    assert [one.finding.pk for one in found.actions if one.finding] == [standing.finding.pk]


@pytest.mark.django_db
def test_what_opens_at_the_very_end_of_the_next_day_is_not_of_that_day(fixed: None) -> None:
    """Like every limit of the house, and like the list behind the number: from midnight on it is the day after."""
    standing = Standing()
    opens = moment.now() + timedelta(hours=25)  # midnight after the 21st
    assert opens.astimezone(portal_zone()).time() == time(0)
    make_finding(standing.deals[1], "task.none", mode="money", since=opens, opens_at=opens)
    assert not standing.look().soon.any


@pytest.mark.django_db
def test_by_count_a_mended_case_is_spared_in_the_next_month_and_said_so(fixed: None) -> None:
    moment.fix(NOW.isoformat())
    month = Month()
    Finding.objects.update(closes_at=None)
    statements.refresh_month(NOVEMBER)

    def look() -> AtStake:
        row = statements.Statement.objects.select_related("scheme").get(manager=month.anna)
        return find_at_stake(month.anna.pk, month.employee, NOW, row)

    before = look()
    assert (before.ladder.score, before.ladder.gain, before.spared) == (D(88), D(2_880), D(0))
    Finding.objects.filter(pk=month.findings[0].pk).update(closes_at=NOW)
    statements.refresh_month(NOVEMBER)
    after = look()
    assert after.ladder.score == D(88), "what was broken stays counted"
    assert (after.ladder.gain, after.mended, after.spared) == (D(1_920), 1, D(960))


@pytest.mark.django_db
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 5), st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=4, max_size=4))
def test_with_first_times_free_the_list_still_costs_what_the_line_would_gain(
    fixed: None, cases: int, lives: list[tuple[int, bool]]
) -> None:
    """By count: every open case is in a pile or free; piles bring what the line gains, and what is free nothing."""
    with transaction.atomic():
        standing = Standing(DOCUMENT)
        Finding.objects.all().delete()
        FirstTimeGrace.objects.create(since=NOVEMBER.start, cases=cases)
        for deal, (day, is_open) in zip(standing.deals, lives, strict=True):
            opened = NOVEMBER.start + (3 + day) * DAY
            ends = None if is_open else opened + DAY
            make_finding(deal, "task.none", mode="money", since=opened, opens_at=opened, closes_at=ends)
        found = standing.look()
        findings = list(Finding.objects.order_by("opens_at", "pk"))
        prices = finding_prices(findings)
        assert all(prices[one.pk] == 0 for one in findings[:cases])
        counted = [one for one in findings[cases:] if one.closes_at is None]
        assert sum(pile.count for pile in found.piles) == len(counted)
        assert found.free == sum(one.closes_at is None for one in findings[:cases])
        row = statements.Statement.objects.get(manager=standing.anna)
        before = find_line(row.facts, standing.plan)
        Finding.objects.filter(pk__in=[one.pk for one in counted]).update(withdrawn_at=moment.now())
        statements.refresh_month(NOVEMBER)
        after = find_line(statements.Statement.objects.get(manager=standing.anna).facts, standing.plan)
        assert found.ladder.gain == after - before
        transaction.set_rollback(True)
