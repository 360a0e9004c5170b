"""`/leads`: reading."""

from typing import Any

from werkzeug import Response

from sandbox.api import collection, get
from sandbox.call import Call, hal, nothing
from sandbox.filters import add_common, full_text, number, ordered
from sandbox.paging import asked
from sandbox.rows import Lead
from sandbox.state import plain
from sandbox.table import Query

EQUAL = ("pipeline_id", "created_by", "updated_by", "responsible_user_id")
SPANS = ("price", "created_at", "updated_at", "closed_at", "closest_task_at")
ORDERS = ("created_at", "updated_at", "id")
IN_TRASH = ("id", "updated_at", "updated_by", "is_deleted", "account_id")


def lead_json(call: Call, lead: Lead, listed: bool = False) -> dict[str, Any]:
    row = plain(lead)
    by_robot, source_id = row.pop("is_price_modified_by_robot"), row.pop("source_id")
    if "is_price_modified_by_robot" in call.shown:
        row["is_price_modified_by_robot"] = by_robot
    if "source_id" in call.shown:
        row["source_id"] = source_id
    if row["price"] is not None:
        row["price"] = float(row["price"]) if call.world.switches.price_type == "float" else int(row["price"])
    row["_links"] = call.self_link(f"leads/{lead.id}", listed)
    row["_embedded"] = _embedded(call, lead, listed)
    return row


def _embedded(call: Call, lead: Lead, listed: bool) -> dict[str, Any]:
    held = lead.embedded
    parts: dict[str, Any] = {
        "tags": [{"id": tag.id, "name": tag.name, "color": tag.color} for tag in held.tags],
        "companies": [
            {"id": ref.id, "_links": call.self_link(f"companies/{ref.id}", listed)} for ref in held.companies
        ],
    }
    if "contacts" in call.shown:
        parts["contacts"] = [
            {"id": ref.id, "is_main": ref.is_main, "_links": call.self_link(f"contacts/{ref.id}", listed)}
            for ref in held.contacts
        ]
    if "loss_reason" in call.shown:
        reason = call.world.loss_reasons.get(lead.loss_reason_id or 0)
        link = call.self_link(f"leads/loss_reasons/{lead.loss_reason_id}", listed)
        parts["loss_reason"] = [{**plain(reason), "_links": link}] if reason else []
    if "catalog_elements" in call.shown:
        parts["catalog_elements"] = [
            {"id": ref.id, "metadata": ref.metadata} for ref in held.catalog_elements
        ]
    if "source" in call.shown:
        parts["source"] = {"id": held.source.id, "name": held.source.name} if held.source else None
    return parts


def trashed_json(call: Call, lead: Lead) -> dict[str, Any]:
    row = {key: value if key in IN_TRASH else None for key, value in plain(lead).items()}
    del row["is_price_modified_by_robot"], row["source_id"]
    return {**row, "_links": call.self_link(f"leads/{lead.id}", echo=True)}


def _query(call: Call) -> Query:
    query = ordered(call, ORDERS)
    add_common(query, call, EQUAL, SPANS)
    text = full_text(call)
    rule = call.may_see("leads")
    query.tests += [test for test in (text, rule) if test is not None]
    if "only_deleted" in call.shown:
        query.hidden_too = True
        query.tests.append(call.world.in_trash)
        return query
    statuses = call.filter.get("statuses")
    if isinstance(statuses, dict):
        stages = [
            (number(node.get("pipeline_id")), number(node.get("status_id")))
            for node in statuses.values()
            if isinstance(node, dict)
        ]
        stages = [stage for stage in stages if None not in stage]
        if stages:
            query.groups["stage"] = stages
            query.hidden_too = True
            query.tests.append(lambda lead: not lead.is_deleted)
    return query


def list_leads(call: Call) -> Response:
    page = asked(call)
    key = (call.sought, call.world.clock.timestamp() // 60) if "only_deleted" in call.shown else call.sought
    rows = call.world.leads.page(_query(call), page.start, page.limit + 1, key)
    if not rows:
        return nothing()
    more = len(rows) > page.limit
    if "only_deleted" in call.shown:
        shown = [trashed_json(call, lead) for lead in rows[: page.limit]]
    else:
        shown = [lead_json(call, lead, listed=True) for lead in rows[: page.limit]]
    return hal(collection(call, page, "leads", shown, more))


def show_lead(call: Call, row_id: int) -> Response:
    lead = call.world.leads.get(row_id)
    rule = call.may_see("leads")
    if lead is None or (rule is not None and not rule(lead)):
        return nothing()
    if lead.is_deleted and call.world.switches.trashed_lead == "204":
        return nothing()
    return hal(lead_json(call, lead))


RULES = [get("leads", list_leads), get("leads/<int:row_id>", show_lead)]
