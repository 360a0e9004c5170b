"""Incoming leads («Неразобранное»): `/leads/unsorted`."""

from typing import Any

from werkzeug import Response

from sandbox.api import collection, delete, get, post
from sandbox.api.cards import card_keys
from sandbox.api.lead_writes import lead_keys
from sandbox.api.writes import items, need, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import numbers, span
from sandbox.paging import asked
from sandbox.php_query import values
from sandbox.problems import not_found, validation
from sandbox.refused import NotFound, Refused, missing
from sandbox.rows import Unsorted
from sandbox.state import plain

CATEGORIES = ("sip", "mail", "forms", "chats")
LINKABLE = ("chats", "mail")
NAMES = ("name", "first_name", "last_name")


def unsorted_json(call: Call, row: Unsorted, listed: bool = False) -> dict[str, Any]:
    return {
        **plain(row),
        "_links": call.self_link(f"leads/unsorted/{row.uid}", listed),
        "_embedded": {
            kind: [{"id": ref.id, "_links": call.self_link(f"{kind}/{ref.id}", listed)} for ref in refs]
            for kind, refs in (
                ("contacts", row.embedded.contacts),
                ("leads", row.embedded.leads),
                ("companies", row.embedded.companies),
            )
        },
    }


def list_unsorted(call: Call) -> Response:
    page, wanted = asked(call), call.filter
    rows = list(call.world.unsorted.values())
    if "uid" in wanted:
        rows = [row for row in rows if row.uid in values(wanted["uid"])]
    if "category" in wanted:
        rows = [row for row in rows if row.category in values(wanted["category"])]
    if "pipeline_id" in wanted:
        rows = [row for row in rows if row.pipeline_id in numbers(wanted["pipeline_id"])]
    order = call.query.get("order")
    direction = next(iter(order.values()), "asc") if isinstance(order, dict) else "asc"
    rows.sort(key=lambda row: (row.created_at, row.uid), reverse=direction == "desc")
    shown = rows[page.start : page.start + page.limit]
    if not shown:
        return nothing()
    listed = [unsorted_json(call, row, listed=True) for row in shown]
    return hal(collection(call, page, "unsorted", listed, page.start + page.limit < len(rows)))


def show_unsorted(call: Call, uid: str) -> Response:
    row = call.world.unsorted.get(uid)
    return nothing() if row is None else hal(unsorted_json(call, row))


def summary(call: Call) -> Response:
    """Of everything that came in: what waits, was accepted, was declined, and the mean time to a decision."""
    world = call.world
    within = span(call.filter.get("created_at")) or (None, None)
    pipelines = numbers(call.filter.get("pipeline_id"))

    def counted(row: Unsorted) -> bool:
        low, high = within
        fits = (low is None or row.created_at >= low) and (high is None or row.created_at <= high)
        return fits and (not pipelines or row.pipeline_id in pipelines)

    waiting = [row for row in world.unsorted.values() if counted(row)]
    decided = [entry for entry in world.sorted_out.values() if counted(entry[0])]
    rows = waiting + [row for row, _, _ in decided]
    times = [at - row.created_at for row, _, at in decided]
    return hal(
        {
            "total": len(rows),
            "accepted": sum(action == "accept" for _, action, _ in decided),
            "declined": sum(action == "decline" for _, action, _ in decided),
            "average_sort_time": sum(times) // len(times) if times else 0,
            "categories": {
                category: {"total": sum(row.category == category for row in rows)} for category in CATEGORIES
            },
            "_links": call.self_link("leads/unsorted/summary"),
        }
    )


