"""What kind of value each key of a body takes. Some keys depend on where they stand: see `PLACES`."""

from collections.abc import Mapping
from typing import Any

from sandbox.refused import Refused, invalid_type

_WORDS = {
    "string": "name first_name last_name text note_type type entity_type to_entity_type email lang color "
    "field_code enum_code source_name uid category destination direction phone_number redirect_uri "
    "deauth_url client_id client_secret link code currency remind origin_code chat_id address password",
    "int": "id field_id enum_id status_id pipeline_id responsible_user_id created_by updated_by user_id "
    "loss_reason_id entity_id to_entity_id task_type_id duration sort group_id role_id score labor_cost "
    "call_status lead_id task_id contact_id company_id survivor_id note_id talk_id by heir_id",
    "moment": "at created_at updated_at closed_at complete_till",
    "bool": "is_completed is_main is_unsorted_on is_api_only archived is_admin is_free is_active default "
    "mail_access catalog_access files_access force_close",
    "object": "_embedded metadata params rights contact company",
    "objects": "custom_fields_values values contacts companies leads statuses enums required_statuses "
    "catalog_elements descriptions status_rights",
    "array": "settings stages loser_ids services fields",
}
KINDS = {key: kind for kind, keys in _WORDS.items() for key in keys.split()}
_ANY = ""
PLACES: dict[tuple[str, str], str] = {
    **{("rights", key): "object" for key in ("leads", "contacts", "companies", "tasks")},
    **{("contacts", key): _ANY for key in ("name", "first_name", "last_name")},
    ("pages", "id"): _ANY,
}
"""Kinds of keys inside a certain parent. A person's name inside `contacts` may be a number: the documentation's is."""
_CLOSED = "value"
"""What stands inside it is told by the type of its custom field, see `sandbox.fields`."""
_EMPTY: dict[str, type] = {"object": dict, "objects": list, "array": list}
LATEST = 2**40
"""Unix seconds that no date reaches."""


def check(node: Any, path: str = "", kinds: Mapping[str, str] = KINDS, parent: str = "") -> None:
    """Raise `Refused` for the first value of a wrong kind. Null is fine everywhere.

    An empty list in the place of an object becomes an empty object and the other way round: PHP, at both ends of
    the original, cannot tell them apart. `kinds` tells what the top keys of this body are.
    """
    if isinstance(node, list):
        for number, item in enumerate(node):
            check(item, f"{path}.{number}" if path else str(number), kinds, parent)
    elif isinstance(node, dict):
        for key, value in node.items():
            place = f"{path}.{key}" if path else key
            if value is None:
                continue
            kind = PLACES.get((parent, key), kinds.get(key, _ANY))
            if kind in _EMPTY and value in ([], {}):
                node[key] = _EMPTY[kind]()
                continue
            _check_value(kind, value, place)
            if key != _CLOSED:
                check(value, place, KINDS, key)


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
