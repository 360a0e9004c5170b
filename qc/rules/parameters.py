"""What a rule's norm is made of: typed fields of a frozen dataclass. Forms, documents and sentences derive from them.

Labels and sentences are English msgids; pages translate them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NamedTuple

CALENDAR, OWNER, CLIENT, NORM = (
    "calendar",
    "owner",
    "client",
    "norm",
)  # NORM: the one that the stage's norm names
CLOCKS = (CALENDAR, OWNER, CLIENT)
LONGEST = timedelta(days=5 * 365)
ALL_UNITS = ("minutes", "hours", "days")
SHIFT_UNITS = ("minutes", "hours")  # a day of shifts is longer for one person than for another
SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
PART = re.compile(r"(\d+(?:\.\d+)?) ?(d|h|min|m|s)(?:\s+|$)")


@dataclass(frozen=True)
class Length:
    """A length of time, or None. ``clock`` names the parameter that says on which clock it runs; without one it is the
    owner's, or the calendar where days are among the ``units``.

    ``nothing`` is what a sentence calls None. ``closing``: why there is none on a closing stage ("": there may be).
    """

    title: str
    units: tuple[str, ...] = SHIFT_UNITS
    clock: str = ""
    nothing: str = "none"
    closing: str = ""


@dataclass(frozen=True)
class ClockName:
    """One of CLOCKS."""


@dataclass(frozen=True)
class Flag:
    """Yes or no; ``on`` and ``off`` are what a version says that has changed it, ``nonsense`` refuses anything else."""

    on: str
    off: str
    nonsense: str


@dataclass(frozen=True)
class DealFields:
    """Fields of the deal as (id, name); ``added`` and ``removed`` say what a version has changed about %(fields)s."""

    added: str
    removed: str
    nonsense: str


@dataclass(frozen=True)
class Count:
    """A whole number from ``least`` to ``most``."""

    title: str
    least: int = 1
    most: int = 1_000


@dataclass(frozen=True)
class DealField:
    """The id of one field of the deal, or None; ``types``: of which types it may be (none: of any)."""

    title: str
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lengths:
    """Lengths of time by a text: what the field named by the parameter ``field`` may hold. At most fifty."""

    title: str
    field: str


@dataclass(frozen=True)
class Stages:
    """Ids of stages; none of them: no limit."""

    title: str


@dataclass(frozen=True)
class Options:
    """Options of the deal's lists that are allowed, field by field: at most fifty fields, two hundred options each."""

    title: str


class Listed(NamedTuple):
    """A field that is a list, and (id, name) of those of its options that are meant.

    An option renamed since stands twice, by its old name and by its new one: amoCRM's log tells the old one for ever.
    """

    field: str
    name: str
    options: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> frozenset[str]:
        """By which the options are known on deals, which hold names and no ids."""
        return frozenset(name.strip() for _id, name in self.options)


Kind = Length | ClockName | Flag | DealFields | Count | DealField | Lengths | Stages | Options


@dataclass(frozen=True)
class Parameter:
    """One field of a norm. ``alias`` is its name where all norms of a stage stand side by side: the form, the API."""

    name: str
    alias: str
    label: str
    kind: Kind
    default: Any


def parameter(kind: Kind, label: str, alias: str = "", default: Any = None) -> Any:
    """A field of a norm's dataclass; without an ``alias`` it is called by the rule's code and its own name."""
    return field(default=default, metadata={"kind": kind, "label": label, "alias": alias})


@cache
def parameters(norm: type, code: str) -> tuple[Parameter, ...]:
    """The fields of a rule's norm, in the order of the form."""
    return tuple(_parameters(norm, code))


def _parameters(norm: type, code: str) -> Iterator[Parameter]:
    for one in fields(norm):
        alias = one.metadata["alias"] or f"{code}_{one.name}".replace(".", "_")
        yield Parameter(one.name, alias, one.metadata["label"], one.metadata["kind"], one.default)


def write_length(value: timedelta, days: bool) -> str:
    """«3 d», «1 d 6 h», «90 min»: exact, in the largest units that leave no remainder; `read_length` reads it back."""
    units = SECONDS if days else {unit: size for unit, size in SECONDS.items() if unit != "d"}
    whole, rest = divmod(value, timedelta(seconds=1))
    for unit, size in units.items():
        if not rest and whole and not whole % size:
            return f"{whole // size} {unit}"
    parts = []
    left = int(value // timedelta(seconds=1))
    for unit, size in list(units.items())[:-1]:
        number, left = divmod(left, size)
        parts += [f"{number} {unit}"] if number else []
    seconds = Decimal(left) + Decimal(rest // timedelta(microseconds=1)) / 1_000_000
    return " ".join(parts + ([f"{seconds.normalize():f} s"] if seconds or not parts else []))


def read_length(text: str) -> timedelta | None:
    """What `write_length` has written; None when it is nothing of that kind."""
    microseconds, place = Decimal(0), 0
    text = text.strip()
    while place < len(text):
        found = PART.match(text, place)
        if found is None:
            return None
        place = found.end()
        unit = "min" if found[2] == "m" else found[2]
        try:
            microseconds += Decimal(found[1]) * SECONDS[unit] * 1_000_000
        except InvalidOperation:
            return None
    try:
        return timedelta(microseconds=int(microseconds)) if text else None
    except OverflowError:
        return timedelta.max
