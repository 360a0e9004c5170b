"""What the day asks of somebody, counted at the moment at which the digest goes out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from core.periods import month_of
from core.zone import first_of_day, local_day, portal_zone
from kpi.models import Statement
from pipelines.models import Task
from qc.models import Finding
from qc.rules import behind
from team.models import Employee, Role
from team.schedules import load_clocks

FIRST = 3  # what to begin with


@dataclass(frozen=True)
class Day:
    """``tasks`` due until the day's end, ``overdue`` among them; ``edge``: deals that get stuck until then; ``mended``
    since ``since``; ``money``: the month's sum as of now, None where he has no statement or no right to one; ``first``:
    the dearest open findings; ``people``: of a head, who has most open findings, with the number."""

    tasks: int
    overdue: int
    edge: int
    edge_sum: Decimal
    open: int
    mended: int
    since: datetime
    money: Decimal | None
    first: list[Any]
    people: list[tuple[str, int]]


def count_day(user: Employee, since: datetime, now: datetime) -> Day:
    """Seven reads at most; of a manager his own work, of a head his people's, of a director everybody's."""
    ends = first_of_day(local_day(now) + timedelta(days=1))
    tasks = Task.objects.open().filter(due_at__lt=ends).visible_to(user)
    numbers = tasks.order_by().aggregate(all=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=now)))
    found = Finding.objects.shown_to(user)
    edge = found.upcoming(now).filter(rule__in=behind("stuck_deals"), opens_at__lt=ends)
    edges = edge.order_by().aggregate(deals=Count("deal", distinct=True), price=Sum("deal__price"))
    opened = found.open(now)
    whole = opened.order_by().count()
    first = list(
        opened.exclude(deal=None).select_related("deal", "stage").order_by("-deal__price", "id")[:FIRST]
    )
    mended = found.standing().filter(closes_at__gt=since, closes_at__lte=now).order_by().count()
    people: list[tuple[str, int]] = []
    if user.role != Role.MANAGER:
        counted = opened.exclude(manager=None).order_by().values_list("manager__name").annotate(n=Count("pk"))
        people = [(str(name), int(number)) for name, number in counted.order_by("-n")[:FIRST]]
    return Day(
        numbers["all"],
        numbers["overdue"],
        edges["deals"],
        edges["price"] or Decimal(0),
        whole,
        mended,
        since,
        _money(user, now),
        first if user.role == Role.MANAGER else [],
        people,
    )


def _money(user: Employee, now: datetime) -> Decimal | None:
    if user.role != Role.MANAGER or user.person_id is None:
        return None
    period = month_of(now, portal_zone())
    row = Statement.objects.filter(manager=user.person_id, period=period.first).values_list(
        "total", flat=True
    )
    return row.first()


def since_of(user: Employee, now: datetime) -> datetime:
    """The beginning of the shift before the present one; a day ago where there was none in ten days."""
    clock = load_clocks([user.person_id] if user.person_id else []).owner(user.person_id)
    parts = clock.explain(now - timedelta(days=10), now - timedelta(hours=10))
    last = parts[-1].day if parts else None
    return min((part.start for part in parts if part.day == last), default=now - timedelta(days=1))
