"""Reports on schedule, and the proposals that pages show."""

from datetime import datetime

from celery import shared_task

from core import locks, moment
from notices.proposed import count_proposals
from notices.reports.issuing import issue_due
from pipelines.mirror import freshness
from pipelines.models import JudgementRequest
from qc.models import FullRun

WAITING = 500  # deals in the queue of judgement: with more, a report would miss what is in it


@shared_task
def issue_reports() -> int:
    """Freeze what is due since Monday, or the month's first day, nine o'clock; once, however often it runs."""
    now = moment.now()
    with locks.hold_alone("jobs.reports") as mine:
        return len(issue_due(now)) if mine and is_known(now) else 0


def is_known(now: datetime) -> bool:
    """Whether the mirror is whole and fresh, and what it says has been judged: nobody wants half a week frozen."""
    fresh = freshness.is_connected() and freshness.overall_freshness(now).state in ("fresh", "stale")
    return fresh and FullRun.objects.exists() and not JudgementRequest.objects.all()[WAITING:].exists()


@shared_task
def refresh_proposals() -> None:
    with locks.hold_alone("jobs.proposals") as mine:
        if mine:
            count_proposals()
