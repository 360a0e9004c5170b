"""The door for hooks beside a bare WSGI function, each under the gunicorn of `make run`."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench import company, load
from bench.company import SECRET
from bench.measure import share
from bench.pages import signed_in
from bench.report import Line, below, compared
from bench.setting import Setting
from devtools.embedded import PROJECT
from pipelines.models import Hook

CONNECTIONS, PATIENCE = 16, 30.0
RINGS_A_SECOND, READERS, MOST_MS = 20, 8, 50  # amoCRM rings thrice for a move; what is promised
HOOK = {
    "leads[update][0][id]": "1", "leads[update][0][name]": "Пневмостойка № 1", "leads[update][0][status_id]": "142",
    "leads[update][0][price]": "120000", "leads[update][0][responsible_user_id]": "2001", "account[id]": "1",
    **{f"leads[update][0][custom_fields][{place}][values][0][value]": "Нижний Новгород" for place in range(8)},
}  # fmt: skip
BODY = urlencode(HOOK).encode()


def hooks(setting: Setting) -> Iterator[Line]:
    """Rates by turns; at the end both workers of the portal are killed under load, and rows are counted."""
    company.hold(setting.small)
    seconds, path = 1.0 if setting.quick else 3.0, f"/hooks/amocrm/{SECRET}/"
    with served("salesops.wsgi") as (portal, port), served("bench.bare") as (_, bare):
        turns = [tuple(ring(one, path, seconds) for one in (port, bare)) for _ in range(setting.rounds(5))]
        ours, base = (median(turn[place].rate for turn in turns) for place in (0, 1))
        slow, bare_slow = (median(share(turn[place].answers, 0.99) for turn in turns) for place in (0, 1))
        rates = f"{ours:.0f}", f"{base:.0f} bare WSGI + INSERT", ours / base
        yield compared("hooks taken in a second", *rates, least=0.5)
        late = f"{1000 * slow:.3g} ms", f"{1000 * bare_slow:.3g} ms", slow / bare_slow
        yield compared("hook intake, p99", *late, most=2)
        stood = Hook.objects.count()
        answered = len(ring(port, path, seconds, halfway=lambda: kill_workers(portal)).answers)
        lost = max(0, answered - (Hook.objects.count() - stood))
    yield below("hooks lost by kill -9", lost, 0, "lost", also=f" of {answered:,} answered")
    Hook.objects.all().delete()


def among_others(setting: Setting) -> Iterator[Line]:
    """amoCRM rings in its own rhythm while people read pages and everything is being judged."""
    company.hold(setting.small)
    session = signed_in("director").cookies["sessionid"].value
    pages = ["/deals/", "/tasks/", "/findings/", "/desk/stuck/", "/desk/heat/", "/desk/managers/"]
    path, seconds = f"/hooks/amocrm/{SECRET}/", 3.0 if setting.quick else 20.0
    with (
        served("salesops.wsgi") as (_, port),
        judging(),
        load.reading(port, pages, [session], READERS) as read,
    ):
        time.sleep(2)  # everybody is at work
        rings = load.ring(port, path, BODY, rate=RINGS_A_SECOND, seconds=seconds)
        shown = len(read)
    Hook.objects.all().delete()
    slow, slowest = 1000 * share(rings, 0.99), 1000 * max(rings)
    yield below(
        f"hook intake beside {READERS} people who read and a judgement of everything, p99",
        slow,
        MOST_MS,
        "ms",
        also=f" (p50 {1000 * median(rings):.3g}, slowest {slowest:.3g}; {len(rings)} hooks, {shown} pages)",
    )


@contextmanager
def judging() -> Iterator[None]:
    """Judges everything again and again, as politely as the workers do."""
    command = f"while {sys.executable} manage.py qc_judge --all; do :; done"
    others = subprocess.Popen(
        ["nice", "sh", "-c", command], cwd=PROJECT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(others.pid, signal.SIGKILL)
        others.wait()


def ring(port: int, path: str, seconds: float, **more) -> load.Load:
    return load.post(port, path, BODY, connections=CONNECTIONS, seconds=seconds, **more)


@contextmanager
def served(application: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The application under gunicorn, on a free port, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        application,
        "--bind",
        f"127.0.0.1:{port}",
        "--log-level",
        "critical",
    ]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PLAIN_STATIC": "true"}
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        wait(port)
        yield server, port
    finally:
        server.terminate()
        server.wait(PATIENCE)


def wait(port: int) -> None:
    """Until a worker answers anything; the master listens before it has any."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nobody answers on port {port}")


def kill_workers(server: subprocess.Popen[bytes]) -> None:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    for child in children.split():
        os.kill(int(child), signal.SIGKILL)
