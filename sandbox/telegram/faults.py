"""Orders to fail: which calls, how often, and how."""

import threading
from dataclasses import dataclass, field
from typing import Any

# How a call that was accepted may end without a proper answer.
SILENT, RESET, LATE, HTML = "silent", "reset", "late", "html"


@dataclass
class Fault:
    """The calls of ``method`` to ``chat`` (None: any), after ``skip`` of them, ``times`` times (None: for ever).

    ``code`` with ``description`` and ``parameters`` is the answer instead of doing it. ``after``: it is done, and then
    nothing, a reset, an answer ``delay`` seconds late or 502 as HTML comes. ``raw``: the body as it is, with ``code``.
    """

    method: str | None = None
    chat: int | None = None
    skip: int = 0
    times: int | None = 1
    code: int | None = None
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    after: str = ""
    delay: float = 0.0
    raw: str | None = None


class Faults:
    def __init__(self) -> None:
        self._lock, self.orders = threading.Lock(), list[Fault]()

    def order(self, **values: Any) -> None:
        with self._lock:
            self.orders.append(Fault(**values))

    def clear(self) -> None:
        with self._lock:
            self.orders.clear()

    def take(self, method: str, chat: int | None) -> Fault | None:
        with self._lock:
            for one in self.orders:
                if one.method not in (None, method) or (one.chat is not None and one.chat != chat):
                    continue
                if one.skip:
                    one.skip -= 1
                    continue
                if one.times is not None:
                    one.times -= 1
                    if one.times <= 0:
                        self.orders.remove(one)
                return one
        return None
