"""A working day on which everything goes wrong, drawn by chance; in the end the mirror is what amoCRM is.

People change things, also between two pages of a list; amoCRM stumbles and lies about its hooks; workers are killed,
Redis forgets, PostgreSQL breaks connections. ``--seed N`` draws another day, ``--long`` a longer one.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random
from threading import Lock, Thread
from time import sleep
from typing import Any

import pytest
import stamina
from django.db import DatabaseError, connections
from django.db import connection as database
from django.test import override_settings
from werkzeug.serving import make_server

from core import redis
from jobs import judgement_queue, mirror
from pipelines.account import connection
from pipelines.mirror import comparisons, coverage, hooks, sync
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Cursor, Hook, JudgementRequest, QuarantinedRow
from pipelines.tests.amo import Serve
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.faults.people import People
from pipelines.tests.faults.worker import Worker
from pipelines.tests.loads import populate, tick
from sandbox.faults import Fault
from sandbox.server import Handle, Handler
from sandbox.switches import Switches
from sandbox.world import World
from web.webhook import intake

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1500)]
log = logging.getLogger(__name__)

PAGE = 7
STUMBLES: list[dict[str, Any]] = [
    {"status": 401},
    {"status": 403},
    {"status": 429},
    {"status": 429, "retry_after": 1},
    {"status": 500},
    {"status": 502},
    {"status": 504},
    {"cut": True},
    {"hang": 0.01},
    {"latency": 0.05},
]
PATHS = ("/api/", "/leads$", "/tasks$", "/events$", "/notes$", "/contacts$", "/users$", "/leads/\\d+$")


class Day:
    def __init__(self, amo: Handle, chance: Random, *, parallel: bool) -> None:
        self.amo, self.world, self.chance, self.parallel = amo, amo.world, chance, parallel
        self.people = People(amo.world, chance)
        self.done: Counter[str] = Counter()
        self.disturbed = 0  # so many requests more find that somebody was faster
        gate, one_by_one = amo.app._gate, Lock()

        def disturbed(request: Any) -> Any:
            with one_by_one:
                late = 0.0
                if self.disturbed:
                    self.disturbed -= 1
                    self.people.act()
                    late = self.chance.choice((0, 0.03))
            if late and self.parallel:  # others overtake it
                sleep(late)
            return gate(request)

        amo.app._gate = disturbed  # type: ignore[method-assign]  # a test’s hand

    def step(self, worker: Worker) -> None:
        steps: dict[Callable[[], object], int] = {
            self.people.act: 12,
            self.pause: 6,
            self.stumble: 5,
            self.spoil_hooks: 3,
            self.ring_falsely: 1,
            self.pull: 6,
            self.answer: 6,
            self.pull_disturbed: 4,
            self.silence: 1,
            self.read_dictionaries: 1,
            self.sweep: 1,
            self.forget_redis: 1,
            self.break_connections: 1,
            lambda: self.kill(worker): 1,
        }
        (what,) = self.chance.choices(list(steps), list(steps.values()))
        self.done[what.__name__] += 1
        try:
            what()
        except DatabaseError:  # a worker would end here, and the next task begin anew
            database.close()

    def open_another_pipeline(self) -> None:
        """Some deals go there, and from now on people use both."""
        self.world.create_pipeline(name="Опт", stages=["Заявка", "Отгрузка"])
        for _ in range(20):
            self.people.move_deal()

    def pause(self) -> None:
        """Often none at all: changes within one second."""
        tick(self.world, self.chance.choice((0, 0, 1, 30, 400, 900)))

    def silence(self) -> None:
        """amoCRM and its bells are out of reach for hours or days; then all is read that people did meanwhile."""
        seconds = self.chance.choice((120, 7200))
        self.world.sender.faults.drop += 1000
        for _ in range(30):
            tick(self.world, seconds)
            self.people.act()
        self.amo.wait_for_hooks(30)
        self.world.sender.faults.drop = 0
        self.pull_disturbed()

    def stumble(self) -> None:
        what = self.chance.choice(STUMBLES)
        path, times = self.chance.choice(PATHS), self.chance.randrange(1, 4)
        self.amo.app.faults.add(Fault(path=path, times=times, **what))

    def spoil_hooks(self) -> None:
        name = self.chance.choice(("drop", "duplicate", "reorder", "delay"))
        faults = self.world.sender.faults
        setattr(faults, name, getattr(faults, name) + self.chance.randrange(1, 4))
        faults.delay_seconds = 0.2

    def ring_falsely(self) -> None:
        lie = f"leads[update][0][id]={self.chance.randrange(10**9)}&leads[update][0][price]=1"
        account = Account.objects.get().pk
        Hook.objects.create(body=f"{lie}&account[id]={account}".encode())

    def pull(self) -> None:
        mirror.pull_changes()
        self.rest_after_ban()

    def pull_disturbed(self) -> None:
        self.disturbed = self.chance.randrange(1, 6)
        self.pull()
        self.disturbed = 0

    def answer(self) -> None:
        mirror.answer_hooks()
        self.rest_after_ban()
        Hook.objects.filter(handled_at=None).update(lease_until=None)  # the rest after a failure is over

    def read_dictionaries(self) -> None:
        mirror.pull_dictionaries()
        self.rest_after_ban()

    def sweep(self) -> None:
        mirror.sweep()
        self.rest_after_ban()

    def rest_after_ban(self) -> None:
        """While the ban lasts nobody calls; afterwards all goes on."""
        (ban,) = redis.client().keys("amo:*:blocked") or [None]
        if ban:
            self.done["a ban"] += 1
            before = self.amo.app.counters["requests"]
            mirror.pull_changes()
            mirror.answer_hooks()
            assert self.amo.app.counters["requests"] == before, "it calls on, which prolongs the ban"
            assert 0 < redis.client().ttl(ban) <= 600
            redis.client().delete(ban)

    def forget_redis(self) -> None:
        redis.client().flushdb()

    def break_connections(self) -> None:
        """As a restart of PostgreSQL does."""
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            )

    def kill(self, worker: Worker) -> None:
        task = self.chance.choice(("pull_changes", "answer_hooks", "sweep"))
        worker.run(task, kill_after=self.chance.uniform(0.02, 0.3), now=self.world.clock.now())
        Hook.objects.filter(handled_at=None).update(lease_until=None)  # a minute later

    def end(self) -> None:
        """amoCRM is well again, and a quarter of an hour and a night go by."""
        self.amo.app.faults.clear()
        self.people.correct_prices()
        self.amo.wait_for_hooks(30)
        for key in redis.client().keys("amo:*:blocked"):
            redis.client().delete(key)
        tick(self.world, 900)
        mirror.pull_dictionaries()
        Hook.objects.filter(handled_at=None).update(lease_until=None)
        mirror.answer_hooks()
        mirror.pull_changes()
        mirror.sweep()
        JudgementRequest.objects.update(retry_at=None)
        judgement_queue.judge_waiting()
        assert not hooks.waiting_hooks() and not JudgementRequest.objects.exists()
        for name, one in comparisons.comparisons().items():
            assert not one.missing and not one.vanished, f"{name}: increments and hooks have lost rows"


@pytest.fixture
def amo(serve: Serve, now: datetime) -> Handle:
    """Its five minutes until a hook is delivered again are a fifth of a second. Bans of other tests are over."""
    redis.client().flushdb()
    return serve(World.empty(now=now, switches=Switches(hook_time_scale=0.0007)))


@pytest.fixture
def door() -> Iterator[str]:
    """Where hooks are taken; its address."""

    def nobody(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]

    def closing(environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return intake.at_the_door(nobody)(environ, start_response)
        finally:
            connections.close_all()

    server = make_server("127.0.0.1", 0, closing, threaded=True, request_handler=Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def small_pages() -> Iterator[None]:
    limits = {entity: entity.limit for entity in TABLE}
    for entity in TABLE:
        object.__setattr__(entity, "limit", PAGE)
    yield
    for entity, limit in limits.items():
        object.__setattr__(entity, "limit", limit)


@pytest.mark.parametrize("fetchers", [1, 6], ids=["page after page", "pages at once"])
@pytest.mark.parametrize("narrow", [False, True], ids=["all pipelines", "one of two pipelines"])
def test_after_a_day_of_faults_the_mirror_is_what_amocrm_is(
    amo: Handle,
    door: str,
    small_pages: None,
    worker: Worker,
    long: bool,
    seed: int,
    fetchers: int,
    narrow: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With one fetcher a day can be drawn again; with several answers overtake each other."""
    monkeypatch.setattr(sync, "FETCHERS", fetchers)
    chance = Random(seed)
    populate(amo.world, 60 if long else 16)
    chosen = [*amo.world.pipelines] if narrow else None
    day = Day(amo, chance, parallel=fetchers > 1)
    if narrow:
        day.open_another_pipeline()
    with override_settings(AMO_RATE=0.0), stamina.set_testing(True, attempts=3, cap=True):
        connection.connect_by_token(amo.url, amo.token)
        Account.objects.update(hook_secret="s" * 43, pipelines=chosen)
        amo.world.subscribe(f"{door}/hooks/amocrm/{'s' * 43}/", hooks.SETTINGS)
        while not coverage.is_complete():
            day.stumble()
            mirror.first_load()
            day.rest_after_ban()
        for _ in range(1500 if long else 60):
            day.step(worker)
        day.end()
    log.info("%s", dict(day.done))
    assert_mirror_equals(amo.world, chosen)
    assert not Cursor.objects.exclude(state=Cursor.State.READY).exists()
    gone = {str(lead.id) for lead in amo.world.leads if lead.is_deleted}
    assert set(QuarantinedRow.objects.values_list("remote_id", flat=True)) <= gone
