"""Rulings without an appeal: waivers, an error of the rule, several at once, put off; rules overturned too often."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from core import moment
from devtools.tests.factory import make_employee
from pipelines.models import JudgementRequest, Touch
from qc import appeals, engine, overturns, rulings
from qc.models import Finding, OverturnLimit, RuleHalt, RuleMode, RuleStep, Ruling
from qc.tests import world
from qc.tests.appeal_office import NOW, broken, stand_at, stuck
from qc.tests.appeal_office import anna as anna
from qc.tests.appeal_office import company as company
from qc.tests.appeal_office import controller as controller
from qc.tests.appeal_office import english as english
from qc.tests.lives import at
from team.models import Employee, Role

pytestmark = pytest.mark.django_db


def test_a_waiver_hides_until_its_end_and_then_it_counts_again(anna: Employee, controller: Employee) -> None:
    opened = stuck().opens_at
    waiver, new = rulings.rule_finding(stuck(), "waived", controller, "Клиент просил ждать", at(248))
    assert new and broken() == 0 and stuck() not in Finding.objects.open(moment.now())
    assert [one.pk for one in rulings.list_waivers(controller, moment.now())] == [waiver.pk]
    engine.judge([5])
    assert stuck().opens_at == at(248)
    stand_at(249)
    assert stuck() in Finding.objects.open(moment.now()) and broken() == 1
    assert rulings.list_waivers(controller, moment.now()) == []
    stand_at(210)
    rulings.revoke_ruling(waiver, make_employee(Role.DIRECTOR))
    assert stuck().opens_at == opened and stuck().excused_until is None
    engine.judge([5], ["deal.stuck"])
    assert stuck().opens_at == opened


@pytest.mark.parametrize("until", [None, at(NOW), at(NOW) + appeals.AHEAD + timedelta(seconds=1)])
def test_a_waiver_has_a_reason_and_an_end(until: object, controller: Employee) -> None:
    with pytest.raises(ValueError):
        rulings.rule_finding(stuck(), "waived", controller, "повод", until)
    with pytest.raises(ValueError):
        rulings.rule_finding(stuck(), "waived", controller, " ", at(248))
    assert not Ruling.objects.exists() and broken() == 1


def test_an_error_of_the_rule_is_taken_back_within_ten_minutes(controller: Employee) -> None:
    opened, key = stuck().opens_at, uuid4()
    ruling, new = rulings.rule_finding(stuck(), "mistaken", controller, "Это гарантия", key=key)
    assert new and rulings.rule_finding(stuck(), "mistaken", controller, "Это гарантия", key=key) == (
        ruling,
        False,
    )
    assert broken() == 0 and stuck().withdrawn_at is not None
    with pytest.raises(ValueError):
        rulings.revoke_ruling(ruling, make_employee(Role.CONTROLLER))
    rulings.revoke_ruling(ruling, controller)
    assert broken() == 1 and stuck().opens_at == opened
    ruling, _ = rulings.rule_finding(stuck(), "mistaken", controller, "Это гарантия")
    stand_at(NOW + 0.2)
    with pytest.raises(ValueError):
        rulings.revoke_ruling(ruling, controller)


def test_together_only_one_rule_and_neither_appeals_nor_fresh_calls(
    anna: Employee, controller: Employee
) -> None:
    for pk in (6, 7, 8):
        world.deal(pk, "100 offer anna")
    engine.judge(rules=["deal.stuck", "task.none"])
    found = {row.deal_id: row.pk for row in Finding.objects.filter(rule="deal.stuck")}
    appeals.file_appeal(Finding.objects.get(pk=found[6]), anna, "client")
    Touch.objects.create(
        id="1", at=at(NOW - 23), updated_at=at(NOW), kind="call_out", deal_id=7, manager_id=1
    )
    Touch.objects.create(
        id="2", at=at(NOW - 25), updated_at=at(NOW), kind="call_out", deal_id=8, manager_id=1
    )
    key = uuid4()
    keys = list(found.values())
    assert rulings.confirm_findings(keys, "deal.stuck", controller, key) == (
        sorted([found[5], found[8]]),
        sorted([found[6], found[7]]),
    )
    assert rulings.confirm_findings(keys, "deal.stuck", controller, key).done == sorted([found[5], found[8]])
    assert Ruling.objects.count() == 2
    waiting = rulings.list_waiting(controller, moment.now()).filter(rule="deal.stuck")
    assert {row.deal_id for row in waiting} == {6, 7}
    other = Finding.objects.create(
        rule="task.none",
        severity="violation",
        mode="warn",
        deal_id=5,
        manager_id=1,
        since=at(1),
        opens_at=at(190),
    )
    with pytest.raises(ValueError, match="one rule"):
        rulings.confirm_findings([found[7], other.pk], "deal.stuck", controller)
    with pytest.raises(ValueError, match="no such"):
        rulings.confirm_findings([found[7], 10**9], "deal.stuck", controller)
    with pytest.raises(ValueError):
        rulings.confirm_findings([found[7]], "deal.stuck", anna)


def test_put_off_it_comes_back_to_the_queue(controller: Employee) -> None:
    rulings.rule_finding(stuck(), "snoozed", controller, until=at(210))
    assert not rulings.list_waiting(controller, moment.now()).filter(rule="deal.stuck").exists()
    assert broken() == 1, "only the queue waits"
    stand_at(211)
    assert rulings.list_waiting(controller, moment.now()).filter(rule="deal.stuck").exists() is False
    Finding.objects.update(opens_at=at(205))
    assert rulings.list_waiting(controller, moment.now()).filter(rule="deal.stuck").exists()


def test_nobody_rules_where_an_appeal_waits(anna: Employee, controller: Employee) -> None:
    appeals.file_appeal(stuck(), anna, "client")
    for kind in ("confirmed", "mistaken", "waived"):
        with pytest.raises(ValueError, match="appeal waits"):
            rulings.rule_finding(stuck(), kind, controller, "повод", at(248))


def test_what_people_said_keeps_a_finding_in_the_database(anna: Employee, controller: Employee) -> None:
    appeals.file_appeal(stuck(), anna, "client")
    with pytest.raises(ProtectedError):
        stuck().delete()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("delete from qc_finding where id = %s", [stuck().pk])
        cursor.execute("set constraints all immediate")


def decide_many(person: Employee, controller: Employee, decisions: list[str]) -> None:
    for number, decision in enumerate(decisions):
        row = Finding.objects.create(
            rule="deal.stuck", severity="violation", mode="money", deal_id=5, manager_id=1,
            since=at(number / 100), opens_at=at(50 + number / 100),
        )  # fmt: skip
        appeals.decide_appeal(appeals.file_appeal(row, person, "rule"), controller, decision, "так")


@pytest.mark.parametrize(
    "decisions, stops",
    [
        (["full"] * 4, False),  # too few to say
        (["full", "full", "refused", "refused", "full"], True),
        (["refused"] * 7 + ["full"] * 3, False),  # 30 % is not over 30 %
        (["refused"] * 6 + ["full"] * 3, True),
    ],
)
def test_a_rule_that_is_overturned_too_often_stops_costing_money(
    decisions: list[str], stops: bool, anna: Employee, controller: Employee
) -> None:
    decide_many(anna, controller, decisions)
    assert RuleMode.objects.get(rule="deal.stuck").mode == ("warn" if stops else "money")
    assert RuleHalt.objects.filter(rule="deal.stuck").exists() == stops
    if stops:
        halt = RuleHalt.objects.get()
        assert halt.upheld > halt.limit * halt.decided and halt.at == at(NOW)
        assert RuleStep.objects.filter(rule="deal.stuck", mode="money").exists(), "known in its history"
        assert JudgementRequest.objects.filter(rules=["deal.stuck"]).exists()


def test_the_limit_is_dated_and_a_rule_switched_on_again_starts_anew(
    anna: Employee, controller: Employee
) -> None:
    OverturnLimit.objects.create(since=at(100), share="0.9", minimum=2, days=90)
    OverturnLimit.objects.create(since=at(NOW + 1), share="0.1", minimum=1, days=90)
    decide_many(anna, controller, ["full"] * 2)
    assert RuleHalt.objects.get().limit == overturns.limit_at(moment.now()).share
    RuleMode.objects.filter(rule="deal.stuck").update(mode="money")
    stand_at(NOW + 0.5)
    appeal = appeals.file_appeal(stuck(), anna, "rule")
    appeals.decide_appeal(appeal, controller, "full")
    assert RuleMode.objects.get(rule="deal.stuck").mode == "money", "one since it was switched on"


def test_precision_is_the_last_word_about_each_finding(anna: Employee, controller: Employee) -> None:
    rulings.rule_finding(stuck(), "confirmed", controller)
    assert overturns.measure_precision(at(0)) == {"deal.stuck": (1, 0)}
    appeal = appeals.file_appeal(stuck(), anna, "client")
    appeals.decide_appeal(appeal, make_employee(Role.DIRECTOR), "full")
    assert overturns.measure_precision(at(0)) == {"deal.stuck": (0, 1)}
