"""Lives of deals that have changed are packed for analytics (queue ``work``)."""

from celery import shared_task

from core import locks
from metrics.analytics import packing


@shared_task
def pack_lives() -> int:
    """Pack what has changed since; returns how many blocks were packed."""
    with locks.hold_alone("jobs.lives") as mine:
        return packing.pack_changed() if mine else 0
