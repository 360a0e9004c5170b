"""One item of amoCRM's logs (events, notes) → one row of the mirror: pure functions like those of `rows`.

That something was said, by whom and for how long is kept; what was said, and to which number, is not.
"""

from datetime import tzinfo
from typing import Any

from pipelines.mirror.rows import Item, Row, moment, moment_of, stage_key

PRIVATE_NUMBERS = {8, 11, 13, 14, 15}  # the private field types, as events number them

KINDS = {
    "lead_added": "created",
    "lead_status_changed": "stage",
    "entity_responsible_changed": "owner",
    "sale_field_changed": "price",
    "custom_field_value_changed": "field",
    "lead_deleted": "deleted",
    "lead_restored": "restored",
    "contact_deleted": "deleted",
    "contact_restored": "restored",
    "task_deleted": "deleted",
    "entity_merged": "merged",
    "task_completed": "completed",
    "task_deadline_changed": "deadline",
}
MOVED_ALONG = "lead_status_changed"
# what moves later rows of a list to other pages: theirs, and those of what belongs to them
SHIFTS = (
    "lead_deleted",
    "lead_restored",
    "contact_deleted",
    "contact_restored",
    "company_deleted",
    "company_restored",
    "task_deleted",
    "common_note_deleted",
    "entity_merged",
)
SUBJECTS = {"lead": "deal", "task": "task", "contact": "contact"}


def event_kind(kind: str) -> str | None:
    """amoCRM asks for ``custom_field_value_changed`` and answers with the field's number in the middle."""
    if kind.startswith("custom_field_") and kind.endswith("_value_changed"):
        return "field"
    return KINDS.get(kind)


def event_row(item: Item, zone: tzinfo) -> Row | None:
    kind, subject = event_kind(item["type"]), SUBJECTS.get(item["entity_type"])
    if not kind or not subject or (subject == "contact" and kind not in ("deleted", "restored")):
        return None
    return {
        "id": item["id"],
        "at": moment_of(item, "created_at"),
        "kind": kind,
        "entity": subject,
        "entity_id": item["entity_id"],
        "author_id": item.get("created_by") or None,
        "before": event_value(kind, item.get("value_before")),
        "after": event_value(kind, item.get("value_after")),
    }


def event_value(kind: str, side: Any) -> Any:
    """The bare value of one side of an event; None where amoCRM sends nothing."""
    first: Item = side[0] if isinstance(side, list) and side else {}
    match kind:
        case "stage":
            status = first.get("lead_status") or {}
            return stage_key(status.get("pipeline_id"), status.get("id"))
        case "owner":
            return (first.get("responsible_user") or {}).get("id") or None
        case "price":
            return (first.get("sale_field_value") or {}).get("sale")
        case "deadline":
            return deadline((first.get("task_deadline") or {}).get("timestamp"))
        case "field":
            found = [one["custom_field_value"] for one in side or () if one.get("custom_field_value")]
            if not found:
                return None
            private = found[0].get("field_type") in PRIVATE_NUMBERS
            texts = [True if private else one.get("text") for one in found]
            return {
                "field": found[0].get("field_id"),
                "value": texts[0] if len(texts) == 1 or private else texts,
            }
    return None


def deadline(seconds: int | None) -> str | None:
    """None also for a moment beyond any calendar: the event tells of its correction, which is worth keeping."""
    try:
        due = moment(seconds)
    except (ValueError, OverflowError, OSError):
        return None
    return due.isoformat() if due else None


MESSAGES = {"incoming_chat_message": "message_in", "outgoing_chat_message": "message_out"}


def message_row(item: Item, zone: tzinfo) -> Row | None:
    """A chat message, which amoCRM shows to us as an event only: that it was, never what it said."""
    kind, at = MESSAGES.get(item["type"]), moment_of(item, "created_at")
    if not kind:
        return None
    return {
        "id": item["id"],
        "at": at,
        "kind": kind,
        "deal_id": item["entity_id"] if item["entity_type"] == "lead" else None,
        "contact_id": item["entity_id"] if item["entity_type"] == "contact" else None,
        "manager_id": item.get("created_by") or None,
        "seconds": 0,
        "result": None,
        "updated_at": at,
    }


NOTES = {
    "call_in": "call_in",
    "call_out": "call_out",
    "common": "note",
    "sms_in": "message_in",
    "sms_out": "message_out",
}
NOTE_TYPES = (*NOTES, "amomail_message")


def touch_row(item: Item, *, subject: str) -> Row | None:
    """A note as a touch. ``subject`` is deal, contact or company: it follows from the address the note was read at."""
    kind, params = NOTES.get(item["note_type"]), item.get("params") or {}
    if item["note_type"] == "amomail_message":
        kind = "message_in" if params.get("income") else "message_out"
    if not kind:
        return None
    calls = kind in ("call_in", "call_out")
    return {
        "id": str(item["id"]),
        "at": moment_of(item, "created_at"),
        "kind": kind,
        "deal_id": item["entity_id"] if subject == "deal" else None,
        "contact_id": item["entity_id"] if subject == "contact" else None,
        "manager_id": speaker(item, params) if calls else item.get("created_by") or None,
        "seconds": seconds(params.get("duration")) if calls else 0,
        "result": result(params.get("call_status")) if calls else None,
        "updated_at": moment_of(item, "updated_at"),
    }


def speaker(item: Item, params: Item) -> int | None:
    """Who was on the phone: a telephony names him in ``call_responsible`` and writes the note under its own name."""
    named = params.get("call_responsible")
    if isinstance(named, int) and named:
        return named
    return item.get("created_by") or item.get("responsible_user_id") or None


def result(status: Any) -> int | None:
    """How the call went, 1 to 7; None where the telephony says nothing or something else."""
    number = seconds(status)
    return number if 1 <= number <= 7 else None


def seconds(duration: Any) -> int:
    """A telephony may send ``"87"`` as well as 87."""
    try:
        return max(0, int(duration or 0))
    except (TypeError, ValueError):
        return 0


def deal_touch_row(item: Item, zone: tzinfo) -> Row | None:
    return touch_row(item, subject="deal")


def contact_touch_row(item: Item, zone: tzinfo) -> Row | None:
    return touch_row(item, subject="contact")


def company_touch_row(item: Item, zone: tzinfo) -> Row | None:
    return touch_row(item, subject="company")
