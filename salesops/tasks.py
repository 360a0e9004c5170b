"""Background work of the desk: tell open pages what may have changed, and count figures that are slow to count."""

from typing import Any
from zoneinfo import ZoneInfo

from celery import Task, shared_task
from celery.signals import task_postrun
from django.conf import settings

from salesops.desk import pulse, snapshot
from salesops.lib import moment
from salesops.lib.periods import month


@shared_task
def count_desk(label: str) -> None:
    snapshot.recount(moment.now(), month(label, ZoneInfo(settings.TIME_ZONE)))
    pulse.beat(pulse.COUNTED)


@task_postrun.connect
def ring(task: Task, **_: Any) -> None:
    """After judging and pay, when the result can be seen; after a sync too, since not every change is judged."""
    if task.name.partition(".")[0] in {"pipelines", "qc", "kpi"}:
        pulse.beat()
