"""«Что отнимает деньги сейчас»: a manager's open findings by the roubles at stake, and those that will open soon."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, When

from core.periods import month_of
from core.zone import portal_zone
from kpi.models import Statement
from kpi.prices import priced
from pipelines.models import Stay
from qc import queries as judgement
from qc.rules import TASK, VISIT
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
    deal_id: int | None
    stage_id: str | None
    manager_id: int | None
    opens_at: datetime
    closes_at: datetime | None
    mine: bool  # see `kpi.prices.held`


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


def find(person: int, user: Employee, now: datetime, statements: Iterable[Statement]) -> Leaks:
    """The dearest first, the longest open of equals, by the person's ``statements``. Two queries.

    What stands against the person on a deal that was somebody else's all this month is counted, but not shown: he
    cannot mend it, and it takes nothing.
    """
    standing = judgement.standing(user).filter(manager=person)
    own = Stay.objects.filter(
        Q(left_at=None) | Q(left_at__gt=month_of(now, portal_zone()).start),
        deal=OuterRef("deal"),
        manager=person,
    )
    mine = Case(
        When(rule__in=judgement.counted_by(TASK), then=True),
        When(rule__in=judgement.counted_by(VISIT), then=Exists(own.filter(stage=OuterRef("stage")))),
        default=Exists(own),
    )
    ahead = standing.filter(Q(closes_at=None) | Q(closes_at__gt=now), opens_at__lt=now + AHEAD)
    names = [one.name for one in fields(Weighed)]
    rows = (
        ahead.select_related(None).annotate(mine=mine).order_by("opens_at", "pk").values_list(*names)[:MOST]
    )
    weighed = [Weighed(*row) for row in rows]
    opened = [one for one in weighed if one.opens_at < now and one.mine]
    soon = [one for one in weighed if one.opens_at >= now and one.mine][:SOON]
    prices = priced([*opened, *soon], statements, {one.pk for one in weighed}, now)
    dearest = sorted(opened, key=lambda one: -(prices[one.pk] or 0))[:SHOWN]
    found = standing.in_bulk([one.pk for one in (*dearest, *soon)])
    leaks = {pk: _leak(finding, prices[pk]) for pk, finding in found.items()}
    count = sum(one.opens_at < now for one in weighed)
    return Leaks([leaks[one.pk] for one in dearest], [leaks[one.pk] for one in soon], count)


def _leak(finding: Any, price: Decimal | None) -> Leak:
    return Leak(finding, price, judgement.why(finding.rule), judgement.fix(finding.rule))
