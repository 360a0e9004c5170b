"""`/events` and `/events/types`."""

from collections.abc import Callable
from typing import Any

import msgspec
from werkzeug import Response

from sandbox.api import collection, get
from sandbox.api.event_types import TYPES, type_names
from sandbox.call import Call, hal, nothing
from sandbox.filters import comma_values, number, span
from sandbox.paging import asked
from sandbox.php_query import values
from sandbox.problems import Problem
from sandbox.rows import Event
from sandbox.state import PLURAL
from sandbox.switches import NO_NEXT

Test = Callable[[Event], bool]
NAMED = {"lead": "lead_name", "contact": "contact_name", "company": "company_name"}


def event_json(call: Call, event: Event) -> dict[str, Any]:
    path = f"{PLURAL.get(event.entity_type, f'{event.entity_type}s')}/{event.entity_id}"
    if event.entity_type.startswith("catalog_"):
        path = f"catalogs/{event.entity_type.removeprefix('catalog_')}/elements/{event.entity_id}"
    entity: dict[str, Any] = {"id": event.entity_id}
    if NAMED.get(event.entity_type, "") in call.shown:
        tables: dict[str, Any] = {
            "lead": call.world.leads,
            "contact": call.world.contacts,
            "company": call.world.companies,
        }
        row = tables[event.entity_type].get(event.entity_id)
        entity["name"] = row.name if row else ""
    entity["_links"] = call.self_link(path)
    return {
        "id": event.id,
        "type": event.type,
        "entity_id": event.entity_id,
        "entity_type": event.entity_type,
        "created_by": event.created_by,
        "created_at": event.created_at,
        "value_after": event.value_after,
        "value_before": event.value_before,
        "account_id": call.world.account.id,
        "_links": call.self_link(f"events/{event.id}"),
        "_embedded": {"entity": entity},
    }


def _oldest(call: Call) -> int | None:
    days = call.world.switches.events_retention_days
    return call.world.clock.timestamp() - days * 86400 if days else None


def _window(call: Call) -> tuple[float | None, float | None]:
    node = call.filter.get("created_at")
    if isinstance(node, str) and "," in node:
        low, _, high = node.partition(",")
        found: tuple[float | None, float | None] | None = (number(low), number(high))
    else:
        found = span(node, scalar="after")
    return found or (None, None)


def _entities(call: Call) -> list[tuple[str, int]] | None:
    if "entity_id" not in call.filter:
        return None
    ids = [int(one) for one in map(number, comma_values(call.filter["entity_id"])) if one is not None]
    kinds = comma_values(call.filter.get("entity"))
    if len(kinds) != 1:
        raise Problem(400, "filter[entity_id] requires exactly one filter[entity]")
    if len(ids) > 10:
        raise Problem(400, "filter[entity_id] takes at most 10 ids")
    return [(kinds[0], one) for one in ids]


def _tests(call: Call) -> list[Test]:
    wanted, tests = call.filter, list[Test]()
    kinds = frozenset(comma_values(wanted.get("entity")))
    if kinds:
        tests.append(lambda event: event.entity_type in kinds)
    authors = frozenset(
        int(one) for one in map(number, comma_values(wanted.get("created_by"))) if one is not None
    )
    if len(authors) > 10:
        raise Problem(400, "filter[created_by] takes at most 10 users")
    if authors:
        tests.append(lambda event: event.created_by in authors)
    types = frozenset(comma_values(wanted.get("type")))
    if types:
        tests.append(_of_types(types))
    for side in ("value_before", "value_after"):
        node = wanted.get(side)
        if isinstance(node, dict):
            tests += _value_tests(side, node)
    return tests


def _of_types(types: frozenset[str]) -> Test:
    if (
        any(one.startswith("custom_field_") and one != "custom_field_value_changed" for one in types)
        and len(types) > 1
    ):
        raise Problem(400, "custom_field_{id}_value_changed must be the only type")
    if "custom_field_value_changed" in types:
        return lambda event: event.type in types or event.type.startswith("custom_field_")
    return lambda event: event.type in types


def _value_tests(side: str, node: dict[str, Any]) -> list[Test]:
    def held(event: Event) -> list[dict[str, Any]]:
        return msgspec.json.decode(getattr(event, side), type=list[dict[str, Any]])

    tests: list[Test] = []
    statuses = node.get("leads_statuses")
    if isinstance(statuses, dict):
        stages = {
            (number(one.get("pipeline_id")), number(one.get("status_id")))
            for one in statuses.values()
            if isinstance(one, dict)
        }

        def in_stage(event: Event) -> bool:
            places = (item["lead_status"] for item in held(event) if "lead_status" in item)
            return any((place["pipeline_id"], place["id"]) in stages for place in places)

        tests.append(in_stage)
    owners = frozenset(comma_values(node.get("responsible_user_id")))
    if owners:
        tests.append(
            lambda event: any(
                str(item.get("responsible_user", {}).get("id")) in owners for item in held(event)
            )
        )
    enums = frozenset(comma_values(node.get("custom_field_values")))
    if enums:
        tests.append(
            lambda event: any(
                str(item.get("custom_field_value", {}).get("enum_id")) in enums for item in held(event)
            )
        )
    exact = values(node.get("value"))
    if exact:
        tests.append(
            lambda event: any(
                str(value) in exact
                for item in held(event)
                for inner in item.values()
                for value in inner.values()
            )
        )
    return tests


def list_events(call: Call) -> Response:
    cap = call.world.switches.events_page_cap
    page = asked(call, cap=50 if cap == NO_NEXT else cap)
    since, until = _window(call)
    rows = call.world.events.page(
        since=since,
        until=until,
        oldest=_oldest(call),
        entities=_entities(call),
        ids=comma_values(call.filter.get("id")) or None,
        tests=_tests(call),
        descending=call.world.switches.events_order == "desc",
        start=page.start,
        count=page.limit + 1,
        key=call.sought,
    )
    if not rows:
        return nothing()
    shown = [event_json(call, event) for event in rows[: page.limit]]
    return hal(collection(call, page, "events", shown, len(rows) > page.limit and cap != NO_NEXT))


def show_event(call: Call, event_id: str) -> Response:
    event, oldest = call.world.events.by_id.get(event_id), _oldest(call)
    if event is None or (oldest is not None and event.created_at < oldest):
        return nothing()
    return hal(event_json(call, event))


def list_types(call: Call) -> Response:
    names = type_names(str(call.query.get("language_code", "ru")))
    rows = [{"key": key, "type": number, "lang": names.get(key, key)} for key, number in TYPES.items()]
    links = call.self_link("events/types")
    return hal({"_total_items": len(rows), "_links": links, "_embedded": {"events_types": rows}})


RULES = [
    get("events", list_events),
    get("events/types", list_types),
    get("events/<event_id>", show_event),
]