def add_unsorted(call: Call, category: str) -> Response:
    def write(item: dict[str, Any]) -> Unsorted:
        need(item, "source_name", "source_uid", "metadata")
        embedded = item.get("_embedded") or {}
        lead, contact, company = (_first(embedded, kind) for kind in ("leads", "contacts", "companies"))
        row = call.world.create_unsorted(
            category=category,
            name=str(lead.get("name") or ""),
            price=lead.get("price") or 0,
            tags=lead_keys(lead).get("tags") or (),
            pipeline_id=item.get("pipeline_id"),
            source_name=item["source_name"],
            source_uid=str(item["source_uid"]),
            metadata=item["metadata"],
            contact=card_keys(_with_words(contact)),
            company=card_keys(company),
            custom_fields_values=lead.get("custom_fields_values"),
            created_at=item.get("created_at"),
            by=call.user_id,
        )
        if category == "sip" and item["metadata"].get("is_call_event_needed"):
            _add_call(call, row)
        return row

    done = write_all(items(call), write)
    rows = [
        {
            "uid": row.uid,
            "account_id": row.account_id,
            "request_id": one,
            "_links": call.self_link(f"leads/unsorted/{row.uid}"),
            "_embedded": unsorted_json(call, row)["_embedded"],
        }
        for one, row in done
    ]
    links = {"self": {"href": call.root + call.request.path}}
    return hal({"_total_items": len(rows), "_links": links, "_embedded": {"unsorted": rows}})


def _first(embedded: dict[str, Any], kind: str) -> dict[str, Any]:
    """The first card of a kind; an empty one where there is none."""
    return next(iter(embedded.get(kind) or ()), {})


def _with_words(contact: dict[str, Any]) -> dict[str, Any]:
    """Names may come as numbers here: so they do in the documentation's own example."""
    numbers = {key: one for key, one in contact.items() if key in NAMES and type(one) in (int, float)}
    return {**contact, **{key: str(one) for key, one in numbers.items()}}


def _add_call(call: Call, row: Unsorted) -> None:
    """The call that brought an incoming lead, as a note on the lead."""
    told = row.metadata
    call.world.add_call(
        entity_id=row.embedded.leads[0].id,
        direction="inbound",
        duration=told.get("duration") or 0,
        phone=str(told.get("phone") or ""),
        source=str(told.get("from") or ""),
        uniq=str(told.get("uniq") or "") or None,
        link=told.get("link"),
        by=call.user_id,
    )


def add_sip(call: Call) -> Response:
    return add_unsorted(call, "sip")


def add_form(call: Call) -> Response:
    return add_unsorted(call, "forms")


def _decide(call: Call, uid: str, accept: bool) -> Response:
    item = single(call) if call.request.get_data() else {}
    user_id = item.get("user_id")
    by = user_id if user_id in call.world.users else call.user_id
    try:
        if accept:
            status_id = item.get("status_id")
            row = call.world.accept_unsorted(uid=uid, user_id=user_id, status_id=status_id, by=by)
        else:
            row = call.world.decline_unsorted(uid=uid, by=by)
    except NotFound:
        raise not_found() from None
    except Refused as fault:
        raise validation([("0", fault)]) from None
    shown = unsorted_json(call, row)
    return hal(
        {key: shown[key] for key in ("uid", "category", "pipeline_id", "created_at", "_links", "_embedded")}
    )


def accept(call: Call, uid: str) -> Response:
    return _decide(call, uid, accept=True)


def decline(call: Call, uid: str) -> Response:
    return _decide(call, uid, accept=False)


def link(call: Call, uid: str) -> Response:
    """Attach an incoming chat or letter to a lead that exists; its own lead goes to the trash."""
    row, item = call.world.unsorted.get(uid), single(call, link="object")
    if row is None or row.category not in LINKABLE:
        raise not_found()
    target = item.get("link")
    if not isinstance(target, dict):
        raise validation([("0", missing("link"))])
    try:
        lead = call.world.living_lead(target.get("entity_id") or 0)
        call.world.show_cards(row)
        for ref in row.embedded.contacts:
            call.world.link(
                entity_type="leads",
                entity_id=lead.id,
                to_entity_type="contacts",
                to_entity_id=ref.id,
                by=call.user_id,
            )
    except NotFound:
        raise not_found() from None
    return hal(unsorted_json(call, call.world.decline_unsorted(uid=uid, by=call.user_id)))


RULES = [
    get("leads/unsorted", list_unsorted),
    get("leads/unsorted/summary", summary),
    post("leads/unsorted/sip", add_sip),
    post("leads/unsorted/forms", add_form),
    get("leads/unsorted/<uid>", show_unsorted),
    post("leads/unsorted/<uid>/accept", accept),
    delete("leads/unsorted/<uid>/decline", decline),
    post("leads/unsorted/<uid>/link", link),
]
