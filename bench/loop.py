"""What one would write first: judging in a loop over objects. Only the present is judged, and only by plain clocks."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import prefetch_related_objects

from bench.data import NOW
from pipelines.models import Deal
from qc.models import Regulation
from qc.norms import flat_values, read_norms


def judge(ids: Iterable[int]) -> int:
    """How many open findings these deals should have and have not; nothing is written."""
    norms = {
        regulation.stage_id: flat_values(read_norms(regulation.norms))
        for regulation in Regulation.objects.all()
    }
    deals = list(Deal.objects.filter(pk__in=ids).select_related("manager", "stage"))
    prefetch_related_objects(deals, "tasks", "stays", "findings")
    missing = 0
    for deal in deals:
        known = [finding for finding in deal.findings.all() if finding.closes_at is None]
        missing += max(len(list(broken(deal, norms.get(deal.stage_id)))) - len(known), 0)
    return missing


def broken(deal: Any, norm: dict[str, Any] | None) -> Iterator[str]:
    tasks = [task for task in deal.tasks.all() if not task.is_completed]
    since = max(stay.visit_since for stay in deal.stays.all())
    if deal.manager is None or deal.manager.deleted_at:
        yield "its owner is gone"
    for task in tasks:
        if task.due_at < NOW:
            yield "a task is late"
    if norm:
        if norm["max_stay"] and NOW - since > norm["max_stay"]:
            yield "it stands still"
        if norm["needs_task"] and not tasks:
            yield "it has no task"
        if NOW - since > (norm["fields_grace"] or timedelta()) and any(
            not deal.fields.get(field) for field in norm["required_fields"]
        ):
            yield "a field is empty"
