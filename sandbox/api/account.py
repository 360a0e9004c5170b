"""`/account`."""

from typing import Any

import msgspec
from werkzeug import Response

from sandbox.api import get
from sandbox.call import Call, hal
from sandbox.state import plain

ON_REQUEST = ("amojo_id", "uuid", "version", "drive_url", "is_api_filter_enabled")
NAMES = {
    "leads": {"ru": {"gender": "f", "plural_form": {"dative": "сделкам", "default": "сделки"}}},
    "contacts": {"ru": {"gender": "m", "plural_form": {"dative": "контактам", "default": "контакты"}}},
}


def show(call: Call) -> Response:
    account = call.world.account
    row = plain(account)
    extra = {key: row.pop(key) for key in ON_REQUEST}
    row["current_user_id"] = call.user_id
    row.update({key: value for key, value in extra.items() if key in call.shown})
    if "entity_names" in call.shown:
        row["entity_names"] = NAMES
    if "invoices_settings" in call.shown:
        row["invoices_settings"] = {"lang": "ru", "currency": account.currency}
    row["_links"] = {"self": {"href": call.root + call.request.full_path.rstrip("?")}}
    parts: dict[str, Any] = {}
    if "amojo_rights" in call.shown:
        parts["amojo_rights"] = {"can_direct": True, "can_create_groups": True}
    for key in ("users_groups", "task_types", "datetime_settings"):
        if key in call.shown:
            parts[key] = msgspec.to_builtins(getattr(account.embedded, key))
    if parts:
        row["_embedded"] = parts
    return hal(row)


RULES = [get("account", show)]
