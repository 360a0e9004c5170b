"""Appeals and rulings on a real database: who may what, and what a decision changes; never for the worse."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import translation

from core import moment
from core.periods import Period
from devtools.tests.factory import make_employee
from pipelines.models import JudgementRequest, Touch
from qc import appeals, engine, overturns, queries, rulings
from qc.models import NEVER, Appeal, Finding, OverturnLimit, RuleHalt, RuleMode, RuleStep, Ruling
from qc.tests import world
from qc.tests.lives import at, hours
from team.clock import Clock
from team.models import Employee, Role
from team.schedules import load_clocks

pytestmark = pytest.mark.django_db
NOW = 200.0
MONTH = Period(at(0), at(400), "test")


def stand_at(hour: float) -> None:
    moment.fix(at(hour).isoformat())


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    world.company(RuleMode.Mode.MONEY)
    stand_at(NOW)
    world.regulation("offer", max_stay=hours(24))
    world.deal(5, "10 offer anna")
    engine.judge([5])
    JudgementRequest.objects.all().delete()
    yield
    moment.fix(None)


@pytest.fixture
def anna() -> Employee:
    return Employee.objects.get(username="anna")


@pytest.fixture
def vera() -> Employee:
    return Employee.objects.get(username="vera")


@pytest.fixture
def controller() -> Employee:
    return make_employee(Role.CONTROLLER)


def stuck() -> Finding:
    return Finding.objects.get(rule="deal.stuck", since=at(10))


def broken(person: int = 1) -> int:
    scores = queries.quality(MONTH, [person]).get(person, [])
    return sum(one.violations for one in scores if one.rule == "deal.stuck")


def test_an_appeal_is_filed_once_and_the_finding_costs_nothing_while_it_waits(anna: Employee) -> None:
    assert broken() == 1
    key = uuid4()
    appeal = appeals.file_appeal(stuck(), anna, "client", "Ждёт зарплату", key=key)
    assert (appeal.state, appeal.author, appeal.finding) == ("filed", anna, stuck())
    assert broken() == 0
    assert stuck() in Finding.objects.open(moment.now()), "it is shown all the same"
    assert appeals.file_appeal(stuck(), anna, "client", "Ждёт зарплату", key=key) == appeal
    assert appeals.file_appeal(stuck(), anna, "data") == appeal
    assert [step.kind for step in appeal.steps.all()] == ["filed"]
    assert list(JudgementRequest.objects.values_list("deal_id", flat=True)) == [5]
    engine.judge([5])
    assert stuck().disputed_at == at(NOW) and broken() == 0, "judged again, it is disputed still"


def test_its_term_counts_in_the_owners_shifts(anna: Employee) -> None:
    appeal = appeals.file_appeal(stuck(), anna, "client")
    clock = load_clocks([1]).owner(1)
    assert isinstance(clock, Clock)
    assert clock.worked(appeal.filed_at, appeal.due_at) == appeals.TERM
    assert appeal.due_at - appeal.filed_at > appeals.TERM


@pytest.mark.parametrize(
    "reason, text",
    [("nonsense", ""), ("other", " "), ("client", "x" * 2_001), ("", "")],
)
def test_nonsense_is_refused(reason: str, text: str, anna: Employee) -> None:
    with pytest.raises(ValueError):
        appeals.file_appeal(stuck(), anna, reason, text)
    assert not Appeal.objects.exists() and stuck().disputed_at is None


@pytest.mark.parametrize("role", [Role.CONTROLLER, Role.FINANCE, Role.DIRECTOR, Role.ADMIN])
def test_only_the_person_or_his_head_files(role: Role, vera: Employee, anna: Employee) -> None:
    for stranger in (vera, make_employee(role), make_employee(Role.HEAD)):
        with pytest.raises(ValueError):
            appeals.file_appeal(stuck(), stranger, "client")
    head = make_employee(Role.HEAD)
    anna.head = head
    anna.save()
    assert appeals.file_appeal(stuck(), Employee.objects.get(pk=head.pk), "client").author == head
    with pytest.raises(ValueError, match="already"):
        appeals.file_appeal(stuck(), anna, "client")


@pytest.mark.parametrize(
    "facts",
    [
        {"withdrawn_at": at(100)},
        {"opens_at": at(NOW)},
        {"mode": "shadow"},
        {"closes_at": at(NOW) - appeals.LATEST - timedelta(seconds=1)},
    ],
)
def test_there_must_be_something_to_object_to(facts: dict, anna: Employee) -> None:
    Finding.objects.update(**facts)
    with pytest.raises(ValueError):
        appeals.file_appeal(stuck(), anna, "client")


def test_who_decides_is_a_second_person(anna: Employee, vera: Employee, controller: Employee) -> None:
    rulings.rule_finding(stuck(), "confirmed", controller)
    appeal = appeals.file_appeal(stuck(), anna, "client")
    for nobody in (anna, vera, controller, make_employee(Role.FINANCE), make_employee(Role.HEAD)):
        with pytest.raises(ValueError, match="second person"):
            appeals.decide_appeal(appeal, nobody, "full", "так")
        with pytest.raises(ValueError, match="second person"):
            appeals.take_appeal(appeal, nobody)
    assert appeals.decide_appeal(appeal, make_employee(Role.CONTROLLER), "full")[1]


def test_it_goes_through_its_states_and_the_term_stands_still_for_an_answer(
    anna: Employee, controller: Employee
) -> None:
    appeal = appeals.file_appeal(stuck(), anna, "client")
    clock = load_clocks([1]).owner(1)
    appeal = appeals.take_appeal(appeal, controller)
    assert (appeal.state, appeal.reviewer) == ("review", controller)
    assert appeals.take_appeal(appeal, controller).steps.count() == 2, "taken once"
    stand_at(220)
    left = clock.worked(at(220), appeal.due_at)
    appeal = appeals.ask_author(appeal, controller, "Почему не «База ожидания»?")
    assert appeal.state == "info"
    stand_at(300)
    with pytest.raises(ValueError):
        appeals.answer_reviewer(appeal, controller, "не я")
    appeal = appeals.answer_reviewer(appeal, anna, "Забыла перевести")
    assert appeal.state == "review" and clock.worked(at(300), appeal.due_at) == left
    appeal, new = appeals.decide_appeal(appeal, controller, "refused", "Причину надо указать сразу")
    assert (appeal.state, new) == ("decided", True)
    assert appeals.decide_appeal(appeal, controller, "refused", "ещё раз") == (appeal, False)
    with pytest.raises(ValueError, match="decided"):
        appeals.decide_appeal(appeal, make_employee(Role.DIRECTOR), "full")
    stand_at(300 + 24 * 7 - 1)
    assert appeal.state_at(moment.now()) == "decided"
    stand_at(300 + 24 * 7)
    assert appeal.state_at(moment.now()) == "closed"
    assert appeals.close_appeal(appeal, anna).state == "closed"
    kinds = [step.kind for step in appeal.steps.all()]
    assert kinds == ["filed", "taken", "asked", "answered", "decided", "closed"]
    assert appeal.steps.get(kind="decided").text == "Причину надо указать сразу"


@pytest.mark.parametrize("decision", ["refused", "partial"])
def test_a_decision_against_the_author_has_reasons(
    decision: str, anna: Employee, controller: Employee
) -> None:
    appeal = appeals.file_appeal(stuck(), anna, "client")
    with pytest.raises(ValueError):
        appeals.decide_appeal(appeal, controller, decision, " ", at(NOW + 1))
    assert Appeal.objects.get().decided_at is None


def test_refused_it_costs_again(anna: Employee, controller: Employee) -> None:
    appeal = appeals.file_appeal(stuck(), anna, "client")
    appeals.decide_appeal(appeal, controller, "refused", "Нет")
    assert stuck().disputed_at is None and broken() == 1


def test_upheld_it_is_held_against_nobody_however_often_it_is_judged(
    anna: Employee, controller: Employee
) -> None:
    appeal = appeals.file_appeal(stuck(), anna, "client")
    appeals.decide_appeal(appeal, controller, "full")
    assert broken() == 0 and stuck().withdrawn_at == at(NOW) and stuck().excused_until == NEVER
    stand_at(260)
    assert engine.judge([5], ["deal.stuck"]) == {("deal.stuck", "standing"): 1}
    assert stuck().withdrawn_at == at(NOW)
    world.deal(5, "10 offer anna; 230 deal anna; 231 offer anna")
    engine.judge([5], ["deal.stuck"])
    first, again = Finding.objects.filter(rule="deal.stuck").order_by("since")
    assert first.withdrawn_at == at(NOW) and first.closes_at == at(230)
    assert again.withdrawn_at is None, "another visit is another case"


def test_in_part_it_counts_from_a_moment_on(anna: Employee, controller: Employee) -> None:
    appeal = appeals.file_appeal(stuck(), anna, "client")
    for wrong in (None, stuck().opens_at, at(NOW) + appeals.AHEAD + timedelta(seconds=1)):
        with pytest.raises(ValueError):
            appeals.decide_appeal(appeal, controller, "partial", "с девятого", wrong)
    appeals.decide_appeal(appeal, controller, "partial", "с девятого", at(150))
    assert stuck().opens_at == at(150)
    engine.judge([5], ["deal.stuck"])
    assert stuck().opens_at == at(150) and stuck().withdrawn_at is None
    world.deal(5, "10 offer anna; 140 deal anna")
    engine.judge([5], ["deal.stuck"])
    assert stuck().withdrawn_at is not None, "it was over before it would have counted"


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
