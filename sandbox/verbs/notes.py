"""Verbs on notes and calls."""

from typing import Any

from sandbox.hooks.bodies import note_body
from sandbox.refused import NotFound, invalid_type, not_supported
from sandbox.rows import Note
from sandbox.state import SINGULAR, Moment
from sandbox.verbs.tasks import TaskVerbs

EVENTS = {
    "common": "common_note_added",
    "call_in": "incoming_call",
    "call_out": "outgoing_call",
    "attachment": "attachment_note_added",
    "geolocation": "geo_note_added",
    "service_message": "service_note_added",
    "extended_service_message": "service_note_added",
    "message_cashier": "message_to_cashier_note_added",
    "sms_in": "incoming_sms",
    "sms_out": "outgoing_sms",
    "site_visit": "site_visit_note_added",
    "targeting_in": "targeting_in_note_added",
    "targeting_out": "targeting_out_note_added",
    "link_followed": "link_followed",
}
"""Note type → the event that tells of it; types without one leave no event."""
WRITABLE = {*EVENTS, "invoice_paid", "bill_paid"} - {
    "site_visit",
    "targeting_in",
    "targeting_out",
    "link_followed",
}


class NoteVerbs(TaskVerbs):
    def add_note(
        self,
        *,
        entity_id: int,
        entity_type: str = "leads",
        note_type: str = "common",
        text: str | None = None,
        params: dict[str, Any] | None = None,
        responsible_user_id: int | None = None,
        created_by: int | None = None,
        created_at: int | None = None,
        by: int | None = None,
        at: Moment = None,
    ) -> Note:
        """A note of any type; `text` is short for `params={"text": …}`. Raises `Refused` or `NotFound`."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            card = self.card(entity_type, entity_id)
            if note_type not in EVENTS and note_type not in WRITABLE:
                raise not_supported("note_type")
            if params is not None and not isinstance(params, dict):
                raise invalid_type("params", "array")
            author = actor if created_by is None else self.employee(created_by, "created_by", robot_too=True)
            owner = card.responsible_user_id
            if responsible_user_id is not None:
                owner = self.employee(responsible_user_id, "responsible_user_id")
            note = Note(
                id=self.next_note_id(),
                entity_id=entity_id,
                created_by=author,
                updated_by=author,
                created_at=moment if created_at is None else created_at,
                updated_at=moment,
                responsible_user_id=owner,
                group_id=self.group_of(owner),
                note_type=note_type,
                params=params if params is not None else {"text": text or ""},
                account_id=self.account.id,
                entity_type=entity_type,
            )
            self.notes[entity_type].put(note)
            entity = SINGULAR[entity_type]
            if note_type in EVENTS:
                after = [{"note": {"id": note.id}}]
                self.record(EVENTS[note_type], entity, entity_id, by=author, at=moment, after=after)
            if entity_type == "leads" and self.switches.note_bumps_lead:
                card.updated_at = moment
                self.put_card(card)
            self._ring_note(note)
            return note

    def add_call(
        self,
        *,
        entity_id: int,
        entity_type: str = "leads",
        direction: str = "outbound",
        duration: int = 0,
        phone: str = "",
        source: str = "sandbox",
        link: str | None = None,
        call_result: str = "",
        call_status: int | None = None,
        call_responsible: int | str | None = None,
        uniq: str | None = None,
        responsible_user_id: int | None = None,
        created_at: int | None = None,
        by: int | None = None,
        at: Moment = None,
    ) -> Note:
        """A call on a card; `duration` in seconds, `call_status` 4 = talked, 6 = no answer, …"""
        if direction not in ("inbound", "outbound"):
            raise not_supported("direction")
        with self.lock:
            params = {
                "uniq": uniq or f"{self.rng.getrandbits(64):016x}",
                "duration": duration,
                "source": source,
                "link": link,
                "phone": phone,
                "call_result": call_result,
                "call_status": call_status if call_status is not None else (4 if duration else 6),
                "call_responsible": call_responsible if call_responsible is not None else self.actor(by),
            }
            return self.add_note(
                entity_id=entity_id,
                entity_type=entity_type,
                note_type="call_in" if direction == "inbound" else "call_out",
                params=params,
                responsible_user_id=responsible_user_id,
                created_at=created_at,
                by=by,
                at=at,
            )

    def edit_note(
        self, *, note_id: int, params: dict[str, Any] | None = None, by: int | None = None, at: Moment = None
    ) -> Note:
        with self.lock:
            note = self.note(note_id)
            note.params = {**note.params, **(params or {})}
            note.updated_at, note.updated_by = self.moment(at), self.actor(by)
            self.notes[note.entity_type].put(note)
            return note

    def pin_note(self, *, note_id: int, pinned: bool = True) -> Note:
        """To the top of the card, or back; neither an edit nor an event."""
        with self.lock:
            note = self.note(note_id)
            note.is_pinned = pinned
            self.notes[note.entity_type].put(note)
            return note

    def note(self, note_id: int) -> Note:
        for table in self.notes.values():
            note = table.get(note_id)
            if note is not None:
                return note
        raise NotFound(f"there is no note {note_id}")

    def _ring_note(self, note: Note) -> None:
        if note.entity_type == "customers":
            return
        group = "leads" if note.entity_type == "leads" else "contacts"
        self.ring(f"note_{SINGULAR[note.entity_type]}", group, "note", note_body(note, self.zone))
