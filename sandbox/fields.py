"""Values of custom fields: from the write shape to the read shape, and what an event says about a change."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.account_rows import CustomField
from sandbox.refused import Refused, invalid_type, missing, not_supported
from sandbox.rows import FieldValues

EVENT_NUMBERS = {
    "text": 1,
    "numeric": 2,
    "checkbox": 3,
    "select": 4,
    "multiselect": 5,
    "date": 6,
    "url": 7,
    "multitext": 8,
    "textarea": 9,
    "radiobutton": 10,
    "streetaddress": 11,
    "smart_address": 13,
    "birthday": 14,
    "legal_entity": 15,
    "items": 16,
}
"""Field types as numbers in events: the v2 table, the only one that is public."""
CHOICES = {"select", "radiobutton", "multiselect", "category", "multitext"}
NUMBERS = {"numeric", "monetary", "price"}
DATES = {"date", "date_time", "birthday"}


def find_field(known: dict[int, CustomField], item: dict[str, Any], path: str) -> CustomField:
    field_id, code = item.get("field_id"), item.get("field_code")
    if field_id is None and code is None:
        raise missing(f"{path}.field_id")
    if field_id is not None and not isinstance(field_id, int):
        raise invalid_type(f"{path}.field_id", "int")
    found = (
        known.get(field_id)
        if field_id is not None
        else next((f for f in known.values() if f.code == code), None)
    )
    if found is None:
        raise not_supported(f"{path}.field_id" if field_id is not None else f"{path}.field_code")
    return found


def written(known: dict[int, CustomField], items: Any) -> dict[int, FieldValues | None]:
    """What a `custom_fields_values` of a request sets: field id → values, None = cleared. Raises `Refused`."""
    if items is None:
        return dict.fromkeys(known)
    if not isinstance(items, list):
        raise invalid_type("custom_fields_values", "array")
    changes: dict[int, FieldValues | None] = {}
    for number, item in enumerate(items):
        path = f"custom_fields_values.{number}"
        if not isinstance(item, dict):
            raise invalid_type(path, "array")
        field = find_field(known, item, path)
        values = item.get("values")
        if values is None and "values" not in item:
            raise missing(f"{path}.values")
        if not values:
            changes[field.id] = None
            continue
        if not isinstance(values, list):
            raise invalid_type(f"{path}.values", "array")
        kept = [_value(field, value, f"{path}.values.{place}") for place, value in enumerate(values)]
        changes[field.id] = FieldValues(field.id, field.name, field.code, field.type, kept)
    return changes


def _value(field: CustomField, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid_type(path, "array")
    if field.type in CHOICES:
        return _choice(field, value, path)
    if field.type == "chained_list":
        return {key: value.get(key) for key in ("catalog_id", "catalog_element_id")}
    if "value" not in value:
        raise missing(f"{path}.value")
    raw = value["value"]
    if field.type in NUMBERS:
        try:
            number = float(raw)
        except (TypeError, ValueError):
            raise invalid_type(f"{path}.value", "numeric") from None
        return {"value": str(raw) if isinstance(raw, str) else f"{number:.10g}"}
    if field.type in DATES:
        return {"value": _date(raw, f"{path}.value")}
    if field.type == "checkbox":
        return {"value": raw in (True, 1, "1", "true", "Y")}
    if field.type in ("legal_entity", "linked_entity", "file", "smart_address"):
        return dict(value)
    return {"value": "" if raw is None else str(raw)}


def _choice(field: CustomField, value: dict[str, Any], path: str) -> dict[str, Any]:
    enums = field.enums or []
    enum_id, code, text = value.get("enum_id"), value.get("enum_code"), value.get("value")
    if field.type == "multitext":
        chosen = next(
            (enum for enum in enums if enum_id == enum.id or (code and code in (enum.code, enum.value))), None
        )
        if chosen is None and (enum_id is not None or code is not None):
            raise not_supported(f"{path}.{'enum_id' if enum_id is not None else 'enum_code'}")
        if chosen is None and enums:
            chosen = enums[0]
        return {
            "value": str(text or ""),
            "enum_id": chosen.id if chosen else None,
            "enum_code": (chosen.code or chosen.value) if chosen else None,
        }
    for enum in enums:
        if (
            enum_id == enum.id
            or (code is not None and code == enum.code)
            or (text is not None and text == enum.value)
        ):
            return {"value": enum.value, "enum_id": enum.id, "enum_code": enum.code}
    raise not_supported(f"{path}.{'enum_id' if enum_id is not None else 'value'}")


def _date(raw: Any, path: str) -> int:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return int(raw)
    try:
        return int(raw) if str(raw).isdigit() else int(datetime.fromisoformat(str(raw)).timestamp())
    except ValueError:
        raise Refused("InvalidDateFormat", path, "This value is not a valid date.") from None


def event_values(field_type: str | None, values: FieldValues | None) -> list[dict[str, Any]]:
    if values is None:
        return []
    return [
        {
            "custom_field_value": {
                "field_id": values.field_id,
                "field_type": EVENT_NUMBERS.get(field_type or "", 1),
                "enum_id": value.get("enum_id"),
                "text": _text(value.get("value")),
            }
        }
        for value in values.values
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value)


def hook_fields(values: Iterable[FieldValues]) -> list[dict[str, Any]]:
    """The `custom_fields` block of a hook's body."""
    return [
        {
            "id": one.field_id,
            "name": one.field_name,
            "values": [
                {"value": _text(value.get("value")), "enum": value.get("enum_id")} for value in one.values
            ],
            "code": one.field_code,
        }
        for one in values
    ]
