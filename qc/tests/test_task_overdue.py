"""Tasks of closed deals: held against nobody by default, from the day on that says so."""

from datetime import datetime

import pytest

from pipelines.models import Stage
from qc import kept_checks
from qc.models import RuleMode, RuleStep
from qc.quality import touches
from qc.rules import StageNorms, Terms
from qc.rules.task_overdue import CODE, ClosedDeals
from qc.tests.lives import at, checks, found, life, terms
from team.clock import Clocks

LOST_AT_50 = "0 offer anna; 50 lost anna"
REOPENED = "0 offer anna; 50 lost anna; 90 offer anna; 120 lost anna"


def by(*steps: tuple[float | None, bool]) -> Terms:
    """Steps of the rule: from which hour on tasks of closed deals count, or do not."""
    versions = tuple(
        StageNorms(None, None if since is None else at(since), {ClosedDeals: ClosedDeals(counted)})
        for since, counted in steps
    )
    return Terms({CODE: versions}, Clocks())


@pytest.mark.parametrize(
    ("deal", "task", "expected"),
    [
        (LOST_AT_50, "0 due 10", ["10:10-50 anna"]),  # late before it was closed: until then
        (LOST_AT_50, "0 due 50", []),  # due at the very moment of closing
        (LOST_AT_50, "0 due 60", []),  # due afterwards
        (LOST_AT_50, "0 due 10 done 30", ["10:10-30 anna"]),
        (LOST_AT_50, "0 due 10 done 70", ["10:10-50 anna"]),
        (REOPENED, "0 due 60", ["90:90-120 anna"]),  # opened again, somebody has to do it
        (REOPENED, "0 due 10", ["10:10-50 anna", "90:90-120 anna"]),
        (REOPENED, "0 due 100 done 110", ["100:100-110 anna"]),
        ("0 offer anna; 50 won anna", "0 due 60", []),
    ],
)
def test_a_task_of_a_closed_deal_is_held_against_nobody(deal: str, task: str, expected: list[str]) -> None:
    assert found(CODE, life(deal, task), by()) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(None, True)], ["60:60- anna"]),
        ([(None, False)], []),
        (
            [(None, True), (80, False)],
            ["60:60-80 anna"],
        ),  # what stood against him until the default came, stands
        ([(None, False), (80, True)], ["80:80- anna"]),
    ],
)
def test_the_default_is_dated(steps: list[tuple[float | None, bool]], expected: list[str]) -> None:
    assert found(CODE, life(LOST_AT_50, "0 due 60"), by(*steps)) == expected


def test_nobody_is_asked_whether_it_was_done_in_time() -> None:
    asked = [
        one for one in checks(CODE, life(LOST_AT_50, "0 due 60", "0 due 20 done 10"), terms()) if one.counted
    ]
    assert [one.task for one in asked] == [2]


def test_what_is_done_as_it_falls_due_is_asked_for_at_that_moment_too() -> None:
    """Late by an earlier term up to then: a month that begins at that moment asks for the task as well."""
    [asked] = [
        one
        for one in checks(CODE, life("0 offer anna", "0 due 10 moved 60 to 50 done 50"), terms())
        if one.counted
    ]
    assert asked.spans == ((at(10), at(50)), (at(50), at(50)))
    [row] = kept_checks.rows_of(1, {CODE: [asked]}).values()
    packed = row.packed()
    [kept] = kept_checks.unpacked(packed.checks)[CODE]
    begins = (at(50) - packed.first).total_seconds()
    assert touches(kept, begins, begins + 1)
    assert packed.until > at(50)


@pytest.mark.django_db
def test_a_portal_that_judged_them_keeps_its_past() -> None:
    from importlib import import_module

    from django.apps import apps

    migration = import_module("qc.migrations.0010_tasks_of_closed_deals")
    row = RuleMode.objects.get(rule=CODE)
    before: datetime = row.since
    migration.date_the_default(apps, None)
    row.refresh_from_db()
    step = RuleStep.objects.get(rule=CODE)
    assert (step.norm, step.since, step.mode, step.weight) == (
        {"counted": True},
        before,
        row.mode,
        row.weight,
    )
    assert row.since > before
    assert row.norm == {}
    assert Stage.objects.count() == 0
