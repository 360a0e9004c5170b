"""Faults put into answers on demand: a status, a pause, a cut body, no answer at all."""

import re
import threading
from typing import Literal

import msgspec


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the next `times` requests suffer whose path fits the expression `path` (and `method`, if given)."""

    path: str = "/api/"
    method: str | None = None
    times: int = 1
    status: Literal[401, 402, 403, 404, 429, 500, 502, 503, 504] | None = None
    latency: float = 0.0
    """Seconds before the answer."""
    cut: bool = False
    """Half of the body, then the connection ends."""
    hang: float | None = None
    """Seconds of silence, then the connection ends without an answer."""
    retry_after: int | None = None


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        try:
            re.compile(fault.path)
        except re.error as error:
            raise ValueError(f"path: not a regular expression ({error})") from None
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._waiting)

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that fits, counted down."""
        if not self._waiting:
            return None
        with self._lock:
            for fault in self._waiting:
                if re.search(fault.path, path) and fault.method in (None, method):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None
