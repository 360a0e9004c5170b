"""The first cases of a month cost no money before the month ends."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from qc import engine, first_times, newcomers, queries
from qc.models import Finding, FirstTimeGrace, RuleMode
from qc.tests import world
from qc.tests.lives import at
from team.models import Employee

DAY = 24
pytestmark = pytest.mark.django_db
ANNA, BORIS = world.PEOPLE["anna"], world.PEOPLE["boris"]


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    """Monday, 2 November. Anna's deals 1 to 3 stand without a task, and so does Boris's one; 2 is won in the month."""
    moment.fix(at(-DAY).isoformat())
    world.company("money")
    world.regulation("lead", needs_task=True)
    world.deal(1, f"{3 * DAY} lead anna")
    world.deal(2, f"{4 * DAY} lead anna; {9 * DAY} won anna")
    world.deal(3, f"{5 * DAY} lead anna")
    world.deal(4, f"{6 * DAY} lead boris")
    yield
    moment.fix(None)


def judge_on(day: float) -> None:
    moment.fix(at(day * DAY).isoformat())
    engine.judge()


def november() -> Period:
    return month_of(at(0), portal_zone())


def broken(period: Period, person: int = ANNA) -> tuple[int, int]:
    [found] = [one for one in queries.quality(period, [person])[person] if one.rule == "task.none"]
    return found.violations, found.opportunities


def free() -> dict[int, datetime]:
    rows = Finding.objects.standing().filter(rule="task.none").order_by("opens_at")
    deals = dict(rows.values_list("pk", "deal"))
    return {deals[pk]: until for pk, until in first_times.find_free(rows).items()}


@pytest.mark.parametrize(
    ("cases", "spared", "violations"),
    [(0, [], 3), (1, [1, 4], 2), (2, [1, 2, 4], 1), (10, [1, 2, 3, 4], 0)],
)
def test_the_first_of_each_person_are_free_until_the_month_ends(
    cases: int, spared: list[int], violations: int
) -> None:
    assert first_times.set_cases(cases, None) == bool(cases)
    judge_on(20)
    assert sorted(free()) == spared
    assert set(free().values()) <= {november().end}
    assert broken(november()) == (violations, 3)
    assert broken(november(), BORIS) == ((0, 1) if cases else (1, 1))
    shown = Finding.objects.filter(rule="task.none").filter(first_times.is_free(moment.now()))
    assert sorted(shown.values_list("deal", flat=True)) == spared, "a list chooses the same"


def test_what_still_stands_in_the_next_month_counts_there_and_what_was_mended_never_does() -> None:
    first_times.set_cases(2, None)
    judge_on(40)
    december = month_of(at(40 * DAY), portal_zone())
    assert broken(november()) == (1, 3), "of November it was free, and stays so"
    assert broken(december) == (2, 2), "deals 1 and 3 stand; the won one is over"
    both = Period(november().start, december.end, "both")
    assert broken(both) == (2, 3)
    assert not Finding.objects.filter(first_times.is_free(moment.now()), deal=1).exists()
    assert Finding.objects.filter(first_times.is_free(moment.now()), deal=2).exists(), "mended in time"


def test_by_time_it_stands_from_the_month_s_end_on() -> None:
    judge_on(40)
    before = {one.rule: one.broken for one in queries.quality_by_time(november(), [BORIS])[BORIS]}
    FirstTimeGrace.objects.create(since=at(0), cases=1)
    after = {one.rule: one.broken for one in queries.quality_by_time(november(), [BORIS])[BORIS]}
    december = month_of(at(40 * DAY), portal_zone())
    later = {one.rule: one.broken for one in queries.quality_by_time(december, [BORIS])[BORIS]}
    assert before["task.none"] > after["task.none"] and not after["task.none"] and later["task.none"]


def test_a_grace_holds_for_what_opens_from_its_day_on_and_the_month_is_counted_whole() -> None:
    moment.fix(at(4 * DAY).isoformat())
    first_times.set_cases(2, None)
    judge_on(20)
    assert sorted(free()) == [2, 4], "deal 1 was the first before there was a grace; deal 2 is the second"
    assert first_times.set_cases(0, None) and not first_times.set_cases(0, None)
    assert sorted(free()) == [2, 4], "what was free stays so"
    assert FirstTimeGrace.objects.count() == 2


def test_whoever_is_withdrawn_gives_his_place_to_the_next_and_who_is_disputed_keeps_it() -> None:
    first_times.set_cases(1, None)
    judge_on(20)
    first = Finding.objects.filter(rule="task.none", deal=1)
    first.update(disputed_at=at(19 * DAY))
    assert sorted(free()) == [1, 4] and broken(november()) == (2, 3)
    first.update(disputed_at=None, withdrawn_at=at(19 * DAY))
    assert sorted(free()) == [2, 4] and broken(november()) == (1, 3)


def test_what_costs_nothing_anyway_uses_no_first_time_up() -> None:
    first_times.set_cases(1, None)
    judge_on(20)
    Finding.objects.filter(rule="task.none", deal=1).update(mode="warn")
    assert sorted(free()) == [2, 4]


def test_what_can_be_done_once_only_is_forgiven_for_good() -> None:
    """A deal lost without a reason stays so; it is a fault of the month in which it was lost."""
    RuleMode.objects.update_or_create(
        rule="deal.lost_no_reason", defaults={"mode": "money", "weight": 1, "since": at(-60 * DAY)}
    )
    world.deal(5, f"{3 * DAY} lead vera; {20 * DAY} lost vera")
    vera = world.PEOPLE["vera"]

    def of_reason(period: Period) -> list[Any]:
        rows = queries.quality(period, [vera]).get(vera, [])
        return [(one.violations, one.opportunities) for one in rows if one.rule == "deal.lost_no_reason"]

    judge_on(40)
    december = month_of(at(40 * DAY), portal_zone())
    both = Period(november().start, december.end, "both")
    assert of_reason(november()) == of_reason(both) == [(1, 1)]
    FirstTimeGrace.objects.create(since=at(0), cases=1)
    assert of_reason(november()) == of_reason(both) == [(0, 1)]
    assert of_reason(december) == []


def test_a_newcomer_s_warnings_are_not_counted_in_his_quality() -> None:
    Employee.objects.filter(username="anna").update(hired_on=at(0).date())
    newcomers.set_grace(6, None)
    judge_on(20)
    modes = dict(Finding.objects.filter(rule="task.none", manager=ANNA).values_list("deal", "mode"))
    assert modes == {1: "warn", 2: "warn", 3: "money"}
    assert broken(november()) == (1, 3)
    asked = queries.quality(november(), [ANNA], ("warn", "money"))[ANNA]
    assert sum(one.violations for one in asked if one.rule == "task.none") == 3, (
        "asked for warnings, it has them"
    )
    assert queries.score(queries.quality(november(), [ANNA])[ANNA]) == Decimal("66.6667")


@pytest.mark.parametrize("cases", [-1, 11])
def test_nonsense_is_refused(cases: int) -> None:
    with pytest.raises(ValueError, match="10"):
        first_times.set_cases(cases, None)
