"""What kind of value each key of a body takes, wherever in the body it stands."""

from typing import Any

from sandbox.refused import Refused, invalid_type

_WORDS = {
    "string": "name first_name last_name text note_type type entity_type to_entity_type email lang color "
    "field_code enum_code source_name uid category destination direction phone_number redirect_uri "
    "deauth_url client_id client_secret",
    "int": "id field_id enum_id status_id pipeline_id responsible_user_id created_by updated_by user_id "
    "loss_reason_id entity_id to_entity_id task_type_id duration sort group_id score labor_cost "
    "call_status lead_id task_id contact_id company_id survivor_id note_id by heir_id",
    "moment": "at created_at updated_at closed_at complete_till",
    "bool": "is_completed is_main is_unsorted_on is_api_only archived is_admin default",
    "object": "_embedded metadata params rights link contact",
    "objects": "custom_fields_values values contacts companies leads statuses enums required_statuses "
    "catalog_elements descriptions",
    "array": "settings stages loser_ids",
}
KINDS = {key: kind for kind, keys in _WORDS.items() for key in keys.split()}
LATEST = 2**40
"""Unix seconds that no date reaches."""


def check(node: Any, path: str = "") -> None:
    """Raise `Refused` for the first value of a wrong kind. Null is fine everywhere."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            check(item, f"{path}.{number}" if path else str(number))
    elif isinstance(node, dict):
        for key, value in node.items():
            place = f"{path}.{key}" if path else key
            if value is not None:
                _check_value(KINDS.get(key, ""), value, place)
                check(value, place)


def _check_value(kind: str, value: Any, place: str) -> None:
    number = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "string": isinstance(value, str),
        "int": number,
        "moment": number,
        "bool": isinstance(value, bool),
        "object": isinstance(value, dict),
        "objects": isinstance(value, list) and all(isinstance(item, dict) for item in value),
        "array": isinstance(value, list),
    }
    if not fits.get(kind, True):
        raise invalid_type(place, {"moment": "int", "object": "array", "objects": "array"}.get(kind, kind))
    if kind == "moment" and not 0 <= value < LATEST:
        raise Refused("InvalidDateFormat", place, "This value is not a valid date.")
    if number and abs(value) >= 2**63:
        raise Refused("TooHigh", place, "This value is too high.")
