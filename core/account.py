"""What the mirrored account says of itself, known to the whole process: its zone, why that one, its currency.

``pipelines`` says where it is read; here it is only kept, for seconds, so that asking costs nothing.
"""

import time
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

Why = Literal["environment", "page", "account", "default"]
KEPT_FOR = 5.0  # seconds after which another process's change is seen here


class Own(NamedTuple):
    """``zone``: name of the portal's time zone, and ``why`` it is that one; ``currency``: ISO 4217.

    ``dates``: name of the account's own zone, whose midnights amoCRM sends for dates. ``kinds``: of the pipelines
    that do not sell, by id. ``loss_field``: the deal field (its id as text) that says why a deal was lost where the
    account's own list of reasons does not; empty: that list alone. ``address``: where amoCRM itself lives, for links
    into it; empty before it is connected. ``has_key``: whether amoCRM has ever let the portal in.
    """

    zone: str
    why: Why
    currency: str
    dates: str
    kinds: Mapping[int, str] = {}
    loss_field: str = ""
    address: str = ""
    has_key: bool = False

    @property
    def not_selling(self) -> list[int]:
        """Pipelines whose results are no sales, by id."""
        return sorted(self.kinds)

    @property
    def robots(self) -> list[int]:
        """Pipelines in which no person works, by id."""
        return sorted(key for key, kind in self.kinds.items() if kind == "robot")


DEFAULT = Own("Europe/Moscow", "default", "RUB", "Europe/Moscow")

_reader: Callable[[], Own] | None = None
_kept: tuple[float, Own] | None = None
_last = DEFAULT


def read_by(reader: Callable[[], Own]) -> None:
    global _reader
    _reader = reader


def own() -> Own:
    """What holds now. Raises what the reader raises."""
    global _kept, _last
    kept = _kept
    if kept is not None and time.monotonic() < kept[0]:
        return kept[1]
    found = _last if _reader is None else _reader()
    _kept, _last = (time.monotonic() + KEPT_FOR, found), found
    return found


def known() -> Own:
    """What held when this process asked last: for words and figures, which must not wait for a database."""
    return _last


def forget() -> None:
    """The account has changed (or may have): the next one who asks reads it."""
    global _kept, _last
    _kept, _last = None, DEFAULT
