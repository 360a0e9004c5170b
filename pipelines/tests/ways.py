"""The three ways in which the mirror learns of a change, each without the help of the others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from core import moment
from jobs import judgement_queue
from pipelines.account.source import Source
from pipelines.mirror import coverage, hooks, reconcile
from pipelines.models import Cursor, Hook
from pipelines.tests.loads import everything, tick
from sandbox.server import Handle


@dataclass
class Bell:
    """An address at which the sandbox really rings; deliveries wait here until they are answered."""

    address: str
    bodies: list[bytes]

    def answer(self, amo: Handle, source: Source) -> None:
        """As `intake` and the worker do."""
        amo.wait_for_hooks()
        while self.bodies:
            Hook.objects.create(body=self.bodies.pop(0))
        while hooks.waiting_hooks():
            hooks.answer_hooks(source)


@contextmanager
def bell() -> Iterator[Bell]:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Bell(f"http://127.0.0.1:{server.server_address[1]}/", bodies)
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def by_hooks(amo: Handle, source: Source, ring: Bell) -> None:
    """Deliveries alone. Dictionaries have no hooks: they are read every quarter of an hour anyway."""
    assert coverage.pull_entities(source, coverage.dictionaries()) == []
    ring.answer(amo, source)
    judgement_queue.judge_waiting()


def by_increments(amo: Handle, source: Source, ring: Bell) -> None:
    """What has changed since the last time; nothing rings."""
    tick(amo.world)
    everything(source)


def by_reconciliation(amo: Handle, source: Source, ring: Bell) -> None:
    """Nothing has rung, and increments have passed the change by: it lies before what they look at."""
    tick(amo.world, 2 * 86_400)
    Cursor.objects.update(as_of=moment.now() - timedelta(minutes=1))
    assert coverage.pull_entities(source, coverage.dictionaries()) == []
    assert reconcile.compare_mirror(source)
    judgement_queue.judge_waiting()


WAYS = {"hooks": by_hooks, "increments": by_increments, "reconciliation": by_reconciliation}
