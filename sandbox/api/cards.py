"""`/contacts` and `/companies`."""

from typing import Any

from werkzeug import Response

from sandbox.api import collection, get, patch, post
from sandbox.api.writes import answer, check_all, items, request_id, row_id, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import add_common, full_text, ordered
from sandbox.paging import asked
from sandbox.rows import Company, Contact
from sandbox.state import plain
from sandbox.verbs.cards import EDITABLE

CARDS = "<any(contacts,companies):kind>"
EQUAL = ("created_by", "updated_by", "responsible_user_id")
SPANS = ("created_at", "updated_at", "closest_task_at")


def card_json(call: Call, card: Contact | Company, listed: bool = False) -> dict[str, Any]:
    kind = "contacts" if isinstance(card, Contact) else "companies"
    row = plain(card)
    row["_links"] = call.self_link(f"{kind}/{card.id}", listed)
    parts: dict[str, Any] = {
        "tags": [{"id": tag.id, "name": tag.name, "color": None} for tag in card.embedded.tags],
    }
    world = call.world
    if kind == "contacts":
        refs = [ref.id for ref in card.embedded.companies]
        parts["companies"] = [
            {"id": one, "_links": call.self_link(f"companies/{one}", listed)} for one in refs
        ]
    elif "contacts" in call.shown:
        people = [
            one
            for one in world.contacts.group("companies", card.id)
            if not world.contacts.rows[one].is_deleted
        ]
        parts["contacts"] = [
            {"id": one, "_links": call.self_link(f"contacts/{one}", listed)} for one in people
        ]
    if "leads" in call.shown:
        leads = [one for one in world.leads.group(kind, card.id) if not world.leads.rows[one].is_deleted]
        parts["leads"] = [{"id": one, "_links": call.self_link(f"leads/{one}", listed)} for one in leads]
    for key in ("customers", "catalog_elements"):
        if key in call.shown:
            parts[key] = []
    row["_embedded"] = parts
    return row


def _table(call: Call, kind: str) -> Any:
    return call.world.contacts if kind == "contacts" else call.world.companies


def list_cards(call: Call, kind: str) -> Response:
    page = asked(call)
    query = ordered(call, ("updated_at", "id"))
    add_common(query, call, EQUAL, SPANS)
    query.tests += [test for test in (full_text(call), call.may_see(kind)) if test is not None]
    rows = _table(call, kind).page(query, page.start, page.limit + 1, call.sought)
    if not rows:
        return nothing()
    shown = [card_json(call, card, listed=True) for card in rows[: page.limit]]
    return hal(collection(call, page, kind, shown, len(rows) > page.limit))


def show_card(call: Call, kind: str, card_id: int) -> Response:
    card, rule = _table(call, kind).get(card_id), call.may_see(kind)
    if card is None or card.is_deleted or (rule is not None and not rule(card)):
        return nothing()
    return hal(card_json(call, card))


def card_keys(item: dict[str, Any]) -> dict[str, Any]:
    """The write keys among an item's."""
    keys = {key: value for key, value in item.items() if key in EDITABLE}
    embedded = item.get("_embedded")
    if isinstance(embedded, dict) and "tags" in embedded:
        keys["tags"] = embedded["tags"] or []
    return keys


def create_card(call: Call, kind: str, item: dict[str, Any]) -> Contact | Company:
    """One new card from an item of a request. Raises `Refused`."""
    verb = call.world.create_contact if kind == "contacts" else call.world.create_company
    return verb(by=call.user_id, **card_keys(item))


def add_cards(call: Call, kind: str) -> Response:
    listed = items(call)

    def check(item: dict[str, Any]) -> None:
        call.world.check_card(kind, {key: one for key, one in card_keys(item).items() if one is not None})

    check_all(listed, check)
    done = write_all(listed, lambda item: create_card(call, kind, item))
    rows = [
        {"id": card.id, "request_id": one, "_links": call.self_link(f"{kind}/{card.id}")}
        for one, card in done
    ]
    return answer(call, kind, rows)


def _edit(call: Call, kind: str, item: dict[str, Any], card_id: int) -> Contact | Company:
    if kind == "contacts":
        return call.world.edit_contact(contact_id=card_id, by=call.user_id, **card_keys(item))
    return call.world.edit_company(company_id=card_id, by=call.user_id, **card_keys(item))


def _edited(call: Call, kind: str, card: Contact | Company, one: str) -> dict[str, Any]:
    links = call.self_link(f"{kind}/{card.id}")
    return {
        "id": card.id,
        "name": card.name,
        "updated_at": card.updated_at,
        "request_id": one,
        "_links": links,
    }


def change_cards(call: Call, kind: str) -> Response:
    listed = items(call)

    def check(item: dict[str, Any]) -> None:
        call.world.card(kind, row_id(item))
        call.world.check_card(kind, card_keys(item))

    check_all(listed, check)
    done = write_all(listed, lambda item: _edit(call, kind, item, row_id(item)))
    return answer(call, kind, [_edited(call, kind, card, one) for one, card in done])


def change_card(call: Call, kind: str, card_id: int) -> Response:
    item = single(call)
    done = write_all([item], lambda one: _edit(call, kind, one, card_id))
    return hal(_edited(call, kind, done[0][1], request_id(item, 0)))


RULES = [
    get(CARDS, list_cards),
    post(CARDS, add_cards),
    patch(CARDS, change_cards),
    get(f"{CARDS}/<int:card_id>", show_card),
    patch(f"{CARDS}/<int:card_id>", change_card),
]
