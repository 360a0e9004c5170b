"""Judgement in the background (queue ``work``); `judge` is called by name at the end of every sync."""

from typing import Any

from celery import shared_task
from django.db import connection
from django.db.models import Q, QuerySet

from core import moment
from jobs import judgement_queue
from pipelines.models import Deal, Stay
from qc import criteria, engine
from qc.models import FullRun, Regulation

PART = 5_000  # deals in one message


@shared_task
def judge(deal_ids: list[int], rules: list[str] | None = None) -> None:
    """By all rules, it settles the notes of what was folded before it began."""
    notes = judgement_queue.handed_on(deal_ids) if rules is None else []
    engine.judge(deal_ids, rules)
    judgement_queue.settle(notes)


@shared_task
def judge_stage(stage_id: str) -> None:
    """Judge the deals that stood on a stage when its newest regulation was published, or came later."""
    newest = Regulation.objects.published().filter(stage=stage_id).first()
    if newest is None:
        return
    stays = Stay.objects.filter(Q(left_at=None) | Q(left_at__gte=newest.published_at), stage=stage_id)
    _send(stays.order_by("deal_id").values_list("deal_id", flat=True).distinct(), None)


@shared_task
def judge_all(rules: list[str] | None = None) -> None:
    """Judge all deals in parts, whatever their terms; also once a night, for whatever was lost on a way unknown."""
    _send(Deal.objects.order_by("id").values_list("id", flat=True), rules)


@shared_task
def judge_by_changed_terms() -> None:
    """Judge everything when norms, rotas, absences or people differ from those of the last full run.

    Most changes are judged at once by those who make them; this finds what came with the dictionaries of amoCRM, and
    what was lost on the way. Killed half-way, it starts again.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtext('qc.full_run'))")
        if not cursor.fetchone()[0]:
            return
        try:
            before = "/".join(map(str, criteria.stamp()))
            if not FullRun.objects.filter(stamp=before).exists():
                engine.judge()
                FullRun.objects.update_or_create(
                    id=1, defaults={"stamp": before, "finished_at": moment.now()}
                )
        finally:
            cursor.execute("select pg_advisory_unlock(hashtext('qc.full_run'))")


def _send(ids: QuerySet[Any, int], rules: list[str] | None) -> None:
    part: list[int] = []
    for deal in ids.iterator(chunk_size=PART):
        part.append(deal)
        if len(part) == PART:
            judge.delay(part, rules)
            part = []
    if part:
        judge.delay(part, rules)
