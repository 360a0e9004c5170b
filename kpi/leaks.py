"""«Что отнимает деньги сейчас»: a manager's open findings by the roubles at stake, and those that will open soon."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from kpi import statements
from qc import queries as judgement
from team.models import Employee

SHOWN = 7
SOON = 3
MOST = 1_000  # of one person's open findings that are weighed
AHEAD = timedelta(days=2)


@dataclass(frozen=True)
class Weighed:
    """As much of a finding as its price asks for."""

    pk: int
    rule: str
    mode: str
    manager_id: int | None
    opens_at: datetime
    closes_at: datetime | None


@dataclass(frozen=True)
class Leak:
    """``price``: what it takes (or will take) from the statement of the month; None when that is not known."""

    finding: Any
    price: Decimal | None
    why: str
    fix: str


@dataclass(frozen=True)
class Leaks:
    now: list[Leak]
    soon: list[Leak]
    count: int

    @property
    def others(self) -> int:
        return self.count - len(self.now)


def find(person: int, user: Employee, now: datetime) -> Leaks:
    """The dearest first, the longest open of equals. Five queries, however many findings."""
    standing = judgement.standing(user).filter(manager=person)
    weighed = [
        Weighed(*row)
        for row in standing.open(now)
        .select_related(None)
        .order_by("opens_at", "pk")
        .values_list("pk", "rule", "mode", "manager_id", "opens_at", "closes_at")[:MOST]
    ]
    soon = list(standing.upcoming(now).filter(opens_at__lt=now + AHEAD).order_by("opens_at", "pk")[:SOON])
    prices = statements.finding_prices([*weighed, *soon])
    weighed.sort(key=lambda one: -(prices[one.pk] or 0))
    dearest = [one.pk for one in weighed[:SHOWN]]
    rows = standing.in_bulk(dearest)
    return Leaks(
        [_leak(rows[pk], prices) for pk in dearest], [_leak(one, prices) for one in soon], len(weighed)
    )


def _leak(finding: Any, prices: dict[int, Decimal | None]) -> Leak:
    return Leak(finding, prices[finding.pk], judgement.why(finding.rule), judgement.fix(finding.rule))
