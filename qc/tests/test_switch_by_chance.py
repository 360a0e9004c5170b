"""A switch tried on companies drawn by chance, with graces of newcomers and of first times: what it says, comes."""

import random
from collections.abc import Iterator

import pytest

from core import moment
from core.periods import Period
from qc import first_times
from qc.models import ControlOff, Finding, FirstTimeGrace, NewcomerGrace, RuleMode
from qc.switch_backtest import try_switch
from qc.tests import world
from qc.tests.lives import at
from qc.tests.switches import measure_quality, set_rule
from qc.tests.test_quality import invent

RULES = ("deal.stuck", "task.none", "task.overdue", "field.missing")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    world.company(RuleMode.Mode.MONEY)
    moment.fix(at(500).isoformat())
    yield
    moment.fix(None)


def count_costing(rule: str, period: Period) -> int:
    rows = Finding.objects.standing().filter(rule=rule, mode="money", opens_at__lt=moment.now())
    rows = rows.exclude(closes_at__lte=period.start)
    number: int = rows.exclude(first_times.is_free(moment.now())).count()
    return number


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 18, 20, 21])
def test_it_says_what_comes(seed: int) -> None:
    """Deals are deleted, newcomers are only warned, some first cases cost nothing, and control was off for a while."""
    draw = random.Random(seed)
    invent(draw)
    if draw.random() < 0.7:
        FirstTimeGrace.objects.create(since=at(draw.randrange(-48, 300)), cases=draw.randrange(0, 4))
    if draw.random() < 0.5:
        NewcomerGrace.objects.create(since=at(draw.randrange(-48, 300)), days=draw.randrange(0, 12))
    if seed % 2:
        off = draw.randrange(100, 400)
        ControlOff.objects.create(
            since=at(off),
            until=at(off + draw.randrange(20, 100)),
            reason="Переезд",
            begun=True,
            ended=True,
            decided_at=at(0),
        )
    for rule in draw.sample(RULES, 2):
        for present in draw.sample(["money", "warn", "shadow", "off"], 2):
            mode, weight = draw.choice(["money", "money", "warn", "off"]), draw.randrange(1, 6)
            set_rule(rule, present, 2, at(-48))
            trial = try_switch(rule, mode, weight, 1)
            before = {person: (one.before, one.n_before) for person, one in trial.marks.items()}
            assert before == measure_quality(trial), (rule, present, mode)
            set_rule(rule, mode, weight, at(-48))
            after = {person: (one.after, one.n_after) for person, one in trial.marks.items()}
            assert after == measure_quality(trial), (rule, present, mode)
            if mode != "off":
                assert trial.whole.after == count_costing(rule, trial.period), (rule, present, mode)
