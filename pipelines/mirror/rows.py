"""One item of amoCRM's API → one row of the mirror: pure functions, one per kind.

Every function takes the item as amoCRM sent it and the account's time zone (dates of custom fields are midnights
there) and returns the row's columns, or None for an item that is not mirrored. No phone number, e-mail, address, file
or text of a message passes through here; a task's text does, with telephones and addresses masked.
"""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from pipelines.mirror.masking import mask_contacts

Item = dict[str, Any]
Row = dict[str, Any]

TEXT = 300  # signs of a task's text that are kept
WON, LOST, INCOMING_TYPE = 142, 143, 1
DATES = {"date", "birthday"}
# fields that hold who the client is and where he lives: we keep only that they are filled
PRIVATE = {
    "multitext",
    "smart_address",
    "streetaddress",
    "legal_entity",
    "birthday",
    "file",
    "payer",
    "supplier",
}


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def moment_of(item: Item, name: str) -> datetime:
    """One that every item has. Raises ValueError where it is missing."""
    at = moment(item[name])
    if at is None:
        raise ValueError(f"{name} is missing")
    return at


def stage_key(pipeline: int | None, status: int | None) -> str | None:
    """142 and 143 repeat in every pipeline, so a status alone is no key."""
    return f"{pipeline}:{status}" if pipeline and status else None


def embedded(item: Item, key: str) -> list[Item]:
    return (item.get("_embedded") or {}).get(key) or []


def person_row(item: Item, zone: tzinfo) -> Row:
    rights = item.get("rights") or {}
    groups = embedded(item, "groups")
    return {
        "id": item["id"],
        "name": item.get("name") or "",
        "is_active": bool(rights.get("is_active", True)),
        "is_admin": bool(rights.get("is_admin")),
        "group": groups[0].get("name") or "" if groups else "",
        "deleted_at": None,
    }


def pipeline_row(item: Item, zone: tzinfo) -> Row:
    return {
        "id": item["id"],
        "name": item["name"],
        "sort": item.get("sort") or 0,
        "is_main": bool(item.get("is_main")),
        "is_archived": bool(item.get("is_archive")),
        "deleted_at": None,
    }


def stage_row(item: Item, zone: tzinfo) -> Row:
    status = item["id"]
    kind = {WON: "won", LOST: "lost"}.get(status) or (
        "incoming" if item.get("type") == INCOMING_TYPE else "work"
    )
    return {
        "id": stage_key(item["pipeline_id"], status),
        "pipeline_id": item["pipeline_id"],
        "status": status,
        "name": item["name"],
        "sort": item.get("sort") or 0,
        "color": (item.get("color") or "")[:9],
        "kind": kind,
        "deleted_at": None,
    }


def field_row(item: Item, zone: tzinfo) -> Row:
    return {
        "id": item["id"],
        "name": item["name"],
        "type": item["type"],
        "sort": item.get("sort") or 0,
        "enums": {str(enum["id"]): enum["value"] for enum in item.get("enums") or ()},
        "required_stages": [
            stage_key(at["pipeline_id"], at["status_id"]) for at in item.get("required_statuses") or ()
        ],
        "deleted_at": None,
    }


def loss_reason_row(item: Item, zone: tzinfo) -> Row:
    return {"id": item["id"], "name": item["name"], "sort": item.get("sort") or 0, "deleted_at": None}


def task_type_row(item: Item, zone: tzinfo) -> Row:
    return {"id": item["id"], "name": item["name"], "deleted_at": None}


def contact_row(item: Item, zone: tzinfo) -> Row:
    updated_at = moment_of(item, "updated_at")
    return {
        "id": item["id"],
        "name": item.get("name") or "",
        "updated_at": updated_at,
        "deleted_at": updated_at if item.get("is_deleted") else None,
    }


