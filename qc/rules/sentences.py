"""What rules say about norms: an English msgid and the values to put in, each marked with how it is to be written."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from qc.rules.parameters import Listed

# What a finding's sentence may be filled with; values that a rule gives beside them stand as they are.
PLACEHOLDERS = frozenset(
    {
        "stage",
        "since",
        "opens",
        "elapsed",
        "norm",
        "hours",
        "due",
        "fields",
        "count",
        "deals",
        "stages",
        "reason",
        "wrong",
        "reviewers",
        "said",
    }
)


class Brief(NamedTuple):
    """A length of time in few signs, on a clock: «1 д 4 ч» by the calendar, «28 ч» of shifts."""

    length: timedelta
    clock: str


class Clock(NamedTuple):
    """The name of a clock."""

    code: str


class Field(NamedTuple):
    """The name of a deal's field."""

    id: str


class Fields(NamedTuple):
    """Names of deal fields in a row."""

    ids: tuple[str, ...]


class Stages(NamedTuple):
    """Names of stages in a row."""

    ids: tuple[str, ...]


class Allowed(NamedTuple):
    """Fields that are lists, each with those of its options that are allowed."""

    lists: tuple[Listed, ...]


class Said(NamedTuple):
    """``text % values``, translated. With ``plural``, ``number`` chooses the form."""

    text: str
    values: Mapping[str, Any] = {}
    plural: str = ""
    number: int = 0


class Fact(NamedTuple):
    """One line of what a regulation demands; ``also`` stands below it."""

    term: str
    says: Said
    also: Said | None = None


class Requirement(NamedTuple):
    """What a norm asks of a deal here and now. ``until``: the moment by which it must be met, as judgement sees it."""

    says: Said
    met: bool
    until: datetime | None = None


class Standing(Protocol):
    """What is known of a deal when it is asked whether it meets a norm: the rule's finding, its fields."""

    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def is_open(self) -> bool: ...
    def is_filled(self, field: str) -> bool: ...
    def value_of(self, field: str) -> Any: ...


Requirements = Sequence[Requirement]
