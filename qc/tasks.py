"""Judgement in the background (queue ``work``); `judge` is called by name at the end of every sync."""

from celery import shared_task
from django.db.models import Q

from pipelines.models import Deal, Stay
from qc import engine
from qc.models import Regulation

PART = 5_000  # deals in one message


@shared_task
def judge(deal_ids: list[int], rules: list[str] | None = None) -> None:
    engine.judge(deal_ids, rules)


@shared_task
def judge_stage(stage_id: str) -> None:
    """Judge the deals that the newest version of a stage's regulation is about."""
    versions = list(
        Regulation.objects.filter(stage=stage_id)
        .exclude(published_at=None)
        .order_by("published_at", "version")
    )
    stays = Stay.objects.filter(stage=stage_id)
    if len(versions) > 1:
        stays = stays.filter(Q(left_at=None) | Q(left_at__gte=versions[-1].published_at))
    _send(stays.order_by("deal_id").values_list("deal_id", flat=True).distinct(), None)


@shared_task
def judge_all(rules: list[str] | None = None) -> None:
    _send(Deal.objects.order_by("id").values_list("id", flat=True), rules)


def _send(ids, rules: list[str] | None) -> None:
    part: list[int] = []
    for deal in ids.iterator(chunk_size=PART):
        part.append(deal)
        if len(part) == PART:
            judge.delay(part, rules)
            part = []
    if part:
        judge.delay(part, rules)
