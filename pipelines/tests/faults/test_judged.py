"""Workers are killed at drawn moments and Redis is emptied; in the end all is judged as if nothing had happened."""

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import override_settings

from core import redis
from jobs import judgement_queue, mirror
from pipelines.account import connection
from pipelines.mirror import comparisons
from pipelines.models import Account, Deal, Hook, JudgementRequest, Stage, Stay
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.faults.people import People
from pipelines.tests.faults.worker import Worker
from pipelines.tests.loads import populate, tick
from qc import regulations, subjects
from qc.defaults import ensure_defaults
from qc.models import Finding
from qc.rules import QUESTION, RULES
from sandbox.server import Handle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1500)]

PAGE = 20
TASKS = ("pull_changes", "answer_hooks", "judge_waiting", "judge_waiting")
MODES = ("off", "shadow", "warn", "money")


STAYED = ("deal_id", "visit", "entered_at", "left_at", "stage_id", "manager_id", "next_stage_id", "inferred")
FOUND = (
    *("rule", "subject", "task_id", "since", "mode", "stage_id", "manager_id"),
    *("opens_at", "closes_at", "values", "regulation_id"),
)


def judged() -> Counter[tuple[int | None, str]]:
    """Lives and findings as they stand, with the deals that they are of."""
    lives = Stay.objects.values_list(*STAYED, named=True)
    found = Finding.objects.standing().values_list("deal_id", *FOUND, named=True)
    return Counter((row.deal_id, repr(row)) for row in [*lives, *found])


def without(
    relinked: Collection[int], rows: Counter[tuple[int | None, str]]
) -> Counter[tuple[int | None, str]]:
    """Without what is found of clients, and of deals that have got another one."""
    return Counter(
        {
            (deal, text): times
            for (deal, text), times in rows.items()
            if deal not in relinked and "rule='contact.deals'" not in text
        }
    )


def assert_same(before: Counter[Any], after: Counter[Any]) -> None:
    assert (before - after, after - before) == (Counter(), Counter()), "what was, and what is instead"


def change(amo: Handle, people: People, chance: Random) -> None:
    """A while of work: people act, hooks ring, admins publish and switch."""
    for _ in range(chance.randrange(1, 8)):
        people.act()
    tick(amo.world, chance.choice((1, 60, 3600, 86_400)))
    if chance.random() < 0.5:
        ids = chance.sample([lead.id for lead in amo.world.leads], 3)
        rings = "&".join(f"leads[update][{place}][id]={lead}" for place, lead in enumerate(ids))
        Hook.objects.create(body=f"{rings}&account[id]={Account.objects.get().pk}".encode())
    if chance.random() < 0.3:
        stage = chance.choice(list(Stage.objects.filter(kind="work", deleted_at=None)))
        regulations.publish(stage, None, max_stay=timedelta(hours=chance.randrange(1, 300)), needs_task=True)
    if chance.random() < 0.2:
        rule = chance.choice(list(RULES.values()))
        modes = MODES[:-1] if rule.severity == QUESTION else MODES
        regulations.set_mode(rule.code, chance.choice(modes))
    if chance.random() < 0.1:
        JudgementRequest.objects.demand_all()


def wait_for_the_dead() -> None:
    """PostgreSQL ends a statement before it notices that nobody waits for it."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database.cursor() as cursor:
        while True:
            cursor.execute(others)
            if not cursor.fetchone()[0]:
                return
            sleep(0.01)


def assert_nothing_is_lost() -> None:
    """When what waits has been judged, a judgement of everything from the events finds nothing more. All is undone."""
    with transaction.atomic():
        judgement_queue.judge_waiting()
        assert not JudgementRequest.objects.exists()
        before = judged()
        assert judge_everything() <= {"standing"}
        assert_same(before, judged())
        transaction.set_rollback(True)


def judge_everything() -> set[str]:
    """From the events on, as after a first load; returns the outcomes."""
    JudgementRequest.objects.demand_all(history=True)
    counts = judgement_queue.judge_waiting() + subjects.judge_every_subject()
    return {outcome for _, outcome in counts}


def test_killed_workers_and_an_empty_redis_lose_no_judgement(
    amo: Handle, worker: Worker, long: bool, seed: int
) -> None:
    chance = Random(seed)
    ensure_defaults()
    populate(amo.world, 120 if long else 30)
    people = People(amo.world, chance)
    with override_settings(AMO_RATE=0.0):
        connection.connect_by_token(amo.url, amo.token)
        mirror.first_load()
        killed, lasts = 0, dict.fromkeys(TASKS, 0.5)  # seconds that a task takes when it is let be
        while killed < (100 if long else 5):
            change(amo, people, chance)
            redis.client().flushdb()
            task, began = chance.choice(TASKS), monotonic()
            code = worker.run(
                task, kill_after=chance.uniform(0.0, 1.1) * lasts[task], now=amo.world.clock.now()
            )
            if code != -9:
                lasts[task] = monotonic() - began
            killed += code == -9
            Hook.objects.filter(handled_at=None).update(lease_until=None)  # a minute later
            wait_for_the_dead()
            assert_nothing_is_lost()
        people.correct_prices()
        tick(amo.world, 900)
        mirror.pull_dictionaries()
        mirror.answer_hooks()
        mirror.pull_changes()  # ends what was broken off, as of when that began
        mirror.pull_changes()
        judgement_queue.judge_waiting()
        evening, clients = judged(), dict(Deal.objects.values_list("pk", "contact_id"))
        mirror.sweep()  # brings what enters no list of changes: links of contacts
        for name, one in comparisons.comparisons().items():
            assert not one.missing and not one.vanished, f"{name}: increments have lost rows"
    judgement_queue.judge_waiting()
    assert not JudgementRequest.objects.exists()
    assert_mirror_equals(amo.world)
    before = judged()
    relinked = {
        deal for deal, client in Deal.objects.values_list("pk", "contact_id") if clients.get(deal) != client
    }
    assert_same(without(relinked, evening), without(relinked, before))
    assert Finding.objects.standing().count() > 30, "there was something to lose"

    assert judge_everything() == {"standing"}
    Stay.objects.all().delete()
    Finding.objects.all().delete()
    judge_everything()
    assert_same(before, judged())
