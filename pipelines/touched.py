"""Deals whose story has changed, until they have been folded and handed on for judgement.

``store`` notes them in the statement that changes them, so a worker that dies in between leaves them here for the next.
Handing on twice is harmless, not handing on is not: notes are removed last.
"""

from collections.abc import Callable, Collection

from celery import current_app
from django.db import connection

from pipelines import folding, leases
from pipelines.exports import succession
from pipelines.models import Touched

AT_ONCE = 5000  # notes taken together
JUDGED_AT_ONCE = 500  # deals in one message


def ask_for_judgement(deals: list[int], queue: str | None = None) -> None:
    """By name: judgement stands above the mirror and may not be imported here."""
    for start in range(0, len(deals), JUDGED_AT_ONCE):
        current_app.send_task("qc.tasks.judge", args=[deals[start : start + JUDGED_AT_ONCE]], queue=queue)


def deliver(deals: Collection[int] | None = None, judge: Callable[[list[int]], None] | None = None) -> int:
    """Fold and hand on what is noted (of these ``deals`` only); returns how many deals that were."""
    notes = Touched.objects.order_by("id")
    if deals is not None:
        notes = notes.filter(deal_id__in=deals)
    delivered = 0
    while batch := list(notes.values_list("id", "deal_id")[:AT_ONCE]):
        ids = sorted({deal for _, deal in batch})
        folding.fold(ids)
        (judge or ask_for_judgement)(ids)
        Touched.objects.filter(id__in=[note for note, _ in batch]).delete()
        delivered += len(ids)
    return delivered


def measure() -> None:
    """Tell PostgreSQL what the tables hold now: its own measuring comes a minute later.

    Until then it may take a table of a million rows for the five that it once held, and look through all of them for
    each task (seen: minutes for the bank's log), or count a desk for eight seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def deliver_all(judge: Callable[[], None]) -> None:
    """The same for the whole mirror after a full load; of workers that have shared the load one does it."""
    with leases.alone("deliver_all") as mine:
        if not mine:
            return
        last = Touched.objects.order_by("-id").values_list("id", flat=True).first()
        succession.hand_over()
        measure()
        folding.fold(None)
        judge()
        measure()  # stays and findings are there now
        if last:
            Touched.objects.filter(id__lte=last).delete()
