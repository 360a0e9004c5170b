"""Deeds of people: `POST /_control/leads/move {"lead_id": 1, "status_id": 142, "by": 7}` calls the world's verb."""

import inspect
from datetime import datetime
from typing import Any

from sandbox import shapes
from sandbox.refused import NotFound
from sandbox.world import World

VERBS = {
    "leads/create": "create_lead",
    "leads/edit": "edit_lead",
    "leads/move": "move_lead",
    "leads/delete": "delete_lead",
    "leads/restore": "restore_lead",
    "leads/merge": "merge_leads",
    "tasks/create": "create_task",
    "tasks/edit": "edit_task",
    "tasks/complete": "complete_task",
    "tasks/reopen": "reopen_task",
    "tasks/reschedule": "reschedule_task",
    "tasks/delete": "delete_task",
    "notes/create": "add_note",
    "calls/create": "add_call",
    "contacts/create": "create_contact",
    "contacts/edit": "edit_contact",
    "companies/create": "create_company",
    "companies/edit": "edit_company",
    "cards/delete": "delete_card",
    "cards/restore": "restore_card",
    "links/create": "link",
    "links/delete": "unlink",
    "unsorted/create": "create_unsorted",
    "unsorted/accept": "accept_unsorted",
    "unsorted/decline": "decline_unsorted",
    "notes/pin": "pin_note",
    "chats/link": "link_chat",
    "chats/receive": "receive_message",
    "chats/send": "send_message",
    "talks/close": "close_talk",
    "users/create": "create_user",
    "users/rename": "rename_user",
    "users/deactivate": "deactivate_user",
    "users/activate": "activate_user",
    "users/remove": "remove_user",
    "pipelines/create": "create_pipeline",
    "pipelines/rename": "rename_pipeline",
    "pipelines/archive": "archive_pipeline",
    "pipelines/delete": "delete_pipeline",
    "statuses/create": "create_status",
    "statuses/edit": "edit_status",
    "statuses/rename": "rename_status",
    "statuses/delete": "delete_status",
    "loss_reasons/create": "create_loss_reason",
}
MOMENTS = ("at", "complete_till", "created_at", "updated_at", "closed_at")


def listed() -> dict[str, list[str]]:
    """Path → the keys that the verb names."""
    return {
        path: list(inspect.signature(getattr(World, verb)).parameters)[1:] for path, verb in VERBS.items()
    }


def do(world: World, path: str, body: dict[str, Any]) -> Any:
    """Raises NotFound for a deed or a row that is not there, ValueError or TypeError for wrong keys."""
    if path not in VERBS:
        raise NotFound(f"there is no deed {path!r}; GET /_control lists them")
    verb = getattr(world, VERBS[path])
    keys = {key: _moment(key, value) for key, value in body.items()}
    shapes.check(keys)
    try:
        inspect.signature(verb).bind(**keys)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from None
    with world.lock:
        if keys.get("by") not in (None, 0, *world.users):
            raise NotFound(f"by: there is no user {keys['by']}")
        return verb(**keys)


def _moment(key: str, value: Any) -> Any:
    """Moments may be written as ISO dates with an offset."""
    if key not in MOMENTS or not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{key}: {value!r} is neither Unix seconds nor an ISO moment") from None
    if moment.tzinfo is None:
        raise ValueError(f"{key}: {value!r} has no offset")
    return int(moment.timestamp())
