"""The steps of a stage on one deal, as a checklist that whoever works the deal ticks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core import moment
from pipelines.models import Deal, Stay
from qc.models import Regulation, StepTick
from qc.steps import Branch, Step, read_steps
from team.models import Employee


@dataclass(frozen=True)
class Item:
    """A step, or a branch of the one before it, and who has ticked it when; ``tick`` is None while it is to be done."""

    key: str
    step: Step
    branch: Branch | None
    tick: StepTick | None


def read_checklist(deal: Deal, regulation: Regulation) -> list[Item]:
    """Two queries. A tick counts for the visit in which it was made: a deal that comes back begins anew."""
    steps = read_steps(regulation.steps)
    if not steps:
        return []
    since = _visit_since(deal)
    rows = StepTick.objects.filter(deal=deal, stage=deal.stage_id).select_related("employee")
    ticks = {row.step: row for row in rows if since is None or row.ticked_at >= since}
    return [Item(key, step, branch, ticks.get(key)) for step in steps for key, branch in _keys(step)]


def set_tick(deal: Deal, regulation: Regulation, key: str, done: bool, employee: Employee) -> None:
    """Said twice, it is one tick. Raises LookupError for what is no step of this version."""
    if key not in {key for step in read_steps(regulation.steps) for key, _branch in _keys(step)}:
        raise LookupError(key)
    place = {"deal": deal, "stage_id": deal.stage_id, "step": key}
    if not done:
        StepTick.objects.filter(**place).delete()
        return
    since, now = _visit_since(deal), moment.now()
    row, created = StepTick.objects.get_or_create(**place, defaults={"employee": employee, "ticked_at": now})
    if not created and since is not None and row.ticked_at < since:
        row.employee, row.ticked_at = employee, now
        row.save()


def _keys(step: Step) -> Iterator[tuple[str, Branch | None]]:
    yield step.key, None
    for branch in step.branches:
        yield branch.key, branch


def _visit_since(deal: Deal) -> datetime | None:
    rows = Stay.objects.filter(deal=deal, left_at=None).values_list("visit_since", flat=True)
    return rows.order_by("-entered_at").first()
