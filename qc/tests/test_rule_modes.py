"""Modes and weights as dated steps: nothing that is set today changes what was counted or found before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc import rule_modes
from qc.rule_modes import Step
from qc.tests.lives import at, hour

MODES = ["off", "shadow", "warn", "money"]
hour_numbers = st.integers(0, 100)
steps = st.builds(Step, st.sampled_from(MODES), st.integers(0, 9), hour_numbers.map(at), st.just({}))
histories = st.lists(steps, min_size=1, max_size=5).map(
    lambda found: sorted(found, key=lambda step: step.since)
)


@pytest.mark.parametrize(
    ("history", "parts"),
    [
        ("10 money 3", "3: 10-90"),
        ("0 warn 3; 50 money 5", "5: 50-90"),
        ("0 money 3; 50 money 5", "3: 10-90"),  # a new weight waits for the next period
        ("0 money 3; 50 warn 3", "3: 10-50"),
        ("0 money 3; 50 off 3; 60 money 5", "3: 10-50 60-90"),
        ("0 money 3; 10 warn 3", "0:"),
        ("90 money 3", "0:"),
        ("0 warn 3", "0:"),
    ],
)
def test_a_rule_counts_while_it_is_in_money(history: str, parts: str) -> None:
    told = [step.split() for step in history.split("; ")]
    found = rule_modes.counted(
        [Step(mode, int(weight), at(int(since))) for since, mode, weight in told], ["money"], at(10), at(90)
    )
    weight, spans = found
    assert f"{weight}: {' '.join(f'{hour(start)}-{hour(until)}' for start, until in spans)}".strip() == parts


@given(
    history=histories, mode=st.sampled_from(MODES), later=hour_numbers, start=hour_numbers, end=hour_numbers
)
def test_a_new_step_changes_nothing_before_it(
    history: list[Step], mode: str, later: int, start: int, end: int
) -> None:
    since = max(at(later), history[-1].since)
    changed = [*history, Step(mode, 5, since)]
    before = rule_modes.counted(history, ["money"], at(start), min(at(end), since))
    assert rule_modes.counted(changed, ["money"], at(start), min(at(end), since)) == before
    closed = at(min(start, end)), at(max(start, end))
    if closed[0] < closed[1] <= since:
        assert rule_modes.standing(changed, *closed) == rule_modes.standing(history, *closed)


@pytest.mark.parametrize(
    ("history", "closes", "found"),
    [
        ("0 warn", None, "warn-"),
        ("0 warn; 50 money", None, "money-"),
        ("0 warn; 50 money", 50, "warn-50"),
        ("0 warn; 50 money", 51, "money-51"),
        ("0 warn; 50 off", None, "warn-50"),
        ("0 warn; 50 off", 40, "warn-40"),
        ("0 warn; 50 off; 60 money", 55, "warn-50"),
        ("0 warn; 50 off; 60 money", None, "money-"),
        ("0 warn; 50 off; 55 off; 60 money", 58, "warn-50"),
        ("0 warn; 20 off", None, None),
        ("0 off", None, None),
        ("0 off; 60 money", 50, None),
        ("70 warn", 50, "warn-50"),  # before its first step a rule counts as with it
    ],
)
def test_a_breach_from_hour_30_has_the_mode_in_which_it_was_last_held(
    history: str, closes: int | None, found: str | None
) -> None:
    told = [step.split() for step in history.split("; ")]
    held = rule_modes.standing(
        [Step(mode, 1, at(int(since))) for since, mode in told], at(30), closes and at(closes)
    )
    assert (held and f"{held[0]}-{hour(held[1])}") == found


OFF_TABLE = [
    # steps as (mode, hour), times without control, what follows
    ([("money", 0)], [(10, 20)], [("money", 0), ("shadow", 10), ("money", 20)]),
    ([("money", 0)], [(10, None)], [("money", 0), ("shadow", 10)]),
    ([("warn", 0), ("money", 15)], [(10, 20)], [("warn", 0), ("shadow", 10), ("shadow", 15), ("money", 20)]),
    ([("off", 0), ("money", 15)], [(10, 20)], [("off", 0), ("off", 10), ("shadow", 15), ("money", 20)]),
    ([("money", 5)], [(0, 10)], [("money", 5), ("shadow", 5), ("money", 10)]),
    ([("money", 5)], [(0, 5)], [("money", 5)]),
    ([("warn", 0), ("money", 20)], [(10, 20)], [("warn", 0), ("shadow", 10), ("money", 20)]),
    (
        [("money", 0)],
        [(1, 2), (3, None)],
        [("money", 0), ("shadow", 1), ("money", 2), ("shadow", 3)],
    ),
]


@pytest.mark.parametrize(("steps", "off_times", "follows"), OFF_TABLE)
def test_without_control_nothing_reaches_further_than_shadow(steps, off_times, follows) -> None:
    moments = [(at(a), None if b is None else at(b)) for a, b in off_times]
    found = rule_modes.without_control([rule_modes.Step(mode, 1, at(hour)) for mode, hour in steps], moments)
    assert [(step.mode, step.since) for step in found] == [(mode, at(hour)) for mode, hour in follows]


def test_what_ended_before_the_first_step_counts_by_it_still() -> None:
    found = rule_modes.without_control([rule_modes.Step("money", 1, at(5))], [(at(0), at(10))])
    assert rule_modes.standing(found, at(1), at(4)) == ("money", at(4))
    assert rule_modes.standing(found, at(1), at(7)) == ("shadow", at(7))
    assert rule_modes.counted(found, ["money"], at(0), at(20))[1] == [(at(10), at(20))]
