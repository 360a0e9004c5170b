"""Background work of the house: tell open pages what may have changed, count slow figures, pay after judging."""

from typing import Any
from zoneinfo import ZoneInfo

from celery import Task, shared_task
from celery.signals import task_postrun
from django.conf import settings

from core import changes, moment
from core.periods import Period, month
from jobs.pay import refresh_statements
from metrics import snapshot

PAY_DELAY = 10  # seconds: judgements of that long share one count of the month's pay


@shared_task
def count_desk(label: str) -> None:
    snapshot.recount(moment.now(), month(label, ZoneInfo(settings.TIME_ZONE)))
    changes.beat(changes.COUNTED)


def ask_for_count(asked: Period) -> None:
    count_desk.apply_async(args=[asked.label], expires=60)


@task_postrun.connect
def ring(task: Task, **_: Any) -> None:
    """After judging and pay, when the result can be seen; after a sync too, since not every change is judged."""
    room, module, _name = task.name.split(".")
    if room == "jobs" and module != "desk":
        changes.beat()
    if module == "judgement" and changes.first_within(PAY_DELAY, "pay"):
        refresh_statements.apply_async(countdown=PAY_DELAY)
