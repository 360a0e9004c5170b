"""What a rule says that it reads is all that it reads."""

import inspect
import sys

import pytest

from qc.rules import DEAL, RULES, Rule
from qc.rules.deal_stuck import LongestStay
from qc.rules.waiting import Waiting


def of_deals() -> list[Rule]:
    return [rule for rule in RULES.values() if rule.unit == DEAL]


@pytest.mark.parametrize("rule", of_deals(), ids=lambda rule: rule.code)
def test_tasks_and_norms_of_others_are_declared(rule: Rule) -> None:
    source = inspect.getsource(sys.modules[rule.checks.__module__])
    assert rule.reads_reviews == ("reviewing" in source)
    assert rule.reads_tasks == (".tasks" in source or "covered_by_tasks" in source)
    regards_waiting = "Waiting" in source and rule.norm is not Waiting
    assert (Waiting in rule.goes_by) == regards_waiting


def test_a_stay_is_tried_with_the_fields_of_waiting() -> None:
    from qc.criteria import reads_of
    from qc.rules import StageNorms

    norms = StageNorms(None, None, {LongestStay: LongestStay(), Waiting: Waiting(reason="71")})
    assert reads_of(["deal.stuck"], [norms]) == (frozenset({"71"}), False, False, False, False)
    assert reads_of(["task.none"], [norms]) == (frozenset(), False, False, True, False)
    assert reads_of(["review.need"], [norms]) == (frozenset(), False, False, False, True)
