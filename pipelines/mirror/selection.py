"""Which pipelines are mirrored. A deal of another one is not taken up, nor its tasks, notes and events.

A deal that stands here is kept in step wherever it goes: left as it was, it would be judged by a stage it has left.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Model

from pipelines.mirror.entities import Entity, Params
from pipelines.mirror.rows import Row
from pipelines.models import Account, Cursor, Deal, Event, Task

DEPENDENT = ("deals", "tasks", "notes", "messages", "events")  # what a wider choice must read again


def chosen_pipelines() -> frozenset[int] | None:
    """None: all of them, those included that amoCRM gets later."""
    pipelines = Account.objects.values_list("pipelines", flat=True).first()
    return None if pipelines is None else frozenset(pipelines)


def choose_pipelines(account: Account, pipelines: Collection[int] | None) -> bool:
    """Save the choice. A wider one is read in full again, a narrower one deletes nothing; whether a load is due."""
    before = None if account.pipelines is None else set(account.pipelines)
    account.pipelines = None if pipelines is None else sorted(pipelines)
    wider = before is not None and (pipelines is None or not before >= set(pipelines))
    with transaction.atomic():
        account.save(update_fields=["pipelines"])
        if wider:
            Cursor.objects.filter(entity__in=DEPENDENT).update(
                state=Cursor.State.NEW, position=None, as_of=None, lease_until=None, error=""
            )
    return wider


def asked(entity: Entity) -> Params:
    """What narrows a full list to the chosen pipelines; an increment must also tell of deals that leave them."""
    pipelines = chosen_pipelines() if entity.model is Deal else None
    return tuple(("filter[pipeline_id][]", pipeline) for pipeline in sorted(pipelines or ()))


def keep_mirrored(entity: Entity, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows to store. amoCRM ignores filters in silence, hooks ring for every deal: so each row is looked at."""
    if not rows or (entity.model not in (Deal, Event) and "deal_id" not in rows[0]):
        return rows
    pipelines = chosen_pipelines()
    if pipelines is None:
        return rows
    deals = known(Deal, (deal_of(entity, row) for row in rows))
    if entity.model is Deal:
        return [row for row in rows if row["pipeline_id"] in pipelines or row["id"] in deals]
    if entity.model is Event:
        tasks = known(Task, (row["entity_id"] for row in rows if row["entity"] == "task"))
        here = {"deal": deals, "task": tasks}
        ours = {row["id"] for row in rows if row["entity_id"] in here.get(row["entity"], {row["entity_id"]})}
    else:
        ours = {row["id"] for row in rows if row["deal_id"] is None or row["deal_id"] in deals}
    if len(ours) < len(rows):  # what has gone over to a strange deal is followed, too
        ours |= known(entity.model, (row["id"] for row in rows))
    return [row for row in rows if row["id"] in ours]


def latecomers(entity: Entity, rows: Sequence[Row]) -> list[int]:
    """Deals among these rows that are about to come in: their tasks, notes and events may have been left out before."""
    pipelines = chosen_pipelines() if entity.model is Deal else None
    if pipelines is None:
        return []
    comers = {row["id"] for row in rows if row["pipeline_id"] in pipelines}
    return sorted(comers - known(Deal, comers)) if comers else []


def deal_of(entity: Entity, row: Row) -> int | None:
    if entity.model is Event:
        deal: int | None = row["entity_id"] if row["entity"] == "deal" else None
    else:
        deal = row["id"] if entity.model is Deal else row["deal_id"]
    return deal


def known(model: type[Model], ids: Iterable[Any]) -> set[Any]:
    wanted = {key for key in ids if key is not None}
    return set(model._default_manager.filter(pk__in=wanted).values_list("pk", flat=True))
