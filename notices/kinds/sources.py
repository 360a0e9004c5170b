"""What kinds are told from: rows of the house as frozen values."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class FindingSeen:
    """A finding that warns or costs; ``opens_at`` may lie ahead."""

    id: int
    rule: str
    severity: str
    mode: str
    opens_at: datetime
    person: int | None
    deal: int | None
    task: int | None
    price: Decimal | None


@dataclass(frozen=True)
class AppealSeen:
    """An appeal that somebody has decided on."""

    id: int
    employee: int
    finding: int
    upheld: bool
    text: str
    decided_at: datetime


@dataclass(frozen=True)
class MonthSeen:
    """A closed month of somebody; ``month`` is its first day."""

    month: date
    person: int
    total: Decimal
    closed_at: datetime


@dataclass(frozen=True)
class MirrorSeen:
    """How the mirror stands: since when it has been too old, and how many rows stand aside."""

    now: datetime
    as_of: datetime | None
    state: str
    set_aside: int


@dataclass(frozen=True)
class RuleSeen:
    """A rule whose mode has changed."""

    rule: str
    before: str
    after: str
    since: datetime


@dataclass(frozen=True)
class ShiftSeen:
    """A shift of somebody that begins."""

    employee: int
    person: int | None
    day: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class StoppedSeen:
    """An address of somebody at which nothing arrives any more (none: the whole channel)."""

    address: int
    employee: int | None
    channel: str
    reason: str
    stopped_at: datetime


@dataclass(frozen=True)
class DecisionSeen:
    """A decision under way; ``overdue_at`` is when its term was over, null while it runs."""

    id: int
    employee: int
    title: str
    n: int
    due_on: date
    taken_at: datetime
    overdue_at: datetime | None = None


@dataclass(frozen=True)
class AlertSeen:
    """A week of a person (none: of a stage) unlike his last thirteen; ``about``: which figure of whom, for mutes."""

    about: str
    week: date
    measure: str
    who: str
    person: int | None
    rate: float
    usual: float
    weeks: int
    good: bool
    found_at: datetime


@dataclass(frozen=True)
class ReportSeen:
    """A report that was frozen; ``head`` is the employee whose department it is about, none: the whole company."""

    number: int
    head: int | None
    as_of: datetime
