"""Rows of amoCRM that cannot be stored: set aside with the reason, so that the rows around them go on."""

import logging
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

import msgspec
from django.db import DatabaseError
from django.db.models import Count

from core import moment
from pipelines.amo.errors import printable
from pipelines.mirror.entities import ENTITIES, Entity
from pipelines.mirror.rows import Item, Row
from pipelines.models import QuarantinedRow

log = logging.getLogger(__name__)
SHOWN = 20


def sort_readable(entity: Entity, items: Iterable[Item], zone: tzinfo) -> list[Row]:
    """The rows that these items stand for; an item that makes no sense is set aside, and so is a row whose text is
    broken: not even its neighbours could be written with it."""
    items = list(items)
    try:
        rows = entity.rows(items, zone)
        msgspec.json.encode(rows)
    except Exception:  # whatever a foreign item makes a pure function raise
        return list({row["id"]: row for item in items for row in one_understood(entity, item, zone)}.values())
    return rows


def one_understood(entity: Entity, item: Item, zone: tzinfo) -> list[Row]:
    try:
        parts = list(entity.spread(item))
    except Exception as error:
        set_aside(entity, item.get("id"), error)
        return []
    rows: list[Row] = []
    for part in parts:
        try:
            rows += [whole(row) for row in (entity.row(part, zone),) if row]
        except Exception as error:
            set_aside(entity, key_of(entity, part), error)
    return rows


def key_of(entity: Entity, part: Any) -> object:
    return entity.key_of(part) if isinstance(part, dict) else None


def whole(row: Row) -> Row:
    """The row, if all its text is. Raises ValueError with the column that is not."""
    for name, value in row.items():
        try:
            msgspec.json.encode(value)
        except UnicodeEncodeError as error:
            broken = error.object[max(0, error.start - 20) : error.end + 20]
            raise ValueError(f"{name} is broken text, no valid UTF-8: “{broken}”") from error
    return row


def set_aside(entity: Entity, key: object, error: Exception) -> None:
    """Remember the row and why; a row that is set aside again has the newest reason."""
    name = printable(str(key))
    one = QuarantinedRow(
        entity=entity.name, remote_id=name, reason=printable(explain_refusal(error)), at=moment.now()
    )
    log.warning("%s %s cannot be stored: %s", entity.name, name, one.reason)
    QuarantinedRow.objects.bulk_create(
        [one], update_conflicts=True, unique_fields=["entity", "remote_id"], update_fields=["reason", "at"]
    )


def explain_refusal(error: Exception) -> str:
    """One line; PostgreSQL's further lines repeat the row."""
    text = (str(error).splitlines() or [""])[0]
    return text if text and isinstance(error, DatabaseError) else f"{type(error).__name__}: {text}"


def any_of(entity: Entity) -> bool:
    return QuarantinedRow.objects.filter(entity=entity.name).exists()


def release_rows(entity: Entity, keys: Iterable[object] | None = None) -> None:
    """What concerns us no longer; None: all of it is about to be read again."""
    aside = QuarantinedRow.objects.filter(entity=entity.name)
    (aside if keys is None else aside.filter(remote_id__in=map(str, keys))).delete()


def count_set_aside() -> dict[str, int]:
    """How many rows stand aside, by entity."""
    counted = QuarantinedRow.objects.order_by().values_list("entity").annotate(rows=Count("pk"))
    return dict(counted)


def list_set_aside() -> dict[str, Any]:
    """What stands aside on the sync page: how many rows, and the newest of them."""
    newest = [
        {
            "label": ENTITIES[one.entity].label,
            "remote_id": one.remote_id,
            "reason": one.reason,
            "at": one.at,
        }
        for one in QuarantinedRow.objects.all()[:SHOWN]
    ]
    return {"count": sum(count_set_aside().values()), "newest": newest}
