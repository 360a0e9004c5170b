"""The whole way of a change, nothing replaced: amoCRM rings, the portal answers, a worker reads, the row changes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection as database

from jobs import judgement_queue
from pipelines.account import connection
from pipelines.mirror import coverage, hooks
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Deal, Hook, JudgementRequest
from pipelines.tests.test_sync import populate
from sandbox.server import Handle, serve_in_thread
from sandbox.world import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
    pytest.mark.filterwarnings("ignore:.*never awaited"),
]


def database_url() -> str:
    """The server of this run, and the database that pytest-django has made there."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database.settings_dict['NAME']}").geturl()


@pytest.fixture
def amo() -> Iterator[Handle]:
    """Unlike elsewhere both clocks run: the worker is a process of its own."""
    handle = serve_in_thread(World.empty())
    yield handle
    handle.stop()


@pytest.fixture
def mirrored(amo: Handle) -> Account:
    populate(amo.world, 3)
    account = connection.connect_by_token(amo.url, amo.token)
    with connection.source_of(account) as source:
        assert coverage.pull_entities(source, TABLE) == []
    judgement_queue.judge_waiting()
    return account


def start(tmp_path: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "AMO_RATE": "0",
        "PYTHONWARNINGS": "ignore",
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "salesops.celery",
        "worker",
        "-Q",
        "amo,hooks",
        "-P",
        "solo",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "-n",
        f"test-{os.getpid()}@%h",
    ]
    with open(tmp_path / "worker.log", "ab") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=settings.BASE_DIR)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []

    def run() -> subprocess.Popen[bytes]:
        running.append(start(tmp_path))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


def eventually(what: Callable[[], object], seconds: float = 40) -> float:
    """Seconds until ``what`` came true."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            raise AssertionError("it did not come true in time")
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.timeout(180)
def test_a_change_in_amocrm_reaches_the_row_and_asks_for_judgement(
    amo: Handle, mirrored: Account, live_server: Any, worker: Callable[[], Any]
) -> None:
    with connection.client_for(mirrored) as client:
        address = hooks.ensure_subscription(client, mirrored, "https://portal.example")
    amo.world.webhooks.clear()
    amo.world.subscribe(address.replace("https://portal.example", live_server.url), hooks.SETTINGS)
    one, two = Deal.objects.filter(closed_at=None).order_by("id")[:2]

    amo.world.edit_lead(lead_id=one.id, price=4321)
    eventually(lambda: Hook.objects.exists(), 10)
    assert Deal.objects.get(pk=one.id).price != 4321, "nobody works yet; the delivery is kept"
    worker()
    eventually(lambda: Deal.objects.filter(pk=one.id, price=4321).exists())
    eventually(lambda: not hooks.waiting_hooks(), 10)

    amo.world.move_lead(lead_id=two.id, status_id=142)
    took = eventually(lambda: Deal.objects.filter(pk=two.id, stage__status=142).exists(), 10)
    assert took < 3, "a second in the middle, three at worst"
    eventually(lambda: not JudgementRequest.objects.filter(deal_id__in=[one.id, two.id]).exists(), 10)


@pytest.mark.timeout(180)
def test_a_worker_killed_at_work_loses_nothing(
    amo: Handle, mirrored: Account, worker: Callable[[], Any], tmp_path: Path
) -> None:
    from sandbox.faults import Fault

    deal = Deal.objects.filter(closed_at=None).order_by("id")[0]
    amo.world.edit_lead(lead_id=deal.id, price=77)
    Hook.objects.create(body=f"leads[update][0][id]={deal.id}&account[id]={mirrored.pk}".encode())
    amo.app.faults.add(Fault(path="/leads$", latency=60))
    from jobs.mirror import answer_hooks

    answer_hooks.delay()
    first = worker()
    eventually(lambda: Hook.objects.exclude(lease_until=None).exists())
    first.kill()
    first.wait()
    assert Hook.objects.get().handled_at is None
    Hook.objects.update(lease_until=None)  # a minute later
    worker()
    answer_hooks.delay()
    eventually(lambda: Deal.objects.filter(pk=deal.id, price=77).exists())
    eventually(lambda: Hook.objects.exclude(handled_at=None).exists(), 10)
