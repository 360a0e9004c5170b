"""Tasks that should have been done and were not."""

from django.db.models import Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from metrics.question import Question
from metrics.registry import Metric, register
from metrics.sources import owned_tasks
from metrics.words import NO_DENOMINATOR, STOCK, ZERO
from pipelines.models import Task


def overdue_tasks(question: Question) -> QuerySet[Task]:
    """Tasks that at the question's moment should have been done and were not."""
    at = question.moment
    tasks = Task.objects.filter(Q(deleted_at=None) | Q(deleted_at__gt=at), due_at__lt=at)
    return owned_tasks(tasks.filter(Q(is_completed=False) | Q(completed_at__gt=at)), Value(at))


register(
    Metric(
        code="tasks_overdue",
        title=_("Overdue tasks"),
        unit="count",
        clock=STOCK,
        attribution=_("whose the task is"),
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline", "stage"),
        options=(),
        empty=ZERO,
        source=overdue_tasks,
        waiting=True,
    )
)
