"""Reports on schedule, and the proposals that pages show."""

from celery import shared_task

from core import locks, moment
from notices.proposed import count_proposals
from notices.reports.issuing import issue_due


@shared_task
def issue_reports() -> int:
    """Freeze what is due since Monday, or the month's first day, nine o'clock; once, however often it runs."""
    with locks.hold_alone("jobs.reports") as mine:
        return len(issue_due(moment.now())) if mine else 0


@shared_task
def refresh_proposals() -> None:
    with locks.hold_alone("jobs.proposals") as mine:
        if mine:
            count_proposals()
