"""What was answered 204 is kept, though the portal is killed under load; a stranger's ring leaves nothing."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

import pytest
from django.conf import settings

from devtools.tests.processes import environment_of_test
from pipelines.models import Account, Hook

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

SECRET, RINGERS = "s" * 43, 4
BODY = b"leads%5Bupdate%5D%5B0%5D%5Bid%5D=1&account%5Bid%5D=31"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def portal() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The portal's own server as `make run` starts it, two workers; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--workers", "2", "--threads", "4", "--log-level", "critical"]
    command = [sys.executable, "-m", "gunicorn", "salesops.wsgi", "--bind", f"127.0.0.1:{port}", *options]
    server = subprocess.Popen(
        [*command, "--no-control-socket"], cwd=settings.BASE_DIR, env=environment_of_test()
    )
    try:
        yield server, port
    finally:
        server.terminate()
        server.wait(20)


def ring(port: int, secret: str = SECRET) -> tuple[int, float]:
    """The status, 0 where nobody answered, and how many seconds it took."""
    began = time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("POST", f"/hooks/amocrm/{secret}/", BODY, FORM)
        return client.getresponse().status, time.perf_counter() - began
    except (OSError, http.client.HTTPException):
        return 0, 0.0
    finally:
        client.close()


def ring_on(port: int, until: float) -> list[tuple[int, float]]:
    answers = []
    while time.monotonic() < until:
        answers.append(ring(port))
        time.sleep(0.002)
    return answers


def kill_workers(server: subprocess.Popen[bytes]) -> None:
    for child in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while not ring(port, "a-stranger")[0]:
        assert time.monotonic() < deadline, "the portal did not start"
        time.sleep(0.1)


def test_every_204_is_a_row_though_the_portal_is_killed_under_load(
    portal: tuple[subprocess.Popen[bytes], int], long: bool
) -> None:
    server, port = portal
    Account.objects.create(pk=31, base_url="https://example.amocrm.ru", hook_secret=SECRET)
    wait_for(port)
    assert not Hook.objects.exists(), "a stranger's ring leaves nothing"
    kills, answers = 5 if long else 1, list[tuple[int, float]]()
    with ThreadPoolExecutor(RINGERS) as ringers:
        for _ in range(kills):
            until = time.monotonic() + (4.0 if long else 1.5)
            ringing = [ringers.submit(ring_on, port, until) for _ in range(RINGERS)]
            time.sleep(0.7)
            kill_workers(server)
            answers += [answer for one in ringing for answer in one.result()]
            wait_for(port)
    taken = [seconds for status, seconds in answers if status == 204]
    assert {status for status, _ in answers} <= {204, 0} and len(taken) > 20
    kept = Hook.objects.count()
    assert len(taken) <= kept <= len(taken) + kills * RINGERS, (
        "one more each: kept and killed before the answer"
    )
    assert {bytes(hook.body) for hook in Hook.objects.all()} == {BODY}
    assert quantiles(taken, n=20)[-1] < 0.5, "amoCRM waits for two seconds"
