"""Custom fields, loss reasons, tags and sources."""

from typing import Any

import msgspec
from werkzeug import Response

from sandbox.account_rows import CustomField, Enum, LossReason, RequiredStatus, Source
from sandbox.api import collection, delete, get, patch, post
from sandbox.api.writes import answer, items, need, row_id, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import numbers
from sandbox.paging import asked
from sandbox.php_query import values
from sandbox.problems import not_found
from sandbox.refused import not_supported
from sandbox.rows import Tag
from sandbox.state import plain

KINDS = "<any(leads,contacts,companies,customers):kind>"
FIELDS = f"{KINDS}/custom_fields"
_TYPES = """
text numeric checkbox select multiselect date url textarea radiobutton streetaddress smart_address birthday
legal_entity date_time price category items tracking_data linked_entity chained_list monetary file payer
supplier multitext
"""
TYPES = frozenset(_TYPES.split())


def field_json(call: Call, field: CustomField) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(field)
    return {**row, "_links": call.self_link(f"{field.entity_type}/custom_fields/{field.id}")}


def list_fields(call: Call, kind: str) -> Response:
    page = asked(call)
    rows = list(call.world.fields[kind].values())
    types = frozenset(values(call.filter.get("type")))
    rows = [field for field in rows if not types or field.type in types]
    order = call.query.get("order")
    if isinstance(order, dict) and order:
        name, direction = next(iter(order.items()))
        rows.sort(key=lambda field: field.id if name == "id" else field.sort, reverse=direction == "desc")
    shown = rows[page.start : page.start + page.limit]
    if not shown:
        return nothing()
    count = -(-len(rows) // page.limit)
    links = page.links(call, page.number < count)
    if page.number < count:
        links["last"] = {"href": call.url_of_page(count)}
    embedded = {"custom_fields": [field_json(call, field) for field in shown]}
    return hal(
        {
            "_total_items": len(rows),
            "_page": page.number,
            "_page_count": count,
            "_links": links,
            "_embedded": embedded,
        }
    )


def _field(call: Call, kind: str, field_id: int) -> CustomField:
    if field_id not in call.world.fields[kind]:
        raise not_found()
    return call.world.fields[kind][field_id]


def show_field(call: Call, kind: str, field_id: int) -> Response:
    return hal(field_json(call, _field(call, kind, field_id)))


def add_fields(call: Call, kind: str) -> Response:
    call.require_admin()

    def write(item: dict[str, Any]) -> CustomField:
        need(item, "name", "type")
        if item["type"] not in TYPES or (kind == "leads" and item["type"] == "multitext"):
            raise not_supported("type")
        fields = call.world.fields
        field = CustomField(
            id=call.world.next_id("fields", (one for known in fields.values() for one in known)),
            name=item["name"],
            type=item["type"],
            code=item.get("code"),
            sort=item.get("sort", 500),
            is_api_only=bool(item.get("is_api_only")),
            account_id=call.world.account.id,
            entity_type=kind,
        )
        _shape(call, field, item)
        fields[kind][field.id] = field
        return field

    done = write_all(items(call), write)
    rows = [{**field_json(call, field), "request_id": one} for one, field in done]
    return hal({"_total_items": len(rows), "_embedded": {"custom_fields": rows}}, 201)


def _shape(call: Call, field: CustomField, item: dict[str, Any]) -> None:
    if item.get("enums") is not None:
        taken = [
            one.id for kind in call.world.fields.values() for f in kind.values() for one in f.enums or ()
        ]
        field.enums = [
            Enum(
                one.get("id") or call.world.next_id("enums", taken),
                str(one.get("value", "")),
                one.get("sort", number),
                one.get("code"),
            )
            for number, one in enumerate(item["enums"])
        ]
    if item.get("required_statuses") is not None:
        field.required_statuses = msgspec.convert(item["required_statuses"], list[RequiredStatus])


def _change(call: Call, field: CustomField, item: dict[str, Any]) -> CustomField:
    for key in ("name", "sort", "code", "is_api_only"):
        if key in item:
            setattr(field, key, item[key])
    _shape(call, field, item)
    return field


def change_fields(call: Call, kind: str) -> Response:
    call.require_admin()

    def write(item: dict[str, Any]) -> CustomField:
        field = call.world.fields[kind].get(row_id(item))
        if field is None:
            raise not_supported("id")
        return _change(call, field, item)

    done = write_all(items(call), write)
    rows = [{**field_json(call, field), "request_id": one} for one, field in done]
    return hal({"_total_items": len(rows), "_embedded": {"custom_fields": rows}}, 201)


def change_field(call: Call, kind: str, field_id: int) -> Response:
    call.require_admin()
    return hal(field_json(call, _change(call, _field(call, kind, field_id), single(call))), 201)


def drop_field(call: Call, kind: str, field_id: int) -> Response:
    call.require_admin()
    del call.world.fields[kind][_field(call, kind, field_id).id]
    return nothing()


def list_groups(call: Call, kind: str) -> Response:
    page = asked(call)
    names = {"default": "Основное", "statistic": "Статистика"}
    used = {field.group_id for field in call.world.fields[kind].values() if field.group_id}
    groups = list(dict.fromkeys([*names, *sorted(used)]))
    shown = groups[page.start : page.start + page.limit]
    if not shown:
        return nothing()
    rows = [
        {
            "id": one,
            "name": names.get(one, one),
            "is_predefined": one in names,
            "type": "custom_field_group",
            "entity_type": kind,
            "sort": number,
            "_links": call.self_link(f"{kind}/custom_fields/groups/{one}"),
        }
        for number, one in enumerate(shown)
    ]
    body = collection(call, page, "custom_field_groups", rows, more=False)
    return hal({"_total_items": len(groups), **body})


def reason_json(call: Call, reason: LossReason, listed: bool = False) -> dict[str, Any]:
    return {**plain(reason), "_links": call.self_link(f"leads/loss_reasons/{reason.id}", listed)}


def list_reasons(call: Call) -> Response:
    page = asked(call)
    rows = sorted(call.world.loss_reasons.values(), key=lambda reason: (reason.sort, reason.id))
    shown = rows[page.start : page.start + page.limit]
    if not shown:
        return nothing()
    listed = [reason_json(call, reason, listed=True) for reason in shown]
    return hal(collection(call, page, "loss_reasons", listed, page.start + page.limit < len(rows)))


def show_reason(call: Call, reason_id: int) -> Response:
    reason = call.world.loss_reasons.get(reason_id)
    return nothing() if reason is None else hal(reason_json(call, reason))


def add_reasons(call: Call) -> Response:
    def write(item: dict[str, Any]) -> LossReason:
        need(item, "name")
        return call.world.create_loss_reason(name=item["name"], sort=item.get("sort", 1000))

    done = write_all(items(call), write)
    return answer(call, "loss_reasons", [{**reason_json(call, row), "request_id": one} for one, row in done])


def drop_reason(call: Call, reason_id: int) -> Response:
    if call.world.loss_reasons.pop(reason_id, None) is None:
        raise not_found()
    return nothing()


def list_tags(call: Call, kind: str) -> Response:
    page, wanted = asked(call), call.filter
    rows = sorted(call.world.tags[kind].values(), key=lambda tag: tag.id)
    if "id" in wanted:
        rows = [tag for tag in rows if tag.id in numbers(wanted["id"])]
    if "name" in wanted:
        rows = [tag for tag in rows if tag.name in values(wanted["name"])]
    text = str(call.query.get("query", "")).lower()
    rows = [tag for tag in rows if text in tag.name.lower()]
    shown = rows[page.start : page.start + page.limit]
    if not shown:
        return nothing()
    more = page.start + page.limit < len(rows)
    return hal(collection(call, page, "tags", [plain(tag) for tag in shown], more))


def add_tags(call: Call, kind: str) -> Response:
    def write(item: dict[str, Any]) -> Tag:
        need(item, "name")
        return call.world.tag(kind, str(item["name"]), item.get("color") if kind == "leads" else None)

    done = write_all(items(call), write)
    rows = [{**plain(tag), "request_id": one} for one, tag in done]
    return hal({"_total_items": len(rows), "_embedded": {"tags": rows}})


def _source(call: Call, source: Source) -> dict[str, Any]:
    return {**plain(source), "_links": call.self_link(f"sources/{source.id}")}


def list_sources(call: Call) -> Response:
    rows = [_source(call, source) for source in call.world.sources.values()]
    if not rows:
        return nothing()
    return hal(
        {"_total_items": len(rows), "_links": call.self_link("sources"), "_embedded": {"sources": rows}}
    )


def show_source(call: Call, source_id: int) -> Response:
    source = call.world.sources.get(source_id)
    return nothing() if source is None else hal(_source(call, source))


def add_sources(call: Call) -> Response:
    def write(item: dict[str, Any]) -> Source:
        need(item, "name", "external_id")
        source = Source(
            id=call.world.next_id("sources", call.world.sources),
            name=item["name"],
            pipeline_id=item.get("pipeline_id") or call.world.main_pipeline().id,
            external_id=str(item["external_id"]),
            default=bool(item.get("default")),
            services=item.get("services") or [],
        )
        call.world.sources[source.id] = source
        return source

    done = write_all(items(call), write)
    rows = [{**_source(call, source), "request_id": one} for one, source in done]
    return hal({"_total_items": len(rows), "_embedded": {"sources": rows}}, 201)


RULES = [
    get(FIELDS, list_fields),
    post(FIELDS, add_fields),
    patch(FIELDS, change_fields),
    get(f"{FIELDS}/groups", list_groups),
    get(f"{FIELDS}/<int:field_id>", show_field),
    patch(f"{FIELDS}/<int:field_id>", change_field),
    delete(f"{FIELDS}/<int:field_id>", drop_field),
    get("leads/loss_reasons", list_reasons),
    post("leads/loss_reasons", add_reasons),
    get("leads/loss_reasons/<int:reason_id>", show_reason),
    delete("leads/loss_reasons/<int:reason_id>", drop_reason),
    get(f"{KINDS}/tags", list_tags),
    post(f"{KINDS}/tags", add_tags),
    get("sources", list_sources),
    post("sources", add_sources),
    get("sources/<int:source_id>", show_source),
]
