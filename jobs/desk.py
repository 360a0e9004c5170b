"""Background work of the house: tell open pages what may have changed, count slow figures, pay after judging."""

from contextlib import suppress
from typing import Any

from celery import Task, shared_task
from celery.signals import task_postrun
from kombu.exceptions import OperationalError

from core import changes, moment
from core.periods import Period, month_of, parse_month
from core.zone import portal_zone
from jobs.pay import refresh_statements
from metrics import kept_snapshot

PAY_DELAY = 10  # seconds: judgements of that long share one count of the month's pay


@shared_task
def count_desk(label: str = "") -> None:
    """Of a month that a reader has asked for; on schedule of the present one, so that whoever comes after a quiet hour
    finds figures and does not wait for a count."""
    now = moment.now()
    month = parse_month(label, portal_zone()) if label else month_of(now, portal_zone())
    kept_snapshot.recount_snapshot(now, month)
    changes.announce_change(changes.COUNTED)


def ask_for_count(asked: Period) -> None:
    count_desk.apply_async(args=[asked.label], expires=60)


@task_postrun.connect
def ring(task: Task, **_: Any) -> None:
    """After a sync, since not every change is judged, and after pay; judgement rings itself, when it has judged."""
    room, module, _name = task.name.split(".")
    if room == "jobs" and module not in ("analytics", "desk", "judgement"):
        changes.announce_change()


def announce_judgement() -> None:
    """Deals were judged: open pages may look, and the month's pay is counted anew, once for a burst of judgements."""
    changes.announce_change()
    if changes.claim_within(PAY_DELAY, "pay"):
        with suppress(OperationalError):  # the schedule counts it as well
            refresh_statements.apply_async(countdown=PAY_DELAY, retry=False)
