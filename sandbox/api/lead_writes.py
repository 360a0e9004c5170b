"""`/leads`: writing, alone and together with a contact and a company (`/leads/complex`)."""

from typing import Any

import msgspec
from werkzeug import Response

from sandbox.api import patch, post
from sandbox.api.cards import card_keys, create_card
from sandbox.api.writes import answer, check_all, items, request_id, row_id, single, write_all
from sandbox.call import Call, hal
from sandbox.refused import NotFound, Refused, not_supported
from sandbox.rows import Lead, SourceRef
from sandbox.verbs.leads import EDITABLE

MOST_COMPLEX = 50
MOST_FIELDS = 40


def lead_keys(item: dict[str, Any]) -> dict[str, Any]:
    """The write keys among an item's; `_embedded.tags` replaces the whole set."""
    keys = {key: value for key, value in item.items() if key in EDITABLE and key != "tags"}
    embedded = item.get("_embedded")
    if isinstance(embedded, dict) and "tags" in embedded:
        keys["tags"] = embedded["tags"] or []
    return keys


def _given(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in lead_keys(item).items() if value is not None}


def _parts(item: dict[str, Any], key: str) -> list[dict[str, Any]]:
    embedded = item.get("_embedded")
    found = embedded.get(key) if isinstance(embedded, dict) else None
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _check_parts(call: Call, item: dict[str, Any]) -> None:
    for kind in ("contacts", "companies"):
        for number, part in enumerate(_parts(item, kind)):
            try:
                call.world.card(kind, part.get("id", 0))
            except NotFound:
                raise not_supported(f"_embedded.{kind}.{number}.id") from None


def _source(call: Call, item: dict[str, Any]) -> SourceRef | None:
    embedded = item.get("_embedded")
    given = embedded.get("source") if isinstance(embedded, dict) else None
    if not isinstance(given, dict):
        return None
    wanted = str(given.get("external_id"))
    found = next((one for one in call.world.sources.values() if one.external_id == wanted), None)
    if found is None:
        raise not_supported("_embedded.source.external_id")
    return SourceRef(found.id, found.name)


def _create(call: Call, item: dict[str, Any], contacts: list[dict[str, Any]], company_id: int | None) -> Lead:
    return call.world.create_lead(
        **lead_keys(item),
        contacts=contacts,
        company_id=company_id,
        source=_source(call, item),
        by=call.user_id,
    )


def add_leads(call: Call) -> Response:
    listed = items(call)

    def check(item: dict[str, Any]) -> None:
        call.world.check_lead(_given(item))
        _check_parts(call, item)
        _source(call, item)

    check_all(listed, check)

    def write(item: dict[str, Any]) -> Lead:
        companies = _parts(item, "companies")
        company_id = companies[0]["id"] if companies else None
        return _create(call, item, _parts(item, "contacts"), company_id)

    done = write_all(listed, write)
    rows = [
        {"id": lead.id, "request_id": one, "_links": call.self_link(f"leads/{lead.id}")} for one, lead in done
    ]
    return answer(call, "leads", rows)


def _edited(call: Call, lead: Lead, one: str) -> dict[str, Any]:
    links = call.self_link(f"leads/{lead.id}")
    return {"id": lead.id, "updated_at": lead.updated_at, "request_id": one, "_links": links}


def _edit(call: Call, item: dict[str, Any], lead_id: int) -> Lead:
    return call.world.edit_lead(lead_id=lead_id, by=call.user_id, **lead_keys(item))


def change_leads(call: Call) -> Response:
    listed = items(call)
    check_all(
        listed, lambda item: call.world.check_lead(lead_keys(item), call.world.living_lead(row_id(item)))
    )
    done = write_all(listed, lambda item: _edit(call, item, item["id"]))
    return answer(call, "leads", [_edited(call, lead, one) for one, lead in done])


def change_lead(call: Call, lead_id: int) -> Response:
    item = single(call)
    done = write_all([item], lambda one: _edit(call, one, lead_id))
    return hal(_edited(call, done[0][1], request_id(item, 0)))


def add_complex(call: Call) -> Response:
    """Leads with their contact and company made in one call; with `metadata` they come in as «Неразобранное»."""
    listed = items(call, most=MOST_COMPLEX)

    def check(item: dict[str, Any]) -> None:
        call.world.check_lead(_given(item))
        for kind in ("contacts", "companies"):
            parts = _parts(item, kind)
            if len(parts) > 1:
                raise Refused(
                    "TooHigh", f"_embedded.{kind}", "This collection should contain 1 element or less."
                )
            for part in parts:
                if len(part.get("custom_fields_values") or ()) > MOST_FIELDS:
                    raise Refused("TooHigh", f"_embedded.{kind}.0.custom_fields_values", "Too many values.")
                if "id" in part:
                    _check_parts(call, {"_embedded": {kind: [part]}})
                else:
                    call.world.check_card(kind, card_keys(part))

    check_all(listed, check)
    done = write_all(listed, lambda item: _write_complex(call, item))
    return hal([{**row, "request_id": [one]} for one, row in done])


def _write_complex(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    metadata = _metadata(item)
    if metadata is None:
        lead, contact_id, company_id = _create_with_cards(call, item)
    else:
        lead, contact_id, company_id = _create_incoming(call, item, metadata)
    if contact_id and company_id:
        call.world.link(
            entity_type="contacts",
            entity_id=contact_id,
            to_entity_type="companies",
            to_entity_id=company_id,
            by=call.user_id,
        )
    return {
        "id": lead.id,
        "contact_id": contact_id,
        "company_id": company_id,
        "request_id": [],
        "merged": False,
    }


Made = tuple[Lead, int | None, int | None]


def _create_with_cards(call: Call, item: dict[str, Any]) -> Made:
    ids: dict[str, int | None] = {"contacts": None, "companies": None}
    for kind in ids:
        for part in _parts(item, kind):
            ids[kind] = part["id"] if "id" in part else create_card(call, kind, part).id
    contact_id, company_id = ids["contacts"], ids["companies"]
    lead = _create(call, item, [{"id": contact_id}] if contact_id else [], company_id)
    return lead, contact_id, company_id


def _metadata(item: dict[str, Any]) -> dict[str, Any] | None:
    embedded = item.get("_embedded")
    found = embedded.get("metadata") if isinstance(embedded, dict) else None
    return found if isinstance(found, dict) else None


def _create_incoming(call: Call, item: dict[str, Any], metadata: dict[str, Any]) -> Made:
    cards: dict[str, Any] = {}
    for kind, name in (("contacts", "contact"), ("companies", "company")):
        for part in _parts(item, kind):
            cards |= {f"{name}_id": part["id"]} if "id" in part else {name: card_keys(part)}
    row = call.world.create_unsorted(
        category=str(metadata.get("category", "forms")),
        name=str(item.get("name") or ""),
        pipeline_id=item.get("pipeline_id"),
        price=item.get("price") or 0,
        source_name=str(metadata.get("form_name") or metadata.get("source") or ""),
        metadata=msgspec.to_builtins(metadata),
        custom_fields_values=item.get("custom_fields_values"),
        tags=lead_keys(item).get("tags") or (),
        responsible_user_id=item.get("responsible_user_id"),
        by=call.user_id,
        **cards,
    )
    held = row.embedded
    contact_id, company_id = (refs[0].id if refs else None for refs in (held.contacts, held.companies))
    return call.world.leads.rows[held.leads[0].id], contact_id, company_id


RULES = [
    post("leads", add_leads),
    patch("leads", change_leads),
    patch("leads/<int:lead_id>", change_lead),
    post("leads/complex", add_complex),
]
