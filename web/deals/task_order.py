"""The order in which somebody takes up his tasks: today's, then what is late, then tomorrow's."""

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.zone import portal_zone
from pipelines.models import Task
from qc import stalled

TODAY, LATE, TOMORROW, LATER, LEFT_OVER = range(5)
TURNS = {
    TODAY: _("Today"),
    LATE: _("Overdue"),
    TOMORROW: _("Tomorrow"),
    LATER: _("Later"),
    LEFT_OVER: _("Of closed deals"),
}


def in_turn(tasks: QuerySet[Task], now: datetime) -> QuerySet[Any]:
    """Adds ``turn``, one of TURNS. What is late begins with the latest, which can still be saved; the rest with the
    first. Days are the portal's."""
    today = datetime.combine(timezone.localdate(now), time(), portal_zone())
    tomorrow, after = (_next_day(today, count) for count in (1, 2))
    turn = Case(
        When(stalled.on_closed_deal(), then=Value(LEFT_OVER)),
        When(due_at__lt=today, then=Value(LATE)),
        When(due_at__lt=tomorrow, then=Value(TODAY)),
        When(due_at__lt=after, then=Value(TOMORROW)),
        default=Value(LATER),
        output_field=IntegerField(),
    )
    late = Case(When(due_at__lt=today, then=F("due_at")))
    return tasks.annotate(turn=turn).order_by("turn", late.desc(nulls_last=True), "due_at", "pk")


def _next_day(midnight: datetime, count: int) -> datetime:
    return datetime.combine(midnight.date() + timedelta(days=count), time(), portal_zone())


def _local(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(portal_zone())


COLUMNS = (  # of the list as a file
    (_("Task"), lambda task: task.text or str(task.kind or "")),
    (_("Kind"), lambda task: str(task.kind) if task.kind else None),
    (_("Due"), lambda task: _local(task.due_at)),
    (_("Manager"), lambda task: str(task.manager) if task.manager else None),
    (_("No. of the deal"), lambda task: task.deal_id),
    (_("Deal"), lambda task: str(task.deal) if task.deal else None),
    (_("Stage"), lambda task: str(task.deal.stage) if task.deal and task.deal.stage else None),
    (_("Amount"), lambda task: task.deal.price if task.deal else None),
    (_("Completed"), lambda task: _local(task.completed_at)),
)
