"""A switch tried on history says what the switch itself would bring, and writes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from core import moment
from core.zone import portal_zone
from qc import first_times, queries
from qc.models import Finding, FirstTimeGrace, NewcomerGrace, RuleMode
from qc.switch_backtest import SwitchTrial, try_switch
from qc.tests import world
from qc.tests.lives import at
from qc.tests.switches import measure_quality, set_rule
from team.models import Employee

DAY = 24
pytestmark = pytest.mark.django_db
ANNA, BORIS, VERA = (world.PEOPLE[name] for name in ("anna", "boris", "vera"))
START, NOW = at(-90 * DAY), at(40 * DAY)  # from August on; 12 December


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    """Deals without a task: of Anna, of Boris who works by night, and some that were won, or moved on in an hour."""
    moment.fix(START.isoformat())
    world.company("money")
    RuleMode.objects.update(since=START)
    world.regulation("lead", published=-90 * DAY, needs_task=True)
    world.deal(1, f"{-40 * DAY} lead anna; {-35 * DAY} won anna")
    world.deal(2, f"{3 * DAY} lead anna")
    world.deal(3, f"{4 * DAY} lead anna; {9 * DAY} offer anna")
    world.deal(4, f"{5 * DAY} lead boris; {33 * DAY} lost boris")
    world.deal(5, f"{33 * DAY} lead boris")
    world.deal(6, f"{7 * DAY} lead vera; {8 * DAY} lead boris")
    world.task(1, 2, 10 * DAY, 12 * DAY, None)
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


def marks(trial: SwitchTrial) -> dict[int, Any]:
    return {person: (one.after, one.n_after) for person, one in trial.marks.items()}


def digest() -> list[Any]:
    """Of every row of judgement and money."""
    tables = [name for name in connection.introspection.table_names() if name.split("_")[0] in ("qc", "kpi")]
    with connection.cursor() as cursor:
        found = []
        for table in sorted([*tables, "pipelines_judgementrequest", "pipelines_deal", "audit_change"]):
            cursor.execute(f"select count(*), sum(hashtextextended(t::text, 0)) from {table} t")
            found.append((table, *cursor.fetchone()))
    return found


@pytest.mark.parametrize("months", [1, 3, 12])
@pytest.mark.parametrize("cases", [0, 1])
@pytest.mark.parametrize(
    ("present", "mode", "weight"),
    [
        (("money", 2), "money", 9),
        (("money", 2), "warn", 2),
        (("money", 2), "off", 2),
        (("warn", 2), "money", 5),
        (("shadow", 1), "money", 1),
        (("off", 0), "money", 4),
        (("off", 0), "warn", 4),
    ],
)
def test_it_says_what_the_switch_would_bring(
    present: tuple[str, int], mode: str, weight: int, months: int, cases: int
) -> None:
    if cases:
        FirstTimeGrace.objects.create(since=START, cases=cases)
    set_rule("task.none", *present, since=START)
    before = digest()
    trial = try_switch("task.none", mode, weight, months)
    assert digest() == before, "nothing is written"
    assert trial.marks, "somebody is asked for a task"
    assert {person: (one.before, one.n_before) for person, one in trial.marks.items()} == measure_quality(
        trial
    )
    told = {cell: tally.found for cell, tally in trial.cells.items()}
    set_rule("task.none", mode, weight, START)
    assert marks(trial) == measure_quality(trial)
    if mode == "off":
        assert trial.whole.after == 0
        return
    rows = Finding.objects.standing().filter(rule="task.none", opens_at__lt=NOW)
    rows = rows.exclude(closes_at__lte=trial.period.start)
    cells: dict[Any, int] = {}
    for stage, person in rows.values_list("stage", "manager"):
        cells[stage, person] = cells.get((stage, person), 0) + 1
    assert told == cells
    costing = rows.filter(mode="money").exclude(first_times.is_free(NOW)).count()
    assert trial.whole.after == costing == (0 if mode == "warn" else costing)
    assert sum(one.after for one in trial.by_stage.values()) == trial.whole.after
    assert sum(one.after for one in trial.by_person.values()) == trial.whole.after


@pytest.mark.parametrize(
    ("days", "cases", "broken"),
    [(30, 0, 0), (30, 1, 0), (4, 0, 1), (4, 1, 0)],  # after four days deal 3 is the first that costs money
)
def test_a_newcomer_is_only_warned_by_what_is_tried_too(days: int, cases: int, broken: int) -> None:
    Employee.objects.filter(username="anna").update(hired_on=at(12).date())
    NewcomerGrace.objects.create(since=START, days=days)
    FirstTimeGrace.objects.create(since=START, cases=cases)
    for present in ("warn", "off"):
        set_rule("task.none", present, 2, START)
        trial = try_switch("task.none", "money", 2, 2)
        set_rule("task.none", "money", 2, START)
        assert marks(trial) == measure_quality(trial), present
        [told] = [one for one in queries.quality(trial.period)[ANNA] if one.rule == "task.none"]
        assert told.violations == broken


def test_likely_false_alarms_are_the_same_from_rows_and_from_lives() -> None:
    set_rule("task.none", "warn", 2, START)
    kept = try_switch("task.none", "money", 2, 12)
    set_rule("task.none", "off", 2, START)
    heard = try_switch("task.none", "money", 2, 12)
    assert kept.doubts == heard.doubts and kept.doubts.number
    assert kept.doubts.new == kept.whole.found
    assert try_switch("task.none", "shadow", 2, 12).doubts.new == 0, "nobody is alarmed"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("no.such", "money", 1, 3), "no.such"),
        (("task.none", "loud", 1, 3), "loud"),
        (("task.none", "money", 101, 3), "100"),
        (("task.none", "money", 1, 0), "12"),
        (("task.none", "money", 1, 13), "12"),
        (("person.mass_move", "warn", 1, 3), "deals|сделках"),
    ],
)
def test_nonsense_is_refused(asked: tuple[str, str, int, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        try_switch(*asked)


def test_a_first_case_is_ranked_alike_by_the_database_and_without_it() -> None:
    set_rule("task.none", "money", 2, START)
    for cases in (1, 2):
        FirstTimeGrace.objects.all().delete()
        FirstTimeGrace.objects.create(since=at(-39 * DAY), cases=cases)
        FirstTimeGrace.objects.create(since=at(36 * DAY), cases=0)
        rows = Finding.objects.standing().filter(rule="task.none")
        ranked = first_times.rank_free(
            rows.values_list("pk", "manager", "opens_at"), first_times.read_graces(), portal_zone()
        )
        assert ranked == first_times.find_free(rows) and ranked
