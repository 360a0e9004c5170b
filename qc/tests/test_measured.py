"""Marks of what was changed, and the effect of a change as it is measured on rows."""

from collections.abc import Iterator

import pytest

from core import moment
from qc import in_due_time, measured, regulations
from qc.marks import CONTROL_OFF, SWITCH, VERSION, OffTime, find_marks, read_marks
from qc.models import MeasuredEffect, RuleMode
from qc.rule_modes import Step
from qc.tests import world
from qc.tests.lives import at, hours


def test_marks_of_a_period_are_those_that_lie_in_it_or_touch_it() -> None:
    versions = [("offer", 1, at(5)), ("offer", 2, at(50)), ("offer", 3, at(100))]
    steps = {
        "deal.stuck": [
            Step("off", 1, at(0)),
            Step("warn", 1, at(60)),
            Step("warn", 5, at(70)),
            Step("money", 5, at(99)),
        ]
    }
    off = [OffTime(1, at(1), at(10), "a"), OffTime(2, at(20), at(40), "b"), OffTime(3, at(90), None, "c")]
    found = find_marks(at(10), at(100), versions, steps, off)
    assert [(mark.kind, mark.at, mark.until) for mark in found] == [
        (CONTROL_OFF, at(20), at(40)),
        (VERSION, at(50), None),
        (SWITCH, at(60), None),
        (CONTROL_OFF, at(90), None),
        (SWITCH, at(99), None),
    ]
    assert (found[2].before, found[2].after) == ("off", "warn")
    assert len({mark.key for mark in found}) == 5


@pytest.fixture
def company(db: None) -> Iterator[None]:
    world.company()
    yield
    moment.fix(None)


def test_the_effect_of_a_norm_is_beside_stages_that_kept_theirs(company: None) -> None:
    """Before it deals stand on «offer» for 40 hours and after it for 10; on «lead» always for 40."""
    published = 24 * 40
    number = 0
    for who in ("anna", "boris", "vera"):
        for day in range(240):
            number += 1
            begin = 8 * day
            stays = 40 if begin < published else 10
            world.deal(
                number, f"{begin} offer {who}; {begin + stays} lead {who}; {begin + stays + 40} won {who}"
            )
    moment.fix(at(10).isoformat())
    regulations.publish("offer", None, max_stay=hours(500))
    moment.fix(at(published).isoformat())
    regulations.publish("offer", None, max_stay=hours(24))
    now = at(24 * 82)
    moment.fix(now.isoformat())
    marks = read_marks(at(0), now, now)
    found = measured.measure(marks[-1], marks, now)
    assert found.rules == ("deal.stuck",) and "lead" in found.others and "offer" not in found.others
    assert found.verdict == "helped" and found.effect.people == 3
    rates = found.effect.rates
    assert rates["changed", "after"].findings < 12 < rates["changed", "before"].findings
    assert rates["others", "after"].value == pytest.approx(rates["others", "before"].value, rel=0.1)
    assert measured.measure_stale(marks, now) == 2 and measured.measure_stale(marks, now) == 0
    assert MeasuredEffect.objects.get(change=marks[-1].key).answer["verdict"] == "helped"


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        ({"max_stay": hours(24)}, {"wait_unexplained_longest": hours(48)}, {"deal.stuck"}),
        (
            {"max_stay": hours(24), "wait_unexplained_longest": hours(48)},
            {"wait_unexplained_longest": None},
            {"deal.stuck"},
        ),
        ({"max_stay": hours(24)}, {"needs_task": True}, {"task.none"}),
    ],
    ids=["waiting begins", "waiting ends", "waiting left alone"],
)
def test_a_rule_that_goes_by_a_changed_norm_is_measured_with_it(
    company: None, before: dict[str, object], after: dict[str, object], rules: set[str]
) -> None:
    world.deal(1, "0 offer anna; 900 lead anna; 1300 won anna")
    for published, norms in ((10, before), (24 * 40, after)):
        moment.fix(at(published).isoformat())
        regulations.publish("offer", None, **norms)
    now = at(24 * 82)
    moment.fix(now.isoformat())
    marks = read_marks(at(0), now, now)
    found = measured.measure(marks[-1], marks, now)
    assert found is not None
    assert set(found.rules) & {"deal.stuck", "task.none", "field.missing"} == rules


def test_what_cannot_be_measured_says_so(company: None) -> None:
    moment.fix(at(10).isoformat())
    regulations.publish("offer", None, goal="Agree")
    moment.fix(at(24 * 60).isoformat())
    regulations.publish("offer", None, goal="Agree on a day")
    now = at(24 * 61)
    moment.fix(now.isoformat())
    marks = read_marks(at(0), now, now)
    assert [measured.measure(mark, marks, now) for mark in marks] == [None, None]


def test_a_switch_and_control_off_are_measured_beside_the_rest(company: None) -> None:
    RuleMode.objects.update(since=at(0))
    for number in range(30):
        world.deal(number + 1, f"{24 * number} offer anna; {24 * number + 30} won anna")
    moment.fix(at(24 * 15).isoformat())
    regulations.set_mode("task.none", "money")
    in_due_time.switch_control_off(at(24 * 10), at(24 * 20), "New stages", None)
    now = at(24 * 40)
    moment.fix(now.isoformat())
    in_due_time.put_in_force(now)
    marks = read_marks(at(0), now, now)
    assert [mark.kind for mark in marks] == [CONTROL_OFF, SWITCH]
    off, switch = (measured.measure(mark, marks, now) for mark in marks)
    assert off.until == at(24 * 20) and off.scale == "alone"
    assert switch.rules == ("task.none",) and switch.verdict == "early"
