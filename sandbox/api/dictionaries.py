"""Loss reasons, tags and sources."""

from typing import Any

from werkzeug import Response

from sandbox.account_rows import LossReason, Source
from sandbox.api import collection, delete, get, patch, post
from sandbox.api.writes import answer, check_all, items, need, row_id, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import numbers
from sandbox.paging import asked
from sandbox.php_query import values
from sandbox.problems import not_found
from sandbox.refused import not_supported
from sandbox.rows import Tag
from sandbox.state import plain

KINDS = "<any(leads,contacts,companies,customers):kind>"


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


def change_tags(call: Call) -> Response:
    """Name and colour of tags of leads; only these can be edited."""

    def check(item: dict[str, Any]) -> None:
        if row_id(item) not in call.world.tags["leads"]:
            raise not_supported("id")

    listed = items(call)
    check_all(listed, check)
    done = write_all(
        listed,
        lambda item: call.world.edit_tag(
            kind="leads", tag_id=item["id"], name=item.get("name"), color=item.get("color")
        ),
    )
    rows = [{**plain(tag), "request_id": one} for one, tag in done]
    return hal({"_total_items": len(rows), "_embedded": {"tags": rows}})


def _source(call: Call, source: Source) -> dict[str, Any]:
    return {**plain(source), "_links": call.self_link(f"sources/{source.id}")}


def list_sources(call: Call) -> Response:
    wanted = values(call.filter.get("external_id"))
    listed = [one for one in call.world.sources.values() if not wanted or one.external_id in wanted]
    rows = [_source(call, source) for source in listed]
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
            origin_code=item.get("origin_code"),
            services=item.get("services") or [],
        )
        call.world.sources[source.id] = source
        return source

    done = write_all(items(call), write)
    rows = [{**_source(call, source), "request_id": one} for one, source in done]
    return hal({"_total_items": len(rows), "_embedded": {"sources": rows}}, 201)


def _change(call: Call, source: Source, item: dict[str, Any]) -> Source:
    if item.get("pipeline_id") is not None and item["pipeline_id"] not in call.world.pipelines:
        raise not_supported("pipeline_id")
    for key in ("name", "pipeline_id", "external_id", "default", "origin_code", "services"):
        if item.get(key) is not None:
            setattr(source, key, str(item[key]) if key == "external_id" else item[key])
    return source


def _known(call: Call, item: dict[str, Any]) -> Source:
    source = call.world.sources.get(row_id(item))
    if source is None:
        raise not_supported("id")
    return source


def change_sources(call: Call) -> Response:
    listed = items(call)
    check_all(listed, lambda item: _known(call, item))
    done = write_all(listed, lambda item: _change(call, _known(call, item), item))
    rows = [{**_source(call, source), "request_id": one} for one, source in done]
    return hal({"_total_items": len(rows), "_embedded": {"sources": rows}})


def _found(call: Call, source_id: int) -> Source:
    if source_id not in call.world.sources:
        raise not_found()
    return call.world.sources[source_id]


def change_source(call: Call, source_id: int) -> Response:
    source, item = _found(call, source_id), single(call)
    return hal(_source(call, write_all([item], lambda one: _change(call, source, one))[0][1]))


def drop_sources(call: Call) -> Response:
    listed = items(call)
    check_all(listed, lambda item: _known(call, item))
    for item in listed:
        call.world.sources.pop(item["id"], None)
    return nothing()


def drop_source(call: Call, source_id: int) -> Response:
    """Leads keep the name of their source."""
    del call.world.sources[_found(call, source_id).id]
    return nothing()


RULES = [
    get("leads/loss_reasons", list_reasons),
    post("leads/loss_reasons", add_reasons),
    get("leads/loss_reasons/<int:reason_id>", show_reason),
    delete("leads/loss_reasons/<int:reason_id>", drop_reason),
    get(f"{KINDS}/tags", list_tags),
    post(f"{KINDS}/tags", add_tags),
    patch("leads/tags", change_tags),
    get("sources", list_sources),
    post("sources", add_sources),
    patch("sources", change_sources),
    delete("sources", drop_sources),
    get("sources/<int:source_id>", show_source),
    patch("sources/<int:source_id>", change_source),
    delete("sources/<int:source_id>", drop_source),
]
