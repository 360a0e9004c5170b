from collections.abc import Iterator
from datetime import date

import pytest

from core import moment
from pipelines.models import JudgementRequest
from qc import engine, newcomers
from qc.models import Finding, NewcomerGrace
from qc.tests import world
from qc.tests.lives import at, terms
from team.models import Employee

DAY = 24
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    """Anna was hired on Wednesday, 4 November; of Boris nobody knows. Both got a deal and have planned nothing."""
    world.company("money")
    Employee.objects.filter(username="anna").update(hired_on=date(2026, 11, 4))
    world.regulation("lead", needs_task=True)
    for pk, person in ((1, "anna"), (2, "boris")):
        world.deal(pk, f"{3 * DAY} lead {person}; {9 * DAY} won {person}")
    world.deal(3, f"{8 * DAY} lead anna")
    moment.fix(at(0).isoformat())
    yield
    moment.fix(None)


def modes() -> dict[int, str]:
    engine.judge()
    return dict(Finding.objects.standing().filter(rule="task.none").values_list("deal", "mode"))


def test_a_newcomer_is_only_warned_of_what_opens_in_his_first_days() -> None:
    assert modes() == {1: "money", 2: "money", 3: "money"}
    assert newcomers.set_grace(5, None)
    assert JudgementRequest.objects.exists()
    assert modes() == {1: "warn", 2: "money", 3: "money"}
    assert not newcomers.set_grace(5, None), "nothing differs"


def test_a_grace_holds_from_its_day_on() -> None:
    moment.fix(at(7 * DAY).isoformat())
    newcomers.set_grace(30, None)
    assert modes() == {1: "money", 2: "money", 3: "warn"}, "what opened before stays as it was"
    moment.fix(at(8.5 * DAY).isoformat())
    assert newcomers.set_grace(0, None)
    assert modes()[3] == "warn" and NewcomerGrace.objects.count() == 2


@pytest.mark.parametrize("days", [-1, 366])
def test_nonsense_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="365"):
        newcomers.set_grace(days, None)


def test_whose_first_day_is_unknown_is_no_newcomer() -> None:
    told = terms()
    assert not told.is_newcomer(1, at(0)) and not told.is_newcomer(None, at(0))


def test_before_there_was_a_grace_nobody_is_a_newcomer_not_even_who_was_not_here_yet() -> None:
    """A deal may be somebody's before his first day; a grace that is given later does not reach back to it."""
    Employee.objects.filter(username="anna").update(hired_on=date(2026, 11, 25))
    moment.fix(at(12 * DAY).isoformat())
    assert modes() == {1: "money", 2: "money", 3: "money"}
    newcomers.set_grace(5, None)
    assert modes() == {1: "money", 2: "money", 3: "money"}
