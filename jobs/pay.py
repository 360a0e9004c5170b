"""Background work of the room."""

from celery import shared_task

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.kept_cases import recount_cases
from kpi.statements import refresh_month


@shared_task
def refresh_statements() -> None:
    """Statements of the present month, and of the last one until it is closed: its data may still arrive. With
    them, what is kept of large months (`kpi.kept_cases`)."""
    now = moment.now()
    present = month_of(now, portal_zone())
    refresh_month(present.previous, now)
    refresh_month(present, now)
    recount_cases(now)
