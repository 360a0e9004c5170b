"""Rows for comparison: everything of a kind, in the API's read shape without links, ordered by id."""

from typing import Any

from sandbox.refused import NotFound
from sandbox.world import World

KINDS = [
    "users",
    "roles",
    "pipelines",
    "leads",
    "contacts",
    "companies",
    "tasks",
    "events",
    "notes",
    "custom_fields",
    "loss_reasons",
    "tags",
    "sources",
    "unsorted",
    "chats",
    "talks",
    "webhooks",
]


def listed() -> list[str]:
    return [f"dump/{kind}" for kind in KINDS]


def dump(world: World, kind: str, *, trash: bool) -> list[Any]:
    """What a full read of the API gives (leads: incoming ones too); with `trash` what stands in the trash."""
    if kind not in KINDS:
        raise NotFound(f"there is no dump {kind!r}; there are: {', '.join(KINDS)}")
    if kind == "custom_fields":
        return [field for fields in world.fields.values() for field in fields.values()]
    if kind == "tags":
        return [{"entity_type": of, "tag": tag} for of, tags in world.tags.items() for tag in tags.values()]
    if kind == "events":
        return list(world.events)
    if kind == "tasks":
        rows = [task for task in world.tasks if (task.id in world.trashed_tasks) == trash]
        return sorted(rows, key=lambda task: task.id)
    if kind in ("leads", "contacts", "companies"):
        table: Any = getattr(world, kind)
        return sorted((row for row in table if row.is_deleted == trash), key=lambda row: row.id)
    if kind == "notes":
        return sorted((note for table in world.notes.values() for note in table), key=lambda note: note.id)
    return list(getattr(world, kind).values())
