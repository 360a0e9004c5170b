"""What every rule says of its norm: to a reader of the regulation, in a pill, and to whoever looks at a deal."""

from datetime import datetime
from typing import Any, NamedTuple

import pytest

from qc.rules import RULES, Rule
from qc.rules.parameters import Listed
from qc.tests.lives import at, hours

STATED: dict[str, dict[str, Any]] = {
    "deal.stuck": {"max_stay": hours(24), "clock": "owner"},
    "contact.first_late": {"within": hours(1)},
    "deal.lifetime": {"max_life": hours(240)},
    "deal.untouched": {"idle": hours(72)},
    "task.none": {"demanded": True},
    "task.overdue": {"counted": True},
    "field.amount": {"demanded": True},
    "field.missing": {"fields": (("71", "Term"),)},
    "field.value": {"values": (Listed("71", "Term", (("1", "Cash"),)),)},
    "stage.forbidden": {"stages": ("1:2",)},
    "stage.skipped": {"demanded": True},
    "task.far": {"furthest": hours(24)},
    "task.no_next": {"grace": hours(1)},
    "wait.unexplained": {"reason": "71"},
    "person.overloaded": {"most": 80},
}


class Deal(NamedTuple):
    """A deal that has, or has not, what it is asked for."""

    is_open: bool
    opens_at: datetime | None = None

    def is_filled(self, field: str) -> bool:
        return not self.is_open

    def value_of(self, field: str) -> Any:
        return "Barter" if self.is_open else "Cash"


def norms(rule: Rule) -> tuple[Any, Any]:
    """(the norm that says nothing, one that demands something)."""
    assert rule.norm is not None
    return rule.norm(), rule.norm(**STATED[rule.code])


def test_every_rule_that_says_something_of_its_norm_is_here() -> None:
    says = {code for code, rule in RULES.items() if rule.facts or rule.pill or rule.requirements or rule.stay}
    assert says == set(STATED)


@pytest.mark.parametrize("code", STATED)
def test_a_norm_that_demands_nothing_is_told_so_or_not_at_all(code: str) -> None:
    rule = RULES[code]
    silent, stated = norms(rule)
    if rule.facts:
        assert rule.facts(silent) != rule.facts(stated)
        assert rule.facts(stated) is not None
    if rule.pill:
        assert rule.pill(silent) is None
        assert rule.pill(stated) is not None
    if rule.stay:
        assert rule.stay(silent) is None
        assert rule.stay(stated) == (hours(24), "owner")


@pytest.mark.parametrize("code", [code for code in STATED if RULES[code].requirements])
def test_a_requirement_is_met_while_nothing_of_it_is_broken(code: str) -> None:
    rule = RULES[code]
    assert rule.requirements is not None
    silent, stated = norms(rule)
    ends = at(50)
    broken, kept = rule.requirements(stated, Deal(True, ends)), rule.requirements(stated, Deal(False))
    assert broken and [one.met for one in broken] == [False] * len(broken)
    assert [one.met for one in kept] == [True] * len(broken)
    assert {one.until for one in broken} <= {ends, None}
    if code != "task.overdue":  # tasks are to be done whatever the regulation says
        assert not rule.requirements(silent, Deal(True, ends))


@pytest.mark.parametrize(
    "code", [code for code in STATED if RULES[code].facts and "grace" in RULES[code].norm.__annotations__]
)
def test_a_grace_is_told_where_there_is_one(code: str) -> None:
    rule = RULES[code]
    assert rule.facts is not None and rule.norm is not None
    plain, generous = (
        rule.facts(rule.norm(**{**STATED[code], "grace": grace})) for grace in (None, hours(7))
    )
    assert plain != generous
    assert repr(hours(7)) in repr(generous)
