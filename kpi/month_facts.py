"""What a statement is computed from: the facts of a person's month, typed, and kept with the statement as JSON.

Numbers are exact text in JSON, null is not known. A document names its version; one without is of version 1, as
months were kept before December 2026. Closed months are read in the version that they were kept in, for ever: a field
is never taken away, a new one has a default, and what changes its shape gets a new version and an entry in ``_OLDER``.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from kpi.calculation.component import Return
from kpi.calculation.running import Before

VERSION = 2


class Shifts(Struct, frozen=True):
    """Of the month; ``left`` are those after today that can still be worked."""

    planned: int = 0
    worked: int = 0
    left: int = 0


class Score(Struct, frozen=True):
    """How often a rule could have been broken, and was; ``weight`` is its weight in quality."""

    weight: int
    violations: int
    opportunities: int


class Spent(Struct, frozen=True):
    """For how long a rule was to be kept, and was broken, in seconds of its clock, on so many deals."""

    weight: int
    broken: int
    demanded: int
    deals: int


class Behind(Struct, frozen=True):
    """How many findings are behind the violations of a rule, and on how many deals."""

    findings: int
    deals: int


class Earlier(Struct, frozen=True):
    """The months before this one of a quarter or a year; ``rules`` and ``times``: their scores together."""

    before: Before
    rules: dict[str, Score] = field(default_factory=dict)
    times: dict[str, Spent] = field(default_factory=dict)


class PaidBefore(Struct, frozen=True):
    """A deal won in the month that the closed month ``paid_in`` (its first day) has paid."""

    deal: int
    amount: Decimal
    paid_in: date = field(name="in")


class Facts(Struct, frozen=True, kw_only=True):
    """A person's month. Amounts are in the account's currency, days are local.

    ``measures`` are keyed as schemes name them. ``rota``: days that can be worked. ``rules``: scores by rule,
    ``times``: the same by time, where the scheme asks for it;
    ``weights``: of all rules that count in money. ``days``: sales by day. ``wins``: the deals that the month pays, by
    measure; None when they were not kept yet. ``known_until``: up to when it was known what people did.
    ``earlier``: by «quarter» and «year», where the scheme counts by one. ``carried``: by the code of a component that
    carries over (an advance), what its lines of earlier months came to. ``returns``: by the code of a component that
    takes back, every sale of closed months that has come back up to the month's end. ``name``: the person's, as it was
    then; ``person`` and ``month`` (its first day): whose it is, where a component asks.
    """

    measures: dict[str, Decimal | None] = field(default_factory=dict)
    quota: Decimal | None = None
    quota_of: Literal["manager", "scheme"] | None = None
    shifts: Shifts = Shifts()
    rota: list[date] = field(default_factory=list)
    rules: dict[str, Score] = field(default_factory=dict)
    times: dict[str, Spent] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    known_until: datetime | None = None
    findings: dict[str, Behind] = field(default_factory=dict)
    days: dict[date, Decimal] = field(default_factory=dict)
    wins: dict[str, dict[int, Decimal]] | None = None
    paid: list[PaidBefore] = field(default_factory=list)
    earlier: dict[str, Earlier] = field(default_factory=dict)
    carried: dict[str, Decimal] = field(default_factory=dict)
    returns: dict[str, list[Return]] = field(default_factory=dict)
    name: str = ""
    person: int = 0
    month: date | None = None


def add_scores(one: Mapping[str, Score], other: Mapping[str, Score]) -> dict[str, Score]:
    """Of two stretches together; the weight is that of the later one, ``other``."""
    found = dict(one)
    for rule, score in other.items():
        before = found.get(rule, Score(score.weight, 0, 0))
        found[rule] = Score(
            score.weight, before.violations + score.violations, before.opportunities + score.opportunities
        )
    return found


def add_spent(one: Mapping[str, Spent], other: Mapping[str, Spent]) -> dict[str, Spent]:
    """The same of times."""
    found = dict(one)
    for rule, spent in other.items():
        before = found.get(rule, Spent(spent.weight, 0, 0, 0))
        found[rule] = Spent(
            spent.weight,
            before.broken + spent.broken,
            before.demanded + spent.demanded,
            before.deals + spent.deals,
        )
    return found


def read_facts(document: Mapping[str, Any]) -> Facts:
    """The facts of a kept document of any version; of an empty one, nothing is known.

    ValueError for a version that is not known here, and for what is no such document.
    """
    version = document.get("version", 1)
    while version != VERSION:
        if version not in _OLDER:
            raise ValueError(
                f"facts of version {version!r} cannot be read: versions 1 to {VERSION} are known"
            )
        document, version = _OLDER[version](document), version + 1
    return msgspec.convert(document, Facts, str_keys=True)


def write_facts(facts: Facts) -> dict[str, Any]:
    """The document to keep."""
    return {"version": VERSION, **msgspec.to_builtins(facts, str_keys=True)}


def _from_first(document: Mapping[str, Any]) -> dict[str, Any]:
    """Version 1 had rows of numbers where version 2 names them."""
    scores = {
        rule: dict(zip(Score.__struct_fields__, row, strict=True)) for rule, row in _part(document, "rules")
    }
    behind = {
        rule: dict(zip(Behind.__struct_fields__, row, strict=True))
        for rule, row in _part(document, "findings")
    }
    return {**document, "rules": scores, "findings": behind}


def _part(document: Mapping[str, Any], name: str) -> Any:
    return document.get(name, {}).items()


_OLDER: dict[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _from_first}
