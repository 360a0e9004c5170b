"""Appeals and rulings on a real database: who may what, and what a decision changes; never for the worse."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core import moment
from devtools.tests.factory import make_employee
from pipelines.models import JudgementRequest
from qc import appeals, engine, rulings
from qc.models import NEVER, Appeal, Finding
from qc.tests import world
from qc.tests.appeal_office import NOW, broken, stand_at, stuck
from qc.tests.appeal_office import anna as anna
from qc.tests.appeal_office import company as company
from qc.tests.appeal_office import controller as controller
from qc.tests.appeal_office import english as english
from qc.tests.appeal_office import vera as vera
from qc.tests.lives import at
from team.clock import Clock
from team.models import Employee, Role
from team.schedules import load_clocks

pytestmark = pytest.mark.django_db


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
