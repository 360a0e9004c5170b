"""Reports of analytics that take long, counted in the background."""

from celery import shared_task

from core import changes
from jobs import kept_reports


@shared_task
def count_report(key: str) -> None:
    kept_reports.count_kept(key)
    changes.announce_change(changes.COUNTED)


def ask_for_report(key: str) -> None:
    count_report.apply_async(args=[key], expires=600)
