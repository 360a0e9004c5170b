"""So many requests a second per token and per account; who keeps on pushing is shut out for a while."""

import threading
import time
from collections import deque
from collections.abc import Callable


class Limiter:
    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate`: requests a second of one token, 0 = no limit."""
        self.rate = rate
        self.busiest_second = 0
        """The largest number of requests that came within any one second."""
        self._clock = clock
        self._lock = threading.Lock()
        self._passed: dict[str, deque[float]] = {}
        self._refusals: deque[float] = deque()
        self._second: deque[float] = deque()
        self._banned_until = float("-inf")

    def check(
        self, token: str, *, window: float, account_rate: int, ban_after: int, ban_seconds: float
    ) -> int:
        """200 to go on, 429 over the limit, 403 while banned. Only requests that pass count against the limit."""
        now = self._clock()
        with self._lock:
            _trim(self._second, now - 1.0)
            self._second.append(now)
            self.busiest_second = max(self.busiest_second, len(self._second))
            if now < self._banned_until:
                return 403
            whole = self._count("", now, window)
            own = self._count(token, now, window)
            if (self.rate and len(own) >= self.rate) or (
                self.rate and account_rate and len(whole) >= account_rate
            ):
                self._refuse(now, ban_after, ban_seconds)
                return 429
            whole.append(now)
            if own is not whole:
                own.append(now)
            return 200

    def _count(self, token: str, now: float, window: float) -> deque[float]:
        passed = self._passed.setdefault(token, deque())
        _trim(passed, now - window)
        return passed

    def _refuse(self, now: float, ban_after: int, ban_seconds: float) -> None:
        self._refusals.append(now)
        _trim(self._refusals, now - 60)
        if ban_after and len(self._refusals) >= ban_after:
            self._banned_until = now + ban_seconds
            self._refusals.clear()


def _trim(moments: deque[float], until: float) -> None:
    while moments and moments[0] <= until:
        moments.popleft()
