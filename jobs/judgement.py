"""Judgement in the background (queue ``work``): the queue is drained by the clock, and demanded where nobody has."""

from celery import shared_task
from django.db import transaction

from core import locks, moment
from jobs import judgement_queue
from pipelines.models import JudgementRequest
from qc import full_runs, in_due_time

SLICE = 20  # seconds: other work of the queue has its turn


@shared_task
def judge_waiting() -> None:
    in_due_time.put_in_force(moment.now())
    judgement_queue.judge_waiting(SLICE)


@shared_task
def demand_all() -> None:
    """Once a night, for whatever was lost on a way unknown."""
    JudgementRequest.objects.demand_all()


@shared_task
def demand_by_changed_terms() -> None:
    """Have everything judged when norms, rotas, absences or people differ from those of the last time.

    Most changes are demanded by those who make them; this finds what came with the dictionaries of amoCRM.
    """
    with locks.hold_alone("qc.terms") as mine:
        if not mine:
            return
        present = full_runs.stamp_terms()
        if full_runs.is_judged_by(present):
            return
        with transaction.atomic():
            JudgementRequest.objects.demand_all()
            full_runs.note_run(present)
