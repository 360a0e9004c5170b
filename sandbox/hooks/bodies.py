"""Bodies of hooks as nested arrays, key by key in the recorded order; nulls vanish when they are encoded."""

import json
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from sandbox.fields import hook_fields
from sandbox.rows import Company, Contact, Lead, Note, Talk, Task, TaskResult, Unsorted
from sandbox.switches import Switches

ELEMENT_TYPES = {"contacts": 1, "leads": 2, "companies": 3, "customers": 12}
NOTE_NUMBERS = {
    "common": 4,
    "attachment": 5,
    "call_in": 10,
    "call_out": 11,
    "service_message": 25,
    "sms_in": 102,
    "sms_out": 103,
}


def compact(value: Any) -> str:
    """JSON inside a form, as PHP writes it: without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def local(moment: int, zone: tzinfo) -> str:
    """Account-local date and time without an offset."""
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M:%S")


def lead_body(
    lead: Lead,
    *,
    old_status_id: int | None = None,
    old_pipeline_id: int | None = None,
    old_responsible_user_id: int | None = None,
) -> dict[str, Any]:
    return {
        "id": lead.id,
        "name": lead.name,
        "status_id": lead.status_id,
        "old_status_id": old_status_id,
        "price": "" if lead.price is None else lead.price,
        "responsible_user_id": lead.responsible_user_id,
        "last_modified": lead.updated_at,
        "modified_user_id": lead.updated_by,
        "created_user_id": lead.created_by,
        "date_create": lead.created_at,
        "pipeline_id": lead.pipeline_id,
        "old_pipeline_id": old_pipeline_id,
        "tags": [{"id": tag.id, "name": tag.name} for tag in lead.embedded.tags],
        "account_id": lead.account_id,
        "custom_fields": hook_fields(lead.custom_fields_values or ()),
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "old_responsible_user_id": old_responsible_user_id,
    }


def deleted_lead_body(lead: Lead) -> dict[str, Any]:
    return {"id": lead.id, "status_id": lead.status_id, "pipeline_id": lead.pipeline_id}


def card_body(
    card: Contact | Company,
    *,
    company: Company | None = None,
    lead_ids: list[int] | None = None,
    old_responsible_user_id: int | None = None,
) -> dict[str, Any]:
    """A contact, or a company: both come under `contacts`, told apart by `type`."""
    return {
        "id": card.id,
        "name": card.name,
        "responsible_user_id": card.responsible_user_id,
        "old_responsible_user_id": old_responsible_user_id,
        "date_create": card.created_at,
        "last_modified": card.updated_at,
        "created_user_id": card.created_by,
        "modified_user_id": card.updated_by,
        "company_name": company.name if company else None,
        "linked_company_id": company.id if company else None,
        "account_id": card.account_id,
        "custom_fields": hook_fields(card.custom_fields_values or ()),
        "linked_leads_id": {lead_id: {"ID": lead_id} for lead_id in lead_ids or ()},
        "tags": [{"id": tag.id, "name": tag.name} for tag in card.embedded.tags],
        "created_at": card.created_at,
        "updated_at": card.updated_at,
        "type": "contact" if isinstance(card, Contact) else "company",
    }


def task_body(
    task: Task,
    zone: tzinfo,
    switches: Switches,
    *,
    closed_now: bool = False,
    old_responsible_user_id: int | None = None,
) -> dict[Any, Any]:
    def date(moment: int) -> str | int:
        return moment if switches.task_hook_dates == "unix" else local(moment, zone)

    body = {
        "id": task.id,
        "element_id": task.entity_id,
        "element_type": ELEMENT_TYPES.get(task.entity_type or ""),
        "task_type": task.task_type_id,
        "date_create": date(task.created_at),
        "text": task.text,
        "status": task.is_completed,
        "account_id": task.account_id,
        "created_user_id": task.created_by,
        "last_modified": date(task.updated_at),
        "responsible_user_id": task.responsible_user_id,
        "complete_till": date(task.complete_till),
        "action_close": True if closed_now else None,
        "result": {"id": task.id, "text": task.result.text} if isinstance(task.result, TaskResult) else None,
        "old_responsible_user_id": old_responsible_user_id,
    }
    return {0: body} if switches.task_hook_nested else body


def deleted_task_body(task: Task, switches: Switches) -> dict[Any, Any]:
    body = {
        "id": task.id,
        "element_id": task.entity_id,
        "element_type": ELEMENT_TYPES.get(task.entity_type or ""),
    }
    return {0: body} if switches.task_hook_nested else body


def note_body(note: Note, zone: tzinfo) -> dict[str, Any]:
    text = note.params.get("text", "")
    if note.note_type in ("call_in", "call_out"):
        call = {key.upper(): note.params.get(key) for key in ("uniq", "link", "phone", "duration")}
        text = compact({**call, "SRC": note.params.get("source")})
    metadata = {"event_source": {"type": 1, "author_name": ""}, "text": text, "entity_id": note.entity_id}
    return {
        "note": {
            "id": note.id,
            "element_id": note.entity_id,
            "element_type": ELEMENT_TYPES[note.entity_type],
            "note_type": NOTE_NUMBERS.get(note.note_type, 4),
            "text": text,
            "date_create": local(note.created_at, zone),
            "timestamp_x": local(note.updated_at, zone),
            "main_user_id": note.responsible_user_id,
            "created_by": note.created_by,
            "modified_by": note.updated_by,
            "group_id": note.group_id,
            "attachement": "",
            "editable": "Y",
            "account_id": note.account_id,
            "metadata": compact(metadata),
        }
    }


def message_body(
    talk: Talk, message_id: str, text: str, at: int, *, incoming: bool, author: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": message_id,
        "chat_id": talk.chat_id,
        "talk_id": talk.talk_id,
        "contact_id": talk.contact_id,
        "text": text,
        "created_at": at,
        "element_type": ELEMENT_TYPES.get(f"{talk.entity_type}s"),
        "entity_type": talk.entity_type,
        "element_id": talk.entity_id,
        "entity_id": talk.entity_id,
        "type": "incoming" if incoming else "outgoing",
        "author": author,
        "origin": talk.origin,
    }


def talk_body(talk: Talk) -> dict[str, Any]:
    return {
        "talk_id": talk.talk_id,
        "created_at": talk.created_at,
        "updated_at": talk.updated_at,
        "rate": talk.rate,
        "contact_id": talk.contact_id,
        "chat_id": talk.chat_id,
        "entity_id": talk.entity_id,
        "entity_type": talk.entity_type,
        "is_in_work": talk.is_in_work,
        "is_read": talk.is_read,
        "origin": talk.origin,
    }


def unsorted_body(row: Unsorted, lead: Lead | None) -> dict[str, Any]:
    return {
        "uid": row.uid,
        "category": row.category,
        "account_id": row.account_id,
        "source": row.source_name,
        "pipeline_id": row.pipeline_id,
        "source_data": msgspec.to_builtins(row.metadata),
        "data": {"leads": [lead_body(lead)] if lead else None},
        "created_at": row.created_at,
    }


def sorted_out_body(row: Unsorted, action: str, at: int) -> dict[str, Any]:
    """An incoming lead that was accepted or declined: it leaves «Неразобранное»."""
    return {
        "action": action,
        "uid": row.uid,
        "category": row.category,
        "created_at": at,
        f"{action}_result": {
            "leads": [ref.id for ref in row.embedded.leads],
            "contacts": [ref.id for ref in row.embedded.contacts],
        },
    }
