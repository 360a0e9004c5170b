"""What every worker does besides its work: tell open pages that something may have changed."""

from typing import Any

from celery import Task
from celery.signals import task_postrun

from salesops.desk import pulse


@task_postrun.connect
def ring(task: Task, **_: Any) -> None:
    """After judging and pay, when the result can be seen; after a sync too, since not every change is judged."""
    if task.name.partition(".")[0] in {"pipelines", "qc", "kpi"}:
        pulse.beat()
