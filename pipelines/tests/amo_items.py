"""Parts of items as amoCRM sends them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]  # numbers


def field(kind: str, *values: Any) -> dict[str, Any]:
    return {
        "field_id": 5,
        "field_name": "Поле",
        "field_code": None,
        "field_type": kind,
        "values": list(values),
    }


def custom(text: str | None, enum: int | None = None, kind: int = 4) -> dict[str, Any]:
    return {"custom_field_value": {"field_id": 71, "field_type": kind, "enum_id": enum, "text": text}}


def status(key: int, pipeline: int = 437642) -> dict[str, Any]:
    return {"lead_status": {"id": key, "pipeline_id": pipeline}}


NOTE: dict[str, Any] = {
    "id": 42709325,
    "entity_id": 26050861,
    "created_by": 940088,
    "updated_by": 940088,
    "created_at": 1540407495,
    "updated_at": 1540408317,
    "responsible_user_id": 939801,
    "group_id": 0,
    "note_type": "common",
    "params": {"text": "Тайна"},
    "account_id": 17079858,
}
