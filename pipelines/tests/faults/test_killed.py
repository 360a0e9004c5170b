"""Loads whose worker is killed again and again end where an undisturbed one ends, and read hardly anything twice."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from core import locks
from pipelines.account import connection
from pipelines.mirror import coverage, cursors, sync
from pipelines.mirror.entities import TABLE
from pipelines.models import Cursor
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.faults.worker import Worker
from pipelines.tests.loads import populate
from sandbox.faults import Fault
from sandbox.server import Handle, serve_in_thread
from sandbox.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

KILLS = 10
PAGE = 5


@pytest.fixture
def amo() -> Iterator[Handle]:
    """Both clocks run: the worker is a process of its own."""
    handle = serve_in_thread(World.empty())
    yield handle
    handle.stop()


def pages_asked(amo: Handle) -> Counter[str]:
    """Counts every question from now on."""
    asked: Counter[str] = Counter()
    gate = amo.app._gate

    def counted(request):  # type: ignore[no-untyped-def]  # as what it stands for
        asked[request.full_path] += 1
        return gate(request)

    amo.app._gate = counted  # type: ignore[method-assign]  # a test’s hand
    return asked


def test_a_load_killed_ten_times_is_equal_to_an_undisturbed_one(
    amo: Handle, worker: Worker, long: bool, seed: int
) -> None:
    chance = Random(seed)
    populate(amo.world, 1500 if long else 150)
    connection.connect_by_token(amo.url, amo.token)
    amo.app.faults.add(Fault(path="/api/", latency=0.04, times=1_000_000))
    asked = pages_asked(amo)
    for number in range(KILLS):
        code = worker.run("first_load", kill_after=chance.uniform(0.05, 3.0 if long else 0.25))
        assert code == -9, f"the load came to its end after {number} kills"
    lives = KILLS
    while not coverage.is_complete():
        assert worker.run("first_load") == 0 and lives < 3 * KILLS, "the load goes nowhere"
        lives += 1
    assert worker.run("pull_changes") == 0
    assert_mirror_equals(amo.world)
    rows = {cursor.entity: cursor.rows for cursor in Cursor.objects.all()}
    assert rows["deals"] == len(amo.world.leads) and rows["tasks"] == len(amo.world.tasks)
    again = Counter({page: count - 1 for page, count in asked.items() if count > 1})
    readers = Counter(entity.path for entity in TABLE)  # pipelines and stages come from one list
    for page, count in asked.items():
        assert count <= lives * max(1, readers[page.partition("?")[0]]), f"{page} asked for twice in a life"
    assert sum(again.values()) <= KILLS * (sync.FETCHERS + len(coverage.dictionaries())), "pages read in vain"


def test_a_dead_worker_is_not_waited_for_and_a_living_one_is(amo: Handle, worker: Worker) -> None:
    populate(amo.world, 30)
    connection.connect_by_token(amo.url, amo.token)
    amo.app.faults.add(Fault(path="/leads$", latency=30, times=20))
    assert worker.run("first_load", kill_after=2.0) == -9
    held = Cursor.objects.get(entity="deals")
    assert held.lease_until and held.lease_until > locks.lease_now(), "by its lease it would still be alive"
    mine = cursors.claim_cursor("deals")
    assert mine
    assert worker.run("first_load") == 0
    assert not coverage.is_complete(), "deals are ours, and what comes after them waits"
    cursors.fail_load(mine, RuntimeError("for others"))
    cursors.release_cursor(mine)
    amo.app.faults.clear()
    assert worker.run("first_load") == 0
    assert coverage.is_complete()
    assert_mirror_equals(amo.world)
