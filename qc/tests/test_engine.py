"""The engine on a real database: what is written, corrected, withdrawn and left alone."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from core import moment
from pipelines.models import Deal, Person, Touch
from qc import backtest, engine, regulations
from qc.models import Finding, Regulation, RuleMode, RuleStep
from qc.rules import RULES, Rule
from qc.tests import world
from qc.tests.lives import at, hour, hours
from team.models import DayOff, Employee
from timeline.loading import load_timelines
from timeline.timeline import PRICE

pytestmark = pytest.mark.django_db
NOW = 200.0


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    world.company()
    stand_at(NOW)
    yield
    moment.fix(None)


def stand_at(hour_number: float) -> None:
    moment.fix(at(hour_number).isoformat())


def judged(*ids: int, rules: list[str] | None = None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (_, outcome), n in engine.judge(ids or None, rules).items():
        counts[outcome] += n
    return counts


def listed(**filters: Any) -> list[str]:
    rows = Finding.objects.standing().filter(**filters).order_by("rule", "since")
    return [
        f"{row.rule} {hour(row.since)}:{hour(row.opens_at)}-{hour(row.closes_at)} {row.manager_id}"
        for row in rows
    ]


def test_timelines_hold_what_the_mirror_says() -> None:
    world.deal(5, "0 lead anna; 10 offer anna; 20 offer boris", price=100, fields={"71": "May"})
    world.task(1, 5, 3, 30)
    world.task(2, 5, 4, 40, done=8)
    world.event("deadline", 6, "task", 1, at(20).isoformat(), at(30).isoformat())
    world.event("owner", 7, "task", 1, 2, 3)
    world.event("owner", 9, "task", 1, 3, 1)
    world.event("owner", 5, "task", 2, 2, 9)  # the row is newer
    world.task(3, 5, 4, 40)
    world.event("price", 7, "deal", 5, 0, 100)
    world.event("field", 8, "deal", 5, None, {"field": 71, "value": "May"})
    world.event("field", 8, "deal", 5, None, {"field": 72, "value": "not asked for"})
    world.event("field", 8, "deal", 6, None, {"field": 71, "value": "another deal"})
    (deal,) = load_timelines([5, 404], [PRICE, "71"])
    assert [
        (p.stage, p.kind, p.owner, hour(p.since), hour(p.until), p.visit, hour(p.visit_since))
        for p in deal.pieces
    ] == [
        ("lead", "work", 1, "0", "10", 1, "0"),
        ("offer", "work", 1, "10", "20", 2, "10"),
        ("offer", "work", 2, "20", "", 2, "10"),
    ]
    assert [[(hour(since), owner) for since, owner in task.owners] for task in deal.tasks] == [
        [("3", 2), ("7", 3), ("9", 1)],
        [("4", 2), ("5", 1)],
        [("4", 1)],
    ]
    assert [[(hour(since), hour(due)) for since, due in task.dues] for task in deal.tasks] == [
        [("3", "20"), ("6", "30")],
        [("4", "40")],
        [("4", "40")],
    ]
    assert [hour(task.ended_at) for task in deal.tasks] == ["", "8", ""]
    assert [(hour(c.at), c.field, c.before, c.after) for c in deal.changes] == [
        ("7", PRICE, 0, 100),
        ("8", "71", None, "May"),
    ]
    assert len(next(load_timelines([5])).changes) == 3
    for number, (kind, manager) in enumerate(
        [("call_out", 2), ("message_in", 1), ("note", 1), ("message_out", None), ("call_in", 1)]
    ):
        Touch.objects.create(
            id=str(number), at=at(number), updated_at=at(number), kind=kind, deal_id=5, manager_id=manager
        )
    [touched] = load_timelines([5], [], touches=True)
    assert [(hour(touch.at), touch.person) for touch in touched.touches] == [("0", 2), ("2", 1), ("4", 1)]
    assert next(load_timelines([5])).touches == ()


def test_a_finding_is_written_before_it_opens() -> None:
    world.regulation("offer", max_stay=timedelta(days=7))
    world.deal(5, "100 offer anna")
    assert judged(5, rules=["deal.stuck"]) == {"new": 1}
    finding = Finding.objects.get()
    assert finding.opens_at == at(268) and finding.closes_at is None and finding.manager_id == 1
    assert finding.regulation == Regulation.objects.get() and finding.values == {
        "norm": 604800,
        "case": "calendar",
    }
    assert (
        Finding.objects.upcoming(moment.now()).count() == 1
        and not Finding.objects.open(moment.now()).exists()
    )
    stand_at(268)
    assert not Finding.objects.open(moment.now()).exists(), "seven days are not longer than seven days"
    stand_at(268.001)
    assert Finding.objects.open(moment.now()).count() == 1


def test_judging_twice_writes_nothing() -> None:
    world.regulation("offer", max_stay=hours(24), needs_task=True, required_fields=["price", "71"])
    world.deal(5, "0 lead -; 10 offer anna", price=0)
    world.task(1, 5, 3, 30)
    world.task(2, 5, 4, 40, done=8)
    assert judged()["new"] == 4
    before = list(Finding.objects.order_by("id").values_list())
    versions = row_versions()
    assert judged() == {"standing": 4} and judged(5) == {"standing": 4}
    assert list(Finding.objects.order_by("id").values_list()) == before
    assert row_versions() == versions


def row_versions() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("select id, ctid::text, xmin::text from qc_finding order by id")
        return cursor.fetchall()


def test_a_deal_that_moves_on_in_time_drops_the_warning_and_a_late_one_closes_the_finding() -> None:
    world.regulation("offer", max_stay=hours(150))
    world.deal(5, "100 offer anna")
    world.deal(6, "10 offer anna")
    judged(rules=["deal.stuck"])
    world.deal(5, "100 offer anna; 190 deal anna")
    world.deal(6, "10 offer anna; 190 deal anna")
    assert judged(rules=["deal.stuck"]) == {"dropped": 1, "changed": 1}
    assert listed() == ["deal.stuck 10:160-190 1"]


def test_a_finding_that_history_no_longer_bears_out_is_withdrawn_and_comes_back() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(5, "10 offer anna")
    judged(5, rules=["deal.stuck"])
    world.deal(5, "10 offer anna; 20 deal anna")  # an event came late
    assert judged(5, rules=["deal.stuck"]) == {"withdrawn": 1}
    assert listed() == [] and Finding.objects.get().withdrawn_at == at(NOW)
    assert judged(5, rules=["deal.stuck"]) == {}
    world.deal(5, "10 offer anna")
    assert judged(5, rules=["deal.stuck"]) == {"changed": 1}
    assert listed() == ["deal.stuck 10:34- 1"] and Finding.objects.count() == 1


def test_a_rule_that_is_off_has_no_findings_and_only_named_rules_are_touched() -> None:
    world.regulation("offer", max_stay=hours(24), needs_task=True)
    world.deal(5, "10 offer anna")
    judged(5)
    RuleMode.objects.filter(rule="deal.stuck").update(mode="off")
    assert judged(5, rules=["task.none"]) == {"standing": 1}
    assert judged(5) == {"withdrawn": 1, "standing": 1}
    RuleMode.objects.filter(rule="task.none").update(mode="money")
    assert judged(5) == {"changed": 1}
    assert Finding.objects.standing().get().mode == "money"


def test_a_rule_that_is_switched_off_keeps_what_it_had_found() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(5, "0 offer anna")
    world.deal(6, "0 offer anna; 50 won anna")
    world.deal(7, "90 offer anna")
    judged(rules=["deal.stuck"])
    stand_at(100)
    regulations.set_mode("deal.stuck", "off")
    stand_at(NOW)
    judged(rules=["deal.stuck"])
    assert sorted(listed(), reverse=True) == ["deal.stuck 0:24-50 1", "deal.stuck 0:24-100 1"]
    assert set(Finding.objects.values_list("deal", "mode")) >= {(5, "warn"), (6, "warn")}


def test_a_rule_that_raises_keeps_its_old_findings_and_stops_nobody_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.regulation("offer", max_stay=hours(24), needs_task=True)
    world.deal(5, "10 offer anna")
    world.deal(6, "10 offer anna")
    judged()
    whole = RULES["deal.stuck"]

    def broken(deal: Any, terms: Any) -> Any:
        if deal.id == 5:
            raise ZeroDivisionError
        return iter(())

    monkeypatch.setitem(RULES, "deal.stuck", Rule(**{**vars(whole), "checks": broken}))
    world.deal(5, "10 offer anna; 20 won anna")
    assert engine.judge([5, 6]) == {
        ("deal.stuck", "failed"): 1,
        ("deal.stuck", "withdrawn"): 1,
        ("task.none", "changed"): 1,
        ("task.none", "standing"): 1,
    }
    assert "deal.stuck 10:34- 1" in listed(deal=5) and "deal.stuck" not in listed(deal=6)
    assert "rule deal.stuck failed on deal 5" in caplog.text


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="There is no rule deal.cold"):
        engine.judge([1], ["deal.cold"])


def test_a_second_break_is_a_second_finding() -> None:
    world.regulation("offer", needs_task=True)
    world.deal(5, "0 offer anna")
    world.task(1, 5, 10, 30, done=40)
    judged(5)
    assert listed(rule="task.none") == ["task.none 0:0-10 1", "task.none 40:40- 1"]


def test_deleted_and_vanished_deals_end_their_findings() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(5, "0 offer anna")
    world.deal(6, "0 offer anna")
    judged()
    Deal.objects.filter(id=5).update(deleted_at=at(50))
    Deal.objects.filter(id=6).delete()
    judged(5, 6)
    assert sorted(listed(), reverse=True) == ["deal.stuck 0:24-50 1"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda: world.regulation("offer", 2, 20, needs_task=True), "task.none 20:20- 1"),
        (
            lambda: Regulation.objects.filter(stage="lead").update(stage="offer", version=2),
            "task.none 0:0- 1",
        ),
        (lambda: RuleMode.objects.filter(rule="deal.stuck").update(since=at(40)), "deal.stuck 0:24-40 1"),
        (lambda: Person.objects.filter(id=1).update(deleted_at=at(5)), "owner.gone 5:5- 1"),
        (lambda: Employee.objects.filter(person_id=1).update(left_on="2026-11-02"), "owner.gone 24:24- 1"),
        (lambda: Employee.objects.filter(person_id=1).update(left_on="2026-11-20"), "owner.gone 456:456- 1"),
        (lambda: Person.objects.filter(id=1).update(is_active=False), "owner.gone 0:0- 1"),
    ],
)
def test_whatever_the_verdict_depends_on_is_read_anew(change: Any, expected: str) -> None:
    world.regulation("offer", max_stay=hours(24))
    world.regulation("lead", max_stay=hours(24), needs_task=True)
    RuleMode.objects.filter(rule="deal.stuck").update(mode="off")
    RuleStep.objects.create(rule="deal.stuck", mode="warn", weight=1, since=at(-1))
    world.deal(5, "0 offer anna")
    judged(5)
    assert expected not in listed()
    change()
    judged(5)
    assert expected in listed()


def test_an_absence_moves_the_owners_clock() -> None:
    world.regulation("offer", max_stay=hours(9), stay_clock="owner")
    world.deal(5, "0 offer anna")
    judged(5)
    assert listed() == ["deal.stuck 0:18- 1"]
    employee = Employee.objects.get(person_id=1)
    DayOff.objects.create(employee=employee, first="2026-11-02", last="2026-11-02", kind=DayOff.Kind.SICK)
    judged(5)
    assert listed() == ["deal.stuck 0:42- 1"]


def test_everything_at_once_is_the_same_as_one_by_one() -> None:
    world.regulation("offer", max_stay=hours(24), needs_task=True, required_fields=["price"])
    ids = range(1, 30)
    for pk in ids:
        world.deal(pk, f"{pk} lead anna; {2 * pk} offer boris; {5 * pk} {'won' if pk % 3 else 'lead'} boris")
        world.task(pk, pk, pk, 3 * pk, done=4 * pk if pk % 2 else None)
    judged()
    whole = listed()
    Finding.objects.all().delete()
    for pk in ids:
        judged(pk)
    assert listed() == whole and len(whole) > 60


def test_backtest_counts_by_manager_before_and_after_and_writes_nothing() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "0 offer anna")
    world.deal(2, "150 offer anna; 190 won anna")
    world.deal(3, "150 offer boris")
    world.deal(4, "0 lead boris")
    stand_at(160)
    rows = backtest.judge_by_norms("offer", {"max_stay": hours(5)})
    assert [tuple(r.values()) for r in rows] == [
        ("deal.stuck", 1, 2, 2, 1, 1),
        ("deal.stuck", 2, 1, 1, 0, 0),
    ]
    assert not Finding.objects.exists() and Regulation.objects.count() == 1
    rows = backtest.judge_by_norms("offer", {"max_stay": None, "needs_task": True})
    assert {(r["rule"], r["manager"], r["now"], r["now_before"]) for r in rows} == {
        ("deal.stuck", 1, 0, 1),
        ("task.none", 1, 2, 0),
        ("task.none", 2, 1, 0),
    }


def test_a_warning_that_is_found_again_keeps_its_id() -> None:
    world.regulation("offer", max_stay=hours(150))
    world.deal(5, "100 offer anna")
    judged(5, rules=["deal.stuck"])
    first = Finding.objects.get()
    world.deal(5, "100 offer anna; 190 deal anna")
    assert judged(5, rules=["deal.stuck"]) == {"dropped": 1}
    assert judged(5, rules=["deal.stuck"]) == {}
    assert not Finding.objects.standing().exists() and Finding.objects.get().withdrawn_at == at(NOW)
    world.deal(5, "100 offer anna")
    assert judged(5, rules=["deal.stuck"]) == {"changed": 1}
    again = Finding.objects.standing().get()
    assert (again.pk, again.opens_at, again.withdrawn_at) == (first.pk, at(250), None)
