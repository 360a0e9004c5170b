"""The whole way of a change, nothing replaced: amoCRM rings, the portal answers, a worker reads, the row changes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from core import moment
from devtools.tests import factory
from devtools.tests.processes import environment_of_test
from jobs import judgement_queue
from notices.models import Address, Policy
from pipelines.account import connection
from pipelines.mirror import coverage, hooks
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Deal, Hook, JudgementRequest, Person, Task
from pipelines.tests.loads import populate
from sandbox.server import Handle, serve_in_thread
from sandbox.telegram import server as chats
from sandbox.world import World
from team.models import Employee, Role

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
    pytest.mark.filterwarnings("ignore:.*never awaited"),
]


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
    with override_settings(AMO_RATE=0.0), connection.source_of(account) as source:
        assert coverage.pull_entities(source, TABLE) == []
    judgement_queue.judge_waiting()
    return account


def start(tmp_path: Path) -> subprocess.Popen[bytes]:
    environment = environment_of_test(AMO_RATE="0")
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
    # Gone out to amoCRM, too: otherwise it is the second worker's request that takes a minute.
    eventually(lambda: not amo.app.faults.waiting())
    first.kill()
    first.wait()
    assert Hook.objects.get().handled_at is None
    Hook.objects.update(lease_until=None)  # a minute later
    worker()
    answer_hooks.delay()
    eventually(lambda: Deal.objects.filter(pk=deal.id, price=77).exists())
    eventually(lambda: Hook.objects.exclude(handled_at=None).exists(), 10)


@pytest.fixture
def telegram() -> Iterator[chats.Handle]:
    handle = chats.serve_in_thread()
    yield handle
    handle.stop()


@pytest.fixture
def teller(telegram: chats.Handle) -> Iterator[Callable[[], None]]:
    running: list[subprocess.Popen[bytes]] = []

    def run() -> None:
        environment = environment_of_test(TELEGRAM_API_URL=telegram.url, TELEGRAM_BOT_TOKEN=chats.TOKEN)
        command = [sys.executable, "manage.py", "notices_serve"]
        running.append(subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR))

    yield run
    for process in running:
        process.kill()
        process.wait()


def _linked(telegram: chats.Handle, role: str, person: Person | None = None, **values: Any) -> Employee:
    one = factory.make_employee(role, person, **values)
    telegram.world.person(7000 + one.pk, str(one), started=True)
    now = moment.now()
    first = {"value": str(7000 + one.pk), "linked_at": now, "confirmed_at": now}
    Address.objects.create(channel="telegram", employee=one, **first)
    return one


@pytest.mark.timeout(400)
def test_a_task_rung_in_by_amocrm_is_told_when_it_falls_overdue_and_then_to_the_head(
    amo: Handle,
    mirrored: Account,
    live_server: Any,
    worker: Callable[[], Any],
    telegram: chats.Handle,
    teller: Callable[[], None],
) -> None:
    """From amoCRM's hook to the chat, nothing replaced: door, worker, judgement, planner, sender, Bot API."""
    rungs = {"task.overdue": {"after": {"head": 0.1, "director": None}}}
    Policy.objects.create(started_at=moment.now(), channels=["telegram"], kinds=rungs)
    late, mended = Deal.objects.filter(closed_at=None).order_by("id")[:2]
    person = Person.objects.get(pk=late.manager_id)
    amo.world.edit_lead(lead_id=mended.id, responsible_user_id=person.pk)
    head = _linked(telegram, Role.HEAD)
    manager = _linked(telegram, Role.MANAGER, person, head=head)
    with connection.client_for(mirrored) as client:
        address = hooks.ensure_subscription(client, mirrored, "https://portal.example")
    amo.world.webhooks.clear()
    amo.world.subscribe(address.replace("https://portal.example", live_server.url), hooks.SETTINGS)
    worker()
    teller()
    eventually(lambda: telegram.world.poller, 120)
    amo.world.edit_lead(lead_id=late.id, price=777_111)
    eventually(lambda: Deal.objects.filter(pk=late.id, price=777_111).exists(), 120)

    def said(one: Employee, deal: Deal) -> list[float]:
        told = [row for row in telegram.world.delivered if row["chat"] == 7000 + one.pk]
        return [row["at"] for row in told if str(deal) in row["text"]]

    due = int(time.time()) + 15
    one, two = (
        amo.world.create_task(
            text="Позвонить",
            complete_till=due,
            entity_id=deal.id,
            entity_type="leads",
            responsible_user_id=person.pk,
        )
        for deal in (late, mended)
    )
    eventually(lambda: Task.objects.filter(pk__in=[one.id, two.id]).count() == 2, 10)
    amo.world.complete_task(task_id=two.id)
    eventually(lambda: said(head, late), 60)
    assert 0 <= said(manager, late)[0] - due < 5
    assert 6 <= said(head, late)[0] - due < 15
    assert len(said(manager, late)) == len(said(head, late)) == 1
    assert not said(manager, mended) and not said(head, mended)
