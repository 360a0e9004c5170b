"""`POST /calls`: a telephone exchange reports a call, amoCRM finds the card by the number."""

from typing import Any

from werkzeug import Response

from sandbox.account_rows import CLOSED
from sandbox.api import post
from sandbox.api.writes import check_all, items, need, request_id
from sandbox.call import Call, hal
from sandbox.refused import not_supported
from sandbox.rows import Company, Contact
from sandbox.state import SINGULAR
from sandbox.world import World


def _tail(text: Any) -> str:
    return "".join(char for char in str(text) if char.isdigit())[-10:]


def card_of_phone(world: World, phone: str) -> Contact | Company | None:
    """The first contact, else company, with a field whose last ten digits are the number's."""
    tail = _tail(phone)
    if not tail:
        return None
    for table in (world.contacts, world.companies):
        for card in table:
            phones = (one for one in card.custom_fields_values or () if one.field_code == "PHONE")
            numbers = {_tail(value.get("value")) for one in phones for value in one.values}
            if tail in numbers and not card.is_deleted:
                return card
    return None


def place_of_call(world: World, card: Contact | Company) -> tuple[str, int]:
    """The card's only open lead if it has exactly one, else the card itself."""
    kind = "contacts" if isinstance(card, Contact) else "companies"
    leads = [world.leads.rows[one] for one in world.leads.group(kind, card.id)]
    active = [lead for lead in leads if not lead.is_deleted and lead.status_id not in CLOSED]
    return ("leads", active[0].id) if len(active) == 1 else (kind, card.id)


def add_calls(call: Call) -> Response:
    listed = items(call, source="string", uniq="string", call_result="string")
    rows: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    check_all(listed, lambda item: _check(call.world, item))
    for number, item in enumerate(listed):
        one = request_id(item, number)
        card = card_of_phone(call.world, item["phone"])
        if card is None:
            errors.append(
                {"title": "Entity not found", "status": 263, "detail": "Entity not found", "request_id": one}
            )
            continue
        rows.append(_write(call, item, card, one))
    return hal({"_total_items": len(rows), "errors": errors, "_embedded": {"calls": rows}})


def _check(world: World, item: dict[str, Any]) -> None:
    need(item, "direction", "duration", "source", "phone")
    if item["direction"] not in ("inbound", "outbound"):
        raise not_supported("direction")
    for key in ("responsible_user_id", "created_by", "updated_by"):
        if item.get(key) is not None:
            world.employee(item[key], key, robot_too=key != "responsible_user_id")


def _write(call: Call, item: dict[str, Any], card: Contact | Company, one: str) -> dict[str, Any]:
    kind, card_id = place_of_call(call.world, card)
    optional = (
        "link",
        "call_result",
        "call_status",
        "call_responsible",
        "uniq",
        "responsible_user_id",
        "created_at",
    )
    author = item.get("created_by")
    note = call.world.add_call(
        entity_type=kind,
        entity_id=card_id,
        direction=item["direction"],
        duration=item["duration"],
        phone=str(item["phone"]),
        source=str(item["source"]),
        by=call.user_id if author is None else author,
        **{key: item[key] for key in optional if item.get(key) is not None},
    )
    entity = {"id": card_id, "_links": call.self_link(f"{kind}/{card_id}")}
    return {
        "id": note.id,
        "entity_id": card_id,
        "entity_type": SINGULAR[kind],
        "account_id": call.world.account.id,
        "request_id": one,
        "_embedded": {"entity": entity},
    }


RULES = [post("calls", add_calls)]