def deal_row(item: Item, zone: tzinfo) -> Row | None:
    """None for an item of the trash: amoCRM leaves all of it but the id empty there."""
    if item.get("is_deleted"):
        return None
    exact = item.get("price_with_minor_units")  # since 2026, instead of whole units
    price = item.get("price") if exact is None else exact
    contacts = embedded(item, "contacts")
    amount = Decimal(str(price or 0))
    if not amount.is_finite():  # PostgreSQL would take NaN, and no sum would be one any more
        raise ValueError(f"{price!r} is not an amount")
    main = next(
        (contact["id"] for contact in contacts if contact.get("is_main")),
        contacts[0]["id"] if contacts else None,
    )
    return {
        "id": item["id"],
        "name": item.get("name") or "",
        "price": amount,
        "pipeline_id": item["pipeline_id"],
        "stage_id": stage_key(item["pipeline_id"], item["status_id"]),
        "manager_id": item.get("responsible_user_id") or None,
        "contact_id": main,
        "loss_reason_id": item.get("loss_reason_id"),
        "created_by": item.get("created_by") or 0,
        "created_at": moment_of(item, "created_at"),
        "updated_at": moment_of(item, "updated_at"),
        "closed_at": moment(item.get("closed_at")),
        "next_task_at": moment(item.get("closest_task_at")),
        "tags": [tag["name"] for tag in embedded(item, "tags")],
        "fields": field_values(item.get("custom_fields_values") or (), zone),
        "deleted_at": None,
    }


def field_values(fields: Any, zone: tzinfo) -> dict[str, Any]:
    """``{"field id": value}``; several values as a list, dates as ISO dates, moments as ISO moments, numbers as text.

    A private field is ``True``: filled.
    """
    values: dict[str, Any] = {}
    for field in fields:
        kind = field.get("field_type")
        if kind in PRIVATE:
            values[str(field["field_id"])] = True
            continue
        found = field.get("values") or []
        if len(found) == 1:
            values[str(field["field_id"])] = field_value(found[0], kind, zone)
        elif found:
            values[str(field["field_id"])] = [field_value(value, kind, zone) for value in found]
    return values


def field_value(item: Item, kind: str | None, zone: tzinfo) -> Any:
    value = item.get("value", item.get("catalog_element_id"))
    if isinstance(value, dict):  # a linked entity
        return value.get("name")
    if kind in DATES | {"date_time"} and isinstance(value, str) and value.lstrip("-").isdecimal():
        value = int(value)  # as its events and some integrations write it
    if kind in DATES and isinstance(value, int):
        return datetime.fromtimestamp(value, zone).date().isoformat()
    if kind == "date_time" and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).isoformat()
    return value


def task_row(item: Item, zone: tzinfo) -> Row:
    at = item.get("entity_type")
    return {
        "id": item["id"],
        "deal_id": item.get("entity_id") if at == "leads" else None,
        "contact_id": item.get("entity_id") if at == "contacts" else None,
        "manager_id": item.get("responsible_user_id") or None,
        "kind_id": item.get("task_type_id"),
        "text": mask_contacts(item.get("text"))[:TEXT],
        "created_by": item.get("created_by") or 0,
        "created_at": moment_of(item, "created_at"),
        "updated_at": moment_of(item, "updated_at"),
        "due_at": moment_of(item, "complete_till"),
        "is_completed": bool(item.get("is_completed")),
        "text_mark": mark_text(item.get("text")),
        "has_result": has_result(item),
        "deleted_at": None,
    }


def mark_text(text: Any) -> int | None:
    """By which equal texts are known as equal; None without any. Of four bytes: texts beyond number share each mark,
    so that it tells of none which it was.
    """
    words = " ".join(str(text or "").split()).casefold()
    return (
        int.from_bytes(blake2b(words.encode("utf-8", "replace"), digest_size=4).digest()) if words else None
    )


def has_result(item: Item) -> bool | None:
    """Whether anything was written on completing a task: amoCRM sends ``[]`` or a text; None when it does not say."""
    if "result" not in item:
        return None
    result = item["result"]
    text = result.get("text") if isinstance(result, dict) else result
    return bool(str(text).strip()) if text else False
