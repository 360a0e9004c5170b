"""Deals' states are what the slow question over stays, tasks and findings answers, from the judgement on."""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from core import account, moment
from pipelines.models import Deal, JudgementRequest, PipelineKind, Task
from qc import engine, stalled
from qc.models import Finding, RuleMode
from qc.rules import RULES
from qc.tests import world
from qc.tests.lives import at, hours

SLOW = """
    select d.id,
           (select s.visit_since from pipelines_stay s where s.deal_id = d.id and s.left_at is null),
           (select min(t.due_at) from pipelines_task t
            where t.deal_id = d.id and not t.is_completed and t.deleted_at is null),
           d.closed_at is null and d.deleted_at is null and exists (
               select from qc_finding f
               where f.deal_id = d.id and f.rule = 'deal.stuck' and f.withdrawn_at is null
                 and f.mode in ('warn', 'money') and f.opens_at < %(now)s
                 and (f.closes_at is null or f.closes_at > %(now)s))
    from pipelines_deal d order by d.id
"""
MOMENTS = (500, 501, 550, 700, 10_000)  # of the judgement and after it


@pytest.fixture
def company(db: None) -> Iterator[None]:
    world.company()
    moment.fix(at(500).isoformat())
    yield
    moment.fix(None)


def slow(now: datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SLOW, {"now": now})
        return cursor.fetchall()


def kept(now: datetime) -> list[tuple[Any, ...]]:
    stuck = set(Deal.objects.filter(stalled.stuck(now)).values_list("pk", flat=True))
    rows = Deal.objects.order_by("pk").values_list("pk", "stage_since", "next_due_at")
    return [(pk, since, due, pk in stuck) for pk, since, due in rows]


def draw_life(rng: Random) -> str:
    hours = sorted(rng.sample(range(480), rng.randint(1, 5)))
    steps = [
        f"{hour} {rng.choice(('lead', 'offer', 'deal'))} {rng.choice(('anna', 'boris'))}" for hour in hours
    ]
    return "; ".join([*steps, *([f"490 {rng.choice(('won', 'lost'))} anna"] if rng.random() < 0.2 else [])])


def draw_task(rng: Random, number: int, deal: int) -> None:
    created = rng.randrange(450)
    world.task(number, deal, created, rng.randrange(created, 600), rng.choice((None, None, created + 20)))
    if rng.random() < 0.2:
        Task.objects.filter(pk=number).update(deleted_at=at(470))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.usefixtures("company")
def test_states_are_what_the_slow_question_answers(seed: int) -> None:
    rng = Random(seed)
    for stage in ("lead", "offer"):
        world.regulation(stage, max_stay=hours(rng.randint(1, 300)))
    for pk in range(1, 13):
        world.deal(pk, draw_life(rng))
        for place in range(rng.randrange(4)):
            draw_task(rng, pk * 10 + place, pk)
    for again in range(3):
        engine.judge()
        assert (
            any(row[3] for row in slow(at(10_000)))
            or RuleMode.objects.get(rule="deal.stuck").mode == "shadow"
        )
        for hour in MOMENTS:
            assert kept(at(hour)) == slow(at(hour))
        # and something becomes another: a life, a task, whether everybody may see
        world.deal(rng.randint(1, 12), draw_life(rng))
        Task.objects.filter(deal=rng.randint(1, 12)).update(is_completed=True, completed_at=at(480))
        Deal.objects.filter(pk=rng.randint(1, 12)).update(deleted_at=at(499))
        RuleMode.objects.filter(rule="deal.stuck").update(mode=("shadow", "money", "warn")[again])


@pytest.mark.usefixtures("company")
def test_a_rule_that_says_nothing_leaves_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    world.regulation("lead", max_stay=hours(10))
    world.deal(1, "0 lead anna")
    engine.judge()
    assert [row[3] for row in kept(at(500))] == [True]
    world.task(1, 1, 20, 900)
    engine.judge([1], ["task.none"])
    assert kept(at(500)) == [(1, at(0), at(900), True)]
    whole = RULES["deal.stuck"]
    broken = type(whole)(**{**vars(whole), "checks": lambda life, terms: 1 / 0})
    monkeypatch.setitem(RULES, "deal.stuck", broken)
    world.deal(1, "0 lead anna; 400 offer anna")
    engine.judge()
    assert kept(at(500)) == [(1, at(400), at(900), True)]
    monkeypatch.undo()
    engine.judge()
    assert kept(at(500)) == [(1, at(400), at(900), False)]


@pytest.mark.usefixtures("company")
def test_nobody_works_in_a_robots_pipeline() -> None:
    world.regulation("lead", max_stay=hours(10), needs_task=True)
    world.deal(1, "0 lead anna")
    engine.judge()
    assert {one.rule for one in Finding.objects.open(at(500))} == {"deal.stuck", "task.none"}
    PipelineKind.objects.create(pipeline=1, kind="robot")
    account.forget()
    JudgementRequest.objects.all().delete()
    assert not Deal.objects.filter(stalled.stuck(at(500)) | stalled.without_task()).exists()
    engine.judge()
    assert not Finding.objects.open(at(500)).exists()
    assert Deal.objects.filter(stuck_at=None, stage_since=at(0)).exists()


@pytest.mark.usefixtures("company")
def test_what_stands_is_not_written_again() -> None:
    world.regulation("lead", max_stay=hours(10))
    world.deal(1, "0 lead anna")
    engine.judge()

    def version() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("select xmin, ctid from pipelines_deal")
            return cursor.fetchall()

    before = version()
    engine.judge()
    assert version() == before
    Deal.objects.update(price=F("price") + 1)
    assert version() != before
