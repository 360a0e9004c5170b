"""What a report says, as frozen values: everything in it is read once and never again.

A document names the version of its definitions. One that was frozen is read in its own version for ever: a field is
never taken away, and a new one has a default.
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct, field, json

VERSION = 2  # of the definitions in docs/reports.md; since
SINCE = date(2026, 11, 29)


class Week(Struct, frozen=True):
    """Money and deals that stood longer than the norm at a moment, judged afterwards from history."""

    at: datetime
    money: Decimal
    deals: int


class Standing(Struct, frozen=True):
    """Frozen money as of the report and a period before; ``weeks``: thirteen moments, the last is the report's."""

    money: Decimal
    deals: int
    money_before: Decimal
    deals_before: int
    open: int
    open_money: Decimal
    unplanned: int
    weeks: list[Week]


class Plan(Struct, frozen=True):
    """The month that the report falls into: ``won`` is everybody's, ``planned`` of those who have a plan."""

    month: str
    won: Decimal
    planned: Decimal
    quota: Decimal | None
    passed: Decimal


class Part(Struct, frozen=True):
    """Findings that opened in the period on a stage or against a person; ``rate`` per 100 deal-days, null without."""

    key: str
    name: str
    n: int
    before: int
    rate: Decimal | None
    rate_before: Decimal | None
    gone: bool = False
    fixed: int = 0


class RuleChange(Struct, frozen=True):
    """Open findings of a rule as of the report and a period before."""

    rule: str
    now: int
    before: int


class Reason(Struct, frozen=True):
    """``key``: of the reason in amoCRM; null without one, and in documents of version 1."""

    name: str
    n: int
    money: Decimal
    key: int | None = None


class Losses(Struct, frozen=True):
    n: int
    money: Decimal
    n_before: int
    money_before: Decimal
    reasons: list[Reason]


class Proposed(Struct, frozen=True):
    """A decision that the report proposes; ``key`` is that of its row, which has the list."""

    key: str
    kind: str
    facts: dict[str, Any]
    n: int
    money: Decimal
    expected: Decimal | None
    owner: str
    due_on: date


class Past(Struct, frozen=True):
    """What had become of an earlier decision."""

    id: int
    kind: str
    facts: dict[str, Any]
    title: str
    owner: str
    state: str
    due_on: date | None
    late: int
    moves: int
    n: int
    standing: int
    won: int
    won_sum: Decimal
    left_share: float | None
    like_share: float | None


class Praise(Struct, frozen=True):
    """``kind``: calmer (rate fell from ``before`` to ``after``), fixed (``after`` of them), clean (none now)."""

    kind: str
    name: str
    before: Decimal | None = None
    after: Decimal | None = None


class Document(Struct, frozen=True, kw_only=True):
    """``people`` and ``stage_names`` are of whatever sentences name; ``head``: whose department it is about."""

    version: int = VERSION
    kind: str
    label: str
    start: datetime
    end: datetime
    as_of: datetime
    known_until: datetime | None = None
    company: str = ""
    head: str = ""
    standing: Standing
    plan: Plan | None = None
    opened: int
    opened_before: int
    by_version: int
    fixed: int
    worse: RuleChange | None = None
    better: RuleChange | None = None
    stages: list[Part] = field(default_factory=list)
    persons: list[Part] = field(default_factory=list)
    losses: Losses
    decisions: list[Proposed] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)
    praise: list[Praise] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    stage_names: dict[str, str] = field(default_factory=dict)
    marks: list[tuple[str, datetime, datetime | None]] = field(default_factory=list)

    @property
    def change(self) -> Decimal:
        """Of frozen money: the one number of the report."""
        return self.standing.money - self.standing.money_before

    @property
    def expected(self) -> Decimal:
        return sum((one.expected for one in self.decisions if one.expected is not None), Decimal(0))


def write_document(document: Document) -> bytes:
    """The same values give the same bytes."""
    return json.encode(document, order="deterministic")


def read_document(body: bytes) -> Document:
    return json.decode(body, type=Document)


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
