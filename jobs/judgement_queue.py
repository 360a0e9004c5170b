"""Deals whose story has changed: folded, handed on for judgement, and kept in mind until they have been judged.

``store`` notes them in the statement that changes them. A note goes when a judgement that began after its fold has
ended, so a worker that dies anywhere in between, or a Redis that forgets, costs time and nothing else.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from celery import current_app
from django.db import connection
from django.db.models import Q

from core import locks, moment
from jobs import succession
from pipelines.models import Account, Touched
from timeline import folding

AT_ONCE = 5000  # notes taken together
JUDGED_AT_ONCE = 500  # deals in one message
PATIENCE = timedelta(minutes=10)  # for a judgement; whoever was asked before that has most likely died


def ask_for_judgement(deals: list[int], queue: str | None = None) -> None:
    """By name: judgement stands above the mirror and may not be imported here."""
    for start in range(0, len(deals), JUDGED_AT_ONCE):
        current_app.send_task(
            "jobs.judgement.judge", args=[deals[start : start + JUDGED_AT_ONCE]], queue=queue
        )


def deliver(
    deals: Collection[int] | None = None,
    judge: Callable[[list[int]], None] | None = None,
    *,
    queue: str | None = None,
) -> int:
    """Fold what is noted (of these ``deals`` only) and have it judged; returns how many deals that were.

    ``judge`` judges at once; without it workers of the ``queue`` are asked.
    """
    notes = Touched.objects.filter(Q(sent_at=None) | Q(sent_at__lte=locks.present() - PATIENCE)).order_by(
        "id"
    )
    if deals is not None:
        notes = notes.filter(deal_id__in=deals)
    delivered = 0
    while batch := list(notes.values_list("id", "deal_id")[:AT_ONCE]):
        ids = sorted({deal for _, deal in batch})
        folding.fold(ids)
        taken = Touched.objects.filter(id__in=[note for note, _ in batch])
        if judge:
            judge(ids)
            taken.delete()
        else:
            stamp = locks.present()
            taken.update(sent_at=stamp)
            hand_on(ids, stamp, queue)
        delivered += len(ids)
    return delivered


def hand_on(deals: list[int], stamp: datetime, queue: str | None = None) -> None:
    """Ask for judgement; if that cannot be asked, the notes marked with this ``sent_at`` are open again.

    They are marked before, for the answer may come at once.
    """
    try:
        ask_for_judgement(deals, queue)
    except Exception:
        Touched.objects.filter(sent_at=stamp).update(sent_at=None)
        raise


def one_note_each(last: int, stamp: datetime) -> list[int]:
    """A load leaves several notes of each deal up to ``last``: put one in their place; returns the deals."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH gone AS (DELETE FROM pipelines_touched WHERE id <= %s RETURNING deal_id)
               INSERT INTO pipelines_touched (deal_id, sent_at) SELECT DISTINCT deal_id, %s::timestamptz FROM gone
               RETURNING deal_id""",
            [last, stamp],
        )
        return sorted(deal for (deal,) in cursor.fetchall())


def handed_on(deals: Collection[int]) -> list[int]:
    """The notes of these deals that a judgement which begins now settles."""
    return list(Touched.objects.filter(deal_id__in=deals).exclude(sent_at=None).values_list("id", flat=True))


def settle(notes: Collection[int]) -> None:
    Touched.objects.filter(id__in=notes).delete()


def measure() -> None:
    """Tell PostgreSQL what the tables hold now: its own measuring comes a minute later.

    Until then it may take a table of a million rows for the five that it once held, and look through all of them for
    each task (seen: minutes for the bank's log), or count a desk for eight seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def begin_load() -> None:
    Account.objects.update(loaded_at=None)


def loaded() -> bool:
    """Whether the last full load has been folded and judged."""
    return Account.objects.exclude(loaded_at=None).exists()


def deliver_all(judge: Callable[[], None] | None = None) -> None:
    """The same for the whole mirror after a full load; of workers that have shared the load one does it.

    What `Account.loaded_at` says is missing until it has come to its end: whoever was killed is followed by another.
    """
    with locks.alone("deliver_all") as mine:
        if not mine:
            return
        last = Touched.objects.order_by("-id").values_list("id", flat=True).first() or 0
        succession.hand_over()
        measure()
        folding.fold(None)
        if judge:
            judge()
            Touched.objects.filter(id__lte=last).delete()
        else:
            stamp = locks.present()
            hand_on(one_note_each(last, stamp), stamp)
        measure()  # stays and findings are there now
        Account.objects.update(loaded_at=moment.now())
