"""The mirror beside the account that it mirrors, row by row and column by column.

What amoCRM would show goes through the same row functions as everything else (`test_rows` holds those to recorded
answers) and is taken from the sandbox's memory, not from its API: what paging, filters, hooks or time have lost shows.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db.models import Min, Q

from pipelines.mirror import log_rows
from pipelines.mirror.entities import ENTITIES
from pipelines.mirror.rows import Item, Row
from pipelines.models import Deal, Event, Stay, Task, Touch
from sandbox.control.rows import dump
from sandbox.world import World

SHOWN = 20  # differences named in one failure
LAGGING = {"next_task_at"}  # amoCRM's own closest_task_at moves without a word; nothing reads it here
NOTES = {
    "leads": log_rows.deal_touch_row,
    "contacts": log_rows.contact_touch_row,
    "companies": log_rows.company_touch_row,
}


def assert_mirror_equals(world: World, pipelines: Collection[int] | None = None) -> None:
    """Every row of the sandbox's account is here as it is there, and nothing else is alive here.

    With ``pipelines`` only their deals must be here, and what belongs to them.
    """
    with world.lock:
        found = list(differences(world, pipelines))
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:SHOWN])


def differences(world: World, pipelines: Collection[int] | None = None) -> Iterator[str]:
    """One line for each row that is missing, different, or alive without being there."""
    strange = set() if pipelines is None else strangers(world, pipelines)
    for name, items in shown(world).items():
        entity = ENTITIES[name]
        wanted = {row["id"]: row for row in entity.rows(items, world.zone)}
        if strange:
            here = set(entity.model._default_manager.values_list("pk", flat=True))
            wanted = {
                key: row for key, row in wanted.items() if key in here or of_deal(name, row) not in strange
            }
        alive = entity.model._default_manager.filter(deleted_at=None)
        if name == "contacts":  # those of incoming deals are hidden until the deal is accepted
            alive = alive.exclude(pk__in=[card.id for card in world.contacts if card.is_unsorted])
        yield from compare(name, wanted, alive.values())
    heard = set(Touch.objects.values_list("pk", flat=True))
    said = {key: row for key, row in touches(world).items() if key in heard or row["deal_id"] not in strange}
    yield from compare("touches", said, Touch.objects.values(), gone_matters=False)
    happened, here = events(world)
    if pipelines is not None:
        happened = {key: row for key, row in happened.items() if is_ours(world, row, strange)}
    yield from compare("events", happened, here)
    yield from folded()


def strangers(world: World, pipelines: Collection[int]) -> set[int]:
    """Deals that need not be here and are not: of other pipelines, or deleted before anybody saw them."""
    known = set(Deal.objects.values_list("id", flat=True))
    return {
        lead.id
        for lead in world.leads
        if lead.id not in known and (lead.is_deleted or lead.pipeline_id not in pipelines)
    }


def is_ours(world: World, event: Row, strange: set[int]) -> bool:
    """Whether it must be here: not that of a strange deal, nor of a task that went before anybody saw it."""
    if Event.objects.filter(pk=event["id"]).exists():
        return True
    key = event["entity_id"]
    if event["entity"] == "task":
        task = world.tasks.rows[key]
        seen = key not in world.trashed_tasks or Task.objects.filter(pk=key).exists()
        return seen and (task.entity_type != "leads" or task.entity_id not in strange)
    return event["entity"] != "deal" or key not in strange


def of_deal(name: str, row: Row) -> int | None:
    return {"deals": row["id"], "tasks": row.get("deal_id")}.get(name)


def shown(world: World) -> dict[str, list[Item]]:
    """What a full read gives for every entity whose rows can be deleted."""
    pipelines = items(dump(world, "pipelines", trash=False))
    contacts = [card for card in dump(world, "contacts", trash=False) if not card.is_unsorted]
    return {
        "users": [user_item(world, item) for item in items(dump(world, "users", trash=False))],
        "pipelines": pipelines,
        "stages": pipelines,
        "fields": items(world.fields["leads"].values()),
        "loss_reasons": items(dump(world, "loss_reasons", trash=False)),
        "task_types": items(world.account.embedded.task_types),
        "contacts": items(contacts),
        "deals": items(dump(world, "leads", trash=False)),
        "tasks": items(dump(world, "tasks", trash=False)),
    }


def items(rows: Iterable[Any]) -> list[Item]:
    return [msgspec.json.decode(msgspec.json.encode(row)) for row in rows]


def user_item(world: World, item: Item) -> Item:
    groups = [
        one for one in world.account.embedded.users_groups if one.id == (item["rights"]["group_id"] or 0)
    ]
    return {**item, "_embedded": {"groups": items(groups)}}


def touches(world: World) -> dict[Any, Row]:
    made = [
        NOTES[kind](item, world.zone)
        for kind, table in world.notes.items()
        if kind in NOTES
        for item in items(table)
    ]
    made += [log_rows.message_row(item, world.zone) for item in event_items(world)]
    return {row["id"]: row for row in made if row}


def event_items(world: World) -> list[Item]:
    """As far back as amoCRM's log reaches."""
    days = world.switches.events_retention_days
    oldest = world.clock.timestamp() - days * 86_400 if days else 0
    return [item for item in items(world.events) if item["created_at"] >= oldest]


def events(world: World) -> tuple[dict[Any, Row], Any]:
    """Both sides since the moment from which the log is read: the first deal's."""
    known = event_items(world)
    first = Deal.objects.aggregate(first=Min("created_at"))["first"] or datetime.max.replace(tzinfo=UTC)
    oldest = min((item["created_at"] for item in known), default=0)
    since = max(first, datetime.fromtimestamp(oldest, UTC))
    made = (log_rows.event_row(item, world.zone) for item in known)
    wanted = {row["id"]: row for row in made if row and row["at"] >= since}
    return wanted, Event.objects.filter(at__gte=since).values()


def compare(
    name: str, wanted: dict[Any, Row], here: Iterable[Row], *, gone_matters: bool = True
) -> Iterator[str]:
    standing = {row["id"]: row for row in here}
    for key, row in wanted.items():
        if key not in standing:
            yield f"{name} {key}: missing here"
            continue
        different = {
            column: (standing[key][column], value)
            for column, value in row.items()
            if column not in LAGGING and standing[key][column] != value
        }
        if different:
            yield f"{name} {key}: " + ", ".join(
                f"{column} is {mine!r}, there {theirs!r}" for column, (mine, theirs) in different.items()
            )
    for key in standing.keys() - wanted.keys() if gone_matters else ():
        yield f"{name} {key}: alive here, not there"


def folded() -> Iterator[str]:
    """What follows from the rows: where a deal stands, and when a task was done."""
    now = Stay.objects.filter(left_at=None, deal__deleted_at=None)
    for deal, *place in now.values_list("deal_id", "stage_id", "manager_id", "deal__stage", "deal__manager"):
        if place[:2] != place[2:]:
            yield f"deal {deal}: its last stay is in {place[0]} with {place[1]}"
    for deal in Deal.objects.filter(deleted_at=None).exclude(pk__in=now.values("deal")):
        yield f"deal {deal.pk}: it stays nowhere"
    done = Q(is_completed=True, completed_at=None) | Q(is_completed=False) & ~Q(completed_at=None)
    for task in Task.objects.filter(done, deleted_at=None):
        yield f"task {task.pk}: completion was not folded"
