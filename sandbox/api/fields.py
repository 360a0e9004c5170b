"""Custom fields and their groups."""

from typing import Any

import msgspec
from werkzeug import Response

from sandbox.account_rows import CustomField, Enum, FieldGroup, RequiredStatus
from sandbox.api import collection, delete, get, patch, post
from sandbox.api.writes import check_all, items, need, request_id, row_id, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.paging import asked
from sandbox.php_query import values
from sandbox.problems import not_found
from sandbox.refused import missing, not_supported
from sandbox.state import plain

FIELDS = "<any(leads,contacts,companies,customers):kind>/custom_fields"
OPTIONAL = ("hidden_statuses", "chained_lists", "tracking_callback", "search_in", "is_required", "is_visible")
"""Keys that a field has when somebody has set them."""
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
            sort=500 if item.get("sort") is None else item["sort"],
            account_id=call.world.account.id,
            entity_type=kind,
            currency=call.world.account.currency if item["type"] == "monetary" else None,
            remind="never" if item["type"] == "birthday" else None,
        )
        _change(call, field, item)
        fields[kind][field.id] = field
        return field

    done = write_all(items(call, group_id="string"), write)
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
        field.required_statuses = [
            _required(one, f"required_statuses.{number}")
            for number, one in enumerate(item["required_statuses"])
        ]


def _required(given: dict[str, Any], path: str) -> RequiredStatus:
    for key in ("status_id", "pipeline_id"):
        if given.get(key) is None:
            raise missing(f"{path}.{key}")
    return RequiredStatus(given["status_id"], given["pipeline_id"])


def _change(call: Call, field: CustomField, item: dict[str, Any]) -> CustomField:
    """Keys that are null or absent stay as they are, but a group can be left by null. Raises `Refused`."""
    if item.get("group_id") is not None and item["group_id"] not in call.world.groups_of_fields(
        field.entity_type
    ):
        raise not_supported("group_id")
    if "group_id" in item:
        field.group_id = item["group_id"]
    for key in ("name", "sort", "code", "is_api_only", "settings", *OPTIONAL):
        if item.get(key) is not None:
            setattr(field, key, item[key])
    for key, kind in (("currency", "monetary"), ("remind", "birthday")):
        if item.get(key) is not None and field.type == kind:
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

    done = write_all(items(call, group_id="string"), write)
    rows = [{**field_json(call, field), "request_id": one} for one, field in done]
    return hal({"_total_items": len(rows), "_embedded": {"custom_fields": rows}}, 201)


def change_field(call: Call, kind: str, field_id: int) -> Response:
    call.require_admin()
    field, item = _field(call, kind, field_id), single(call, group_id="string")
    write_all([item], lambda one: _change(call, field, one))
    return hal(field_json(call, field), 201)


def drop_field(call: Call, kind: str, field_id: int) -> Response:
    call.require_admin()
    del call.world.fields[kind][_field(call, kind, field_id).id]
    return nothing()


def group_json(call: Call, group: FieldGroup) -> dict[str, Any]:
    kind = group.entity_type
    fields = call.world.fields[kind].values()
    held = [field.id for field in fields if (field.group_id or "default") == group.id]
    links = call.self_link(f"{kind}/custom_fields/groups/{group.id}")
    return {**plain(group), "fields": held, "_links": links}


def list_groups(call: Call, kind: str) -> Response:
    page = asked(call)
    groups = sorted(call.world.groups_of_fields(kind).values(), key=lambda group: group.sort)
    shown = groups[page.start : page.start + page.limit]
    if not shown:
        return nothing()
    rows = [group_json(call, group) for group in shown]
    more = page.start + page.limit < len(groups)
    return hal({"_total_items": len(groups), **collection(call, page, "custom_field_groups", rows, more)})


def _group(call: Call, kind: str, group_id: str) -> FieldGroup:
    groups = call.world.groups_of_fields(kind)
    if group_id not in groups:
        raise not_found()
    return groups[group_id]


def show_group(call: Call, kind: str, group_id: str) -> Response:
    return hal(group_json(call, _group(call, kind, group_id)))


def _check_group(call: Call, kind: str, item: dict[str, Any]) -> None:
    for number, field_id in enumerate(item.get("fields") or ()):
        if not isinstance(field_id, int) or field_id not in call.world.fields[kind]:
            raise not_supported(f"fields.{number}")


def add_groups(call: Call, kind: str) -> Response:
    call.require_admin()
    listed = items(call, id="string")

    def check(item: dict[str, Any]) -> None:
        need(item, "name")
        _check_group(call, kind, item)

    check_all(listed, check)
    done = write_all(
        listed,
        lambda item: call.world.create_field_group(
            kind=kind, name=item["name"], sort=item.get("sort"), fields=item.get("fields") or ()
        ),
    )
    rows = [{**group_json(call, group), "request_id": one} for one, group in done]
    return hal({"_total_items": len(rows), "_embedded": {"custom_field_groups": rows}}, 201)


def change_group(call: Call, kind: str, group_id: str) -> Response:
    call.require_admin()
    group, item = _group(call, kind, group_id), single(call, id="string")
    check_all([item], lambda one: _check_group(call, kind, one))
    call.world.edit_field_group(
        kind=kind, group_id=group.id, name=item.get("name"), sort=item.get("sort"), fields=item.get("fields")
    )
    return hal({**group_json(call, group), "request_id": request_id(item, 0)})


def drop_group(call: Call, kind: str, group_id: str) -> Response:
    """Its fields go back to the first group; those that every account has cannot be deleted."""
    call.require_admin()
    group = _group(call, kind, group_id)
    check_all([{"id": group.id}], lambda item: call.world.delete_field_group(kind=kind, group_id=group.id))
    return nothing()


RULES = [
    get(FIELDS, list_fields),
    post(FIELDS, add_fields),
    patch(FIELDS, change_fields),
    get(f"{FIELDS}/groups", list_groups),
    post(f"{FIELDS}/groups", add_groups),
    get(f"{FIELDS}/groups/<group_id>", show_group),
    patch(f"{FIELDS}/groups/<group_id>", change_group),
    delete(f"{FIELDS}/groups/<group_id>", drop_group),
    get(f"{FIELDS}/<int:field_id>", show_field),
    patch(f"{FIELDS}/<int:field_id>", change_field),
    delete(f"{FIELDS}/<int:field_id>", drop_field),
]
