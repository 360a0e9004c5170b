"""What changes of regulations, rules and control have brought is measured by the clock (queue ``work``)."""

from datetime import timedelta

from celery import shared_task

from core import locks, moment
from qc import measured
from qc.marks import read_marks

LOOK_BACK = timedelta(days=366)
AT_ONCE = 3  # effects; one takes seconds


@shared_task
def measure_effects() -> None:
    """What was not measured yet, or goes on: a few at a time, so that other work has its turn."""
    with locks.hold_alone("qc.effects") as mine:
        if mine:
            now = moment.now()
            measured.measure_stale(read_marks(now - LOOK_BACK, now, now), now, AT_ONCE)
