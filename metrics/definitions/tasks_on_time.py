"""Tasks done by their time, of those whose time came."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, DateTimeField, F, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from metrics.question import Answer, Question, tally
from metrics.registry import Listing, Metric, register
from metrics.sources import owned_tasks
from pipelines.models import Event, Task


class TextMoment(Func):
    """A moment kept as a bare JSON text."""

    template = "(%(expressions)s #>> '{}')::timestamptz"
    output_field = DateTimeField()


def moved_late(question: Question) -> QuerySet[Any]:
    """Due dates of the period that were moved only after they had passed."""
    period = question.period
    moves = Event.objects.filter(
        kind=Event.Kind.DEADLINE, entity="task", at__gte=period.start, before__isnull=False
    )
    moves = moves.annotate(was_due=TextMoment(F("before")))
    return moves.filter(was_due__gte=period.start, was_due__lt=period.end, at__gt=F("was_due"))


def tasks_due(question: Question) -> QuerySet[Task]:
    """Tasks whose time came in the period, by the present due date or by one that passed before it was moved.

    A task deleted before it was due never counted; one deleted afterwards is still not done.
    """
    due = Task.objects.filter(due_at__gte=question.period.start, due_at__lt=question.moment)
    moved = moved_late(question)
    # a union of keys: with OR the planner would read every task there is
    tasks = Task.objects.filter(pk__in=due.values("pk").union(moved.values("entity_id")))
    passed = moved.filter(entity_id=OuterRef("pk")).order_by("was_due").values("was_due")[:1]
    tasks = tasks.annotate(passed=Subquery(passed)).annotate(promised=Coalesce("passed", "due_at"))
    return owned_tasks(tasks.filter(Q(deleted_at=None) | Q(deleted_at__gte=F("promised"))), F("promised"))


IN_TIME = Q(passed=None, is_completed=True, completed_at__lte=F("due_at"))


def find_share_in_time(question: Question) -> Answer:
    found = tally(tasks_due(question), question, done=Count("pk", filter=IN_TIME))
    return {key: (Decimal(row["done"]) / row["n"], row["n"]) for key, row in found.items()}


register(
    Metric(
        code="tasks_on_time",
        title=_("Tasks done on time"),
        unit="share",
        clock=_("calendar: a due date is a promise to the minute"),
        attribution=_("whose the task is"),
        denominator=_("tasks due in the period so far; one moved or deleted after its time is not on time"),
        by=("manager", "pipeline"),
        options=(),
        empty=None,
        source=tasks_due,
        answer=find_share_in_time,
        waiting=True,
        listed=Listing("tasks", {"since": "", "until": "", "completed": ""}),  # done ones too
    )
)
