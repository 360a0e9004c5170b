"""Sending hooks: two seconds for an answer, five attempts with growing pauses, and the end of a hook nobody answers."""

import heapq
import http.client
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.account_rows import Webhook
from sandbox.switches import Switches

PAUSES = (5 * 60, 15 * 60, 15 * 60, 60 * 60)
"""Seconds before attempts 2, 3, 4 and 5."""
DISABLE_WINDOW = 2 * 60 * 60
SENDERS = 4
USER_AGENT = "amoCRM-WebHook-client/1.0"


def next_pause(attempt: int, code: int) -> float | None:
    """Seconds until the attempt after `attempt` that got `code` (0 = no answer); None when it was the last."""
    if 100 <= code < 300 or attempt > len(PAUSES):
        return None
    if attempt == len(PAUSES) and not (code == 499 or code >= 500):
        return None
    return PAUSES[attempt - 1]


@dataclass(frozen=True)
class Delivery:
    hook: Webhook
    code: str
    body: bytes
    attempt: int = 1


@dataclass
class HookFaults:
    """What happens to the next deliveries; each number is how many of them."""

    drop: int = 0
    duplicate: int = 0
    reorder: int = 0
    delay: int = 0
    delay_seconds: float = 1.0


class Sender:
    """A queue of deliveries and the threads that post them; the threads start with the first delivery."""

    def __init__(self, switches: Callable[[], Switches]) -> None:
        self.faults = HookFaults()
        self.log: deque[dict[str, Any]] = deque(maxlen=2000)
        self.counters = {"queued": 0, "attempts": 0, "delivered": 0, "failed": 0, "dropped": 0, "given_up": 0}
        self._switches = switches
        self._queue: list[tuple[float, int, Delivery]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._invalid: dict[int, deque[float]] = {}
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._stopped = False

    def push(self, hook: Webhook, code: str, body: bytes) -> None:
        delivery = Delivery(hook, code, body)
        with self._changed:
            faults = self.faults
            if faults.drop > 0:
                faults.drop -= 1
                self.counters["dropped"] += 1
                return
            pause = 0.0
            if faults.delay > 0:
                faults.delay -= 1
                pause += faults.delay_seconds
            if faults.reorder > 0:
                pause += 0.1 * faults.reorder
                faults.reorder -= 1
            self._put(delivery, pause)
            if faults.duplicate > 0:
                faults.duplicate -= 1
                self._put(delivery, pause)

    def pending(self) -> int:
        """Deliveries queued, under way or waiting for another attempt."""
        with self._changed:
            return len(self._queue) + self._busy

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=3)

    def _put(self, delivery: Delivery, pause: float) -> None:
        heapq.heappush(self._queue, (time.monotonic() + pause, next(self._numbers), delivery))
        self.counters["queued"] += 1
        if not self._threads and not self._stopped:
            for number in range(SENDERS):
                thread = threading.Thread(target=self._work, name=f"hooks-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                delivery = self._take()
                if delivery is None:
                    return
                self._busy += 1
            try:
                if not delivery.hook.disabled:
                    self._attempt(delivery)
            finally:
                with self._changed:
                    self._busy -= 1

    def _take(self) -> Delivery | None:
        while not self._stopped:
            pause = self._queue[0][0] - time.monotonic() if self._queue else None
            if pause is not None and pause <= 0:
                return heapq.heappop(self._queue)[2]
            self._changed.wait(pause)
        return None

    def _attempt(self, delivery: Delivery) -> None:
        switches = self._switches()
        started = time.monotonic()
        code = post(delivery.hook.destination, delivery.body, switches.hook_timeout)
        pause = next_pause(delivery.attempt, code)
        with self._changed:
            self.counters["attempts"] += 1
            self.log.append(
                {
                    "destination": delivery.hook.destination,
                    "event": delivery.code,
                    "attempt": delivery.attempt,
                    "status": code,
                    "seconds": round(time.monotonic() - started, 3),
                    "next_in": pause,
                }
            )
            if 100 <= code < 300:
                self.counters["delivered"] += 1
                return
            self.counters["failed"] += 1
            self._count_invalid(delivery.hook, switches)
            if pause is None:
                self.counters["given_up"] += 1
            elif not self._stopped:
                again = Delivery(delivery.hook, delivery.code, delivery.body, delivery.attempt + 1)
                self._put(again, pause * switches.hook_time_scale)

    def _count_invalid(self, hook: Webhook, switches: Switches) -> None:
        now = time.monotonic()
        moments = self._invalid.setdefault(hook.id, deque())
        moments.append(now)
        while moments[0] < now - DISABLE_WINDOW * switches.hook_time_scale:
            moments.popleft()
        if len(moments) > switches.hook_disable_after:
            hook.disabled = True
            moments.clear()


def post(url: str, body: bytes, timeout: float) -> int:
    """Post a form; the status code, or 0 when none came within `timeout` seconds."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Content-Type": "application/x-www-form-urlencoded",
        "Connection": "close",
    }
    started = time.monotonic()
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("POST", path, body, headers)
        code = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError):
        return 0
    finally:
        connection.close()
    return code if time.monotonic() - started <= timeout else 0
