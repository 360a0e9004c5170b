"""«Что отнимает деньги сейчас»: a manager's open findings by the roubles at stake, and those that will open soon."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from kpi import statements
from kpi.prices import held
from qc import queries as judgement
from team.models import Employee

SHOWN = 7
SOON = 3
MOST = 1_000  # of one person's findings that are weighed
AHEAD = timedelta(days=2)


@dataclass(frozen=True)
class Weighed:
    """As much of a finding as its price asks for."""

    pk: int
    rule: str
    mode: str
    deal_id: int
    stage_id: str | None
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
    """The dearest first, the longest open of equals. Four queries, however many findings.

    What stands against the person on a deal that is somebody else's by now is counted, but he cannot mend it.
    """
    standing = judgement.standing(user).filter(manager=person)
    ahead = standing.filter(Q(closes_at=None) | Q(closes_at__gt=now), opens_at__lt=now + AHEAD)
    names = [one.name for one in fields(Weighed)]
    rows = ahead.select_related(None).order_by("opens_at", "pk").values_list(*names)[:MOST]
    weighed = [Weighed(*row) for row in rows]
    mendable = held(weighed, now)
    opened = [one for one in weighed if one.opens_at <= now and one.pk in mendable]
    soon = [one for one in weighed if one.opens_at > now and one.pk in mendable][:SOON]
    count = sum(one.opens_at <= now for one in weighed)
    prices = statements.finding_prices([*opened, *soon])
    dearest = sorted(opened, key=lambda one: -(prices[one.pk] or 0))[:SHOWN]
    found = standing.in_bulk([one.pk for one in (*dearest, *soon)])
    leaks = {pk: _leak(finding, prices[pk]) for pk, finding in found.items()}
    return Leaks([leaks[one.pk] for one in dearest], [leaks[one.pk] for one in soon], count)


def _leak(finding: Any, price: Decimal | None) -> Leak:
    return Leak(finding, price, judgement.why(finding.rule), judgement.fix(finding.rule))
