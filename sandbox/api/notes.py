"""Notes of cards: `/{entity}/notes` and `/{entity}/{id}/notes`."""

from typing import Any

from werkzeug import Response

from sandbox.api import collection, get, patch, post
from sandbox.api.writes import answer, check_all, items, need, request_id, row_id, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import any_of, numbers, ordered, span
from sandbox.paging import asked
from sandbox.php_query import values
from sandbox.problems import not_found
from sandbox.refused import NotFound, invalid_type, not_supported
from sandbox.rows import Note
from sandbox.state import plain

KINDS = "<any(leads,contacts,companies,customers):kind>"
SHAPES = {"common": ("text",), "call_in": ("uniq", "duration", "source", "phone"), "call_out": ("phone",)}


def note_json(call: Call, note: Note, listed: bool = False) -> dict[str, Any]:
    row = plain(note)
    kind, pinned = row.pop("entity_type"), row.pop("is_pinned")
    if "is_pinned" in call.shown:
        row["is_pinned"] = pinned
    row["_links"] = call.self_link(f"{kind}/{note.entity_id}/notes/{note.id}", listed)
    return row


def list_notes(call: Call, kind: str, card_id: int | None = None) -> Response:
    page, wanted, notes = asked(call), call.filter, call.world.notes[kind]
    query = ordered(call, ("updated_at", "id"))
    if card_id is not None:
        query.groups["card"] = [card_id]
    elif "entity_id" in wanted:
        query.groups["card"] = numbers(wanted["entity_id"])
    if "id" in wanted:
        query.ids = numbers(wanted["id"])
    if "note_type" in wanted:
        query.tests.append(any_of("note_type", values(wanted["note_type"])))
    if "is_pinned" in wanted:
        query.tests.append(
            any_of("is_pinned", [value in ("1", "true") for value in values(wanted["is_pinned"])])
        )
    changed = span(wanted.get("updated_at"), scalar="after")
    if changed is not None:
        query.spans["updated_at"] = changed
    rows = notes.page(query, page.start, page.limit + 1, call.sought)
    if not rows:
        return nothing()
    shown = [note_json(call, note, listed=True) for note in rows[: page.limit]]
    return hal(collection(call, page, "notes", shown, len(rows) > page.limit))


def _found(call: Call, kind: str, note_id: int, card_id: int | None) -> Note | None:
    note = call.world.notes[kind].get(note_id)
    if note is None or card_id not in (None, note.entity_id):
        return None
    return note


def show_note(call: Call, kind: str, note_id: int, card_id: int | None = None) -> Response:
    note = _found(call, kind, note_id, card_id)
    return nothing() if note is None else hal(note_json(call, note))


def _check(call: Call, kind: str, item: dict[str, Any]) -> None:
    need(item, "entity_id", "note_type", "params")
    if not isinstance(item["params"], dict):
        raise invalid_type("params", "array")
    for key in SHAPES.get(item["note_type"], ()):
        if key not in item["params"]:
            need({}, f"params.{key}")
    try:
        call.world.card(kind, item["entity_id"])
    except NotFound:
        raise not_supported("entity_id") from None


def add_notes(call: Call, kind: str, card_id: int | None = None) -> Response:
    listed = items(call)
    if card_id is not None:
        listed = [{**item, "entity_id": card_id} for item in listed]
    check_all(listed, lambda item: _check(call, kind, item))

    def write(item: dict[str, Any]) -> Note:
        return call.world.add_note(
            entity_id=item["entity_id"],
            entity_type=kind,
            note_type=item["note_type"],
            params=item["params"],
            responsible_user_id=item.get("responsible_user_id"),
            created_by=item.get("created_by"),
            created_at=item.get("created_at"),
            by=call.user_id,
        )

    done = write_all(listed, write)
    rows = [_short(call, note, {"request_id": one}) for one, note in done]
    return answer(call, "notes", rows)


def _short(call: Call, note: Note, more: dict[str, Any]) -> dict[str, Any]:
    links = call.self_link(f"{note.entity_type}/{note.entity_id}/notes/{note.id}")
    return {"id": note.id, "entity_id": note.entity_id, **more, "_links": links}


def change_notes(call: Call, kind: str, card_id: int | None = None) -> Response:
    listed = items(call)

    def write(item: dict[str, Any]) -> Note:
        note = _found(call, kind, row_id(item), card_id)
        if note is None:
            raise not_supported("id")
        return call.world.edit_note(note_id=note.id, params=item.get("params"), by=call.user_id)

    done = write_all(listed, write)
    rows = [_short(call, note, {"updated_at": note.updated_at, "request_id": one}) for one, note in done]
    return answer(call, "notes", rows)


def change_note(call: Call, kind: str, note_id: int, card_id: int | None = None) -> Response:
    if _found(call, kind, note_id, card_id) is None:
        raise not_found()
    item = single(call)
    note = call.world.edit_note(note_id=note_id, params=item.get("params"), by=call.user_id)
    return hal(_short(call, note, {"updated_at": note.updated_at, "request_id": request_id(item, 0)}))


def pin_note(
    call: Call, kind: str, note_id: int, card_id: int | None = None, pinned: bool = True
) -> Response:
    if _found(call, kind, note_id, card_id) is None:
        raise not_found()
    call.world.pin_note(note_id=note_id, pinned=pinned)
    return nothing()


def unpin_note(call: Call, kind: str, note_id: int, card_id: int | None = None) -> Response:
    return pin_note(call, kind, note_id, card_id, pinned=False)


RULES = [
    get(f"{KINDS}/notes", list_notes),
    post(f"{KINDS}/notes", add_notes),
    patch(f"{KINDS}/notes", change_notes),
    get(f"{KINDS}/notes/<int:note_id>", show_note),
    patch(f"{KINDS}/notes/<int:note_id>", change_note),
    get(f"{KINDS}/<int:card_id>/notes", list_notes),
    post(f"{KINDS}/<int:card_id>/notes", add_notes),
    patch(f"{KINDS}/<int:card_id>/notes", change_notes),
    get(f"{KINDS}/<int:card_id>/notes/<int:note_id>", show_note),
    patch(f"{KINDS}/<int:card_id>/notes/<int:note_id>", change_note),
    post(f"{KINDS}/notes/<int:note_id>/pin", pin_note),
    post(f"{KINDS}/notes/<int:note_id>/unpin", unpin_note),
    post(f"{KINDS}/<int:card_id>/notes/<int:note_id>/pin", pin_note),
    post(f"{KINDS}/<int:card_id>/notes/<int:note_id>/unpin", unpin_note),
]
