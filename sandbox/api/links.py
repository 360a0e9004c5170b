"""Links between cards: `/{entity}/{id}/links|link|unlink` and the mass forms."""

from typing import Any

from werkzeug import Response

from sandbox.api import get, post
from sandbox.api.writes import items, need, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import numbers
from sandbox.php_query import values
from sandbox.problems import not_found
from sandbox.refused import NotFound, missing
from sandbox.rows import Company, Contact, Lead

KINDS = "<any(leads,contacts,companies,customers):kind>"


def _links(call: Call, kind: str, card_id: int) -> list[dict[str, Any]]:
    """All links of one card, whichever side holds them."""
    world = call.world
    card = world.card(kind, card_id)
    links: list[dict[str, Any]] = []
    if isinstance(card, Lead):
        for ref in card.embedded.contacts:
            links.append(_link("contacts", ref.id, {"main_contact": ref.is_main}))
        for element in card.embedded.catalog_elements:
            links.append(_link("catalog_elements", element.id, element.metadata))
    if isinstance(card, (Lead, Contact)):
        links += [_link("companies", ref.id, None) for ref in card.embedded.companies]
    if isinstance(card, Company):
        links += [_link("contacts", one, None) for one in world.contacts.group("companies", card_id)]
    if isinstance(card, (Contact, Company)):
        for lead_id in world.leads.group(kind, card_id):
            lead = world.leads.rows[lead_id]
            main = any(ref.is_main for ref in lead.embedded.contacts if ref.id == card_id)
            if not lead.is_deleted:
                links.append(_link("leads", lead_id, {"main_contact": main} if kind == "contacts" else None))
    return links


def _link(kind: str, card_id: int, metadata: dict[str, Any] | None) -> dict[str, Any]:
    return {"to_entity_id": card_id, "to_entity_type": kind, "metadata": metadata}


def _wanted(call: Call, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds, ids = values(call.filter.get("to_entity_type")), numbers(call.filter.get("to_entity_id"))
    return [
        link
        for link in links
        if (not kinds or link["to_entity_type"] in kinds) and (not ids or link["to_entity_id"] in ids)
    ]


def _answer(call: Call, links: list[dict[str, Any]]) -> Response:
    root = {"self": {"href": f"{call.root}{call.request.full_path.rstrip('?')}"}}
    return hal({"_total_items": len(links), "_links": root, "_embedded": {"links": links}})


def list_links(call: Call, kind: str, card_id: int) -> Response:
    try:
        return _answer(call, _wanted(call, _links(call, kind, card_id)))
    except NotFound:
        raise not_found() from None


def list_many(call: Call, kind: str) -> Response:
    rows = []
    for card_id in numbers(call.filter.get("entity_id")):
        try:
            links = _wanted(call, _links(call, kind, card_id))
        except NotFound:
            continue
        rows += [{"entity_id": card_id, "entity_type": kind, **link} for link in links]
    return _answer(call, rows) if rows else nothing()


def _tie(call: Call, kind: str, card_id: int | None, item: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    need(item, "to_entity_id", "to_entity_type")
    owner = card_id if card_id is not None else item.get("entity_id")
    if owner is None:
        raise missing("entity_id")
    return owner, {
        "entity_type": kind,
        "entity_id": owner,
        "to_entity_type": item["to_entity_type"],
        "to_entity_id": item["to_entity_id"],
        "by": call.user_id,
    }


def add_links(call: Call, kind: str, card_id: int | None = None) -> Response:
    def write(item: dict[str, Any]) -> dict[str, Any]:
        owner, keys = _tie(call, kind, card_id, item)
        metadata = item.get("metadata") if isinstance(item.get("metadata"), dict) else {}
        call.world.link(**keys, metadata=metadata)
        made = next(
            link
            for link in _links(call, kind, owner)
            if (link["to_entity_type"], link["to_entity_id"])
            == (item["to_entity_type"], item["to_entity_id"])
        )
        return {"entity_id": owner, "entity_type": kind, **made}

    return _answer(call, [row for _, row in write_all(items(call), write)])


def drop_links(call: Call, kind: str, card_id: int | None = None) -> Response:
    write_all(items(call), lambda item: call.world.unlink(**_tie(call, kind, card_id, item)[1]))
    return nothing()


RULES = [
    get(f"{KINDS}/links", list_many),
    post(f"{KINDS}/link", add_links),
    post(f"{KINDS}/unlink", drop_links),
    get(f"{KINDS}/<int:card_id>/links", list_links),
    post(f"{KINDS}/<int:card_id>/link", add_links),
    post(f"{KINDS}/<int:card_id>/unlink", drop_links),
]
