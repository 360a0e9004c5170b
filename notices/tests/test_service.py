"""The service as a process of its own against a stand-in over HTTP: to the second, and under kills.

``NOTICES_DELIVERIES`` (120) is how many messages are under way while it is killed.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devtools.tests import factory
from devtools.tests.forking import Forking
from devtools.tests.processes import environment_of_test
from notices.models import Address, Delivery, Policy
from pipelines.models import Deal
from qc.models import Finding
from sandbox.telegram.server import TOKEN, Handle
from team.models import Employee, Role

ROOT = Path(__file__).resolve().parents[2]
DELIVERIES = int(os.environ.get("NOTICES_DELIVERIES", "120"))
SECOND = timedelta(seconds=1)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(max(900, DELIVERIES * 2))]


def environment_of(telegram: Handle) -> dict[str, str]:
    told = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
    return environment_of_test(NOTICES_LEASE="3", **told)


def wait_for(what: Callable[[], Any], patience: float = 60.0) -> None:
    until = time.monotonic() + patience
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.1)


@pytest.fixture
def service(telegram: Handle) -> Iterator[None]:
    command = [sys.executable, "manage.py", "notices_serve"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment_of(telegram))
    yield
    process.terminate()
    process.wait(15)


@pytest.fixture
def forking(telegram: Handle) -> Iterator[Forking]:
    """Starts the service, again and again."""
    one = Forking("notices_serve", environment_of(telegram))
    yield one
    one.close()


def linked(telegram: Handle, role: str, person: Any = None, **values: Any) -> Employee:
    one = factory.make_employee(role, person, first_name=str(person or role), **values)
    telegram.world.person(7000 + one.pk, str(one), started=True)
    now = datetime.now(UTC)
    Address.objects.create(
        channel="telegram", value=str(7000 + one.pk), employee=one, linked_at=now, confirmed_at=now
    )
    return one


class Slowness:
    """How many times longer than alone a little work takes while others want the machine, too; 1 where it is idle."""

    def __init__(self) -> None:
        self.ratios: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            wall, own = time.monotonic(), time.thread_time()
            while time.thread_time() - own < 0.005:
                pass
            self.ratios.append((time.monotonic() - wall) / 0.005)

    def __enter__(self) -> "Slowness":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def times(self) -> float:
        return max(1.0, sum(self.ratios) / max(1, len(self.ratios)))


def arrivals(telegram: Handle, one: Employee, text: str) -> list[float]:
    return [
        row["at"] for row in telegram.world.delivered if row["chat"] == 7000 + one.pk and text in row["text"]
    ]


def test_within_five_seconds_then_the_head_and_neither_when_closed(telegram: Handle, service: None) -> None:
    now = datetime.now(UTC)
    Policy.objects.create(
        started_at=now,
        channels=["telegram"],
        kinds={"task.overdue": {"after": {"head": 0.1, "director": None}}},
    )
    head = linked(telegram, Role.HEAD)
    person = factory.make_person("Анна")
    manager = linked(telegram, Role.MANAGER, person, head=head)
    stage = factory.make_stage(factory.make_pipeline())
    wait_for(lambda: telegram.world.poller)  # it runs
    # Findings are known before they open. On a busy machine writing them takes longer.
    opens_at = datetime.now(UTC) + 5 * SECOND
    late, closed = (factory.make_deal(stage, person, name=name) for name in ("Просроченная", "Закрытая"))
    moments = {"since": opens_at, "opens_at": opens_at, "values": {"due": opens_at.isoformat()}}
    rows = [factory.make_finding(deal, "task.overdue", **moments) for deal in (late, closed)]
    Finding.objects.filter(pk=rows[1].pk).update(closes_at=opens_at - SECOND)
    with Slowness() as slow:
        wait_for(lambda: arrivals(telegram, head, "Просроченная"))
    due = dict(Delivery.objects.filter(channel="telegram").values_list("employee", "due_at"))
    assert due == {manager.pk: opens_at, head.pk: opens_at + 6 * SECOND}  # planned to the moment
    [told] = arrivals(telegram, manager, "Просроченная")
    [risen] = arrivals(telegram, head, "Просроченная")
    assert 0 <= told - opens_at.timestamp() < 5 * slow.times, slow.times
    assert 6 <= risen - opens_at.timestamp() < 6 + 5 * slow.times, slow.times
    assert not arrivals(telegram, manager, "Закрытая") and not arrivals(telegram, head, "Закрытая")


def test_killed_at_drawn_moments_nothing_is_lost_and_nothing_twice_but_what_is_unknown(
    telegram: Handle, forking: Forking
) -> None:
    draw = random.Random(20261129)
    now = datetime.now(UTC)
    Policy.objects.create(started_at=now - timedelta(hours=1), channels=["telegram"])
    stage = factory.make_stage(factory.make_pipeline())
    people = [linked(telegram, Role.MANAGER, factory.make_person(f"Человек {n}")) for n in range(DELIVERIES)]
    deals = {}
    for number, one in enumerate(people):
        deal = factory.make_deal(stage, one.person, name=f"Дело №{number:05}#")
        due = {"due": now.isoformat()}
        factory.make_finding(deal, "task.overdue", since=now, opens_at=now, values=due)
        deals[deal.pk] = deal.name
    telegram.app.faults.order(method="sendmessage", after="late", delay=0.08, times=None)
    process, kills = forking.start(), 0

    def unfinished() -> int:
        open_ = Delivery.objects.filter(channel="telegram", state__in=("queued", "sending")).count()
        return open_ + (DELIVERIES - Delivery.objects.filter(channel="telegram", copy=0).count())

    until = time.monotonic() + max(600, DELIVERIES * 1.5)
    try:
        while unfinished():
            assert time.monotonic() < until, f"{unfinished()} are still under way"
            sent = len(telegram.world.delivered)
            wait_for(lambda sent=sent: len(telegram.world.delivered) > sent or not unfinished(), 240)
            time.sleep(draw.uniform(0, DELIVERIES / 120))
            if unfinished() and kills < 12:
                process.kill()
                process.wait()
                kills += 1
                process = forking.start()
    finally:
        process.kill()
        process.wait()
    messages = Counter(
        row["text"].partition("Дело №")[2].partition("#")[0] for row in telegram.world.delivered
    )
    lost = twice = 0
    unknown = Delivery.objects.filter(channel="telegram", state="unknown").count()
    for deal, name in deals.items():
        rows = list(
            Delivery.objects.filter(notice__deal=deal, channel="telegram").values_list("state", flat=True)
        )
        assert set(rows) <= {"sent", "unknown"}, rows
        seen = messages[name.partition("№")[2].partition("#")[0]]
        lost += seen == 0
        twice += seen > 1 and "unknown" not in rows
        assert rows.count("sent") <= seen <= len(rows)
    repeated = sum(count > 1 for count in messages.values())
    print(
        f"{DELIVERIES} deliveries, {kills} kills: {lost} lost, {twice} twice, {unknown} unknown, {repeated} repeated"
    )
    assert kills >= 2 and lost == twice == 0
    assert repeated <= unknown <= kills * 3 and Deal.objects.count() == DELIVERIES
