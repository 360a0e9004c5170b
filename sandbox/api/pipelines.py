"""`/leads/pipelines` and their statuses."""

from typing import Any

from werkzeug import Response

from sandbox.account_rows import CLOSED, Pipeline, Status
from sandbox.api import delete, get, patch, post
from sandbox.api.writes import check_all, items, need, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.problems import Problem, not_found, validation
from sandbox.refused import NotFound, Refused, not_supported
from sandbox.state import plain
from sandbox.verbs.stages import PALETTE

ONE = "leads/pipelines/<int:pipeline_id>"


def _status(call: Call, status: Status, descriptions: bool = False) -> dict[str, Any]:
    row = plain(status)
    if not descriptions:
        del row["descriptions"]
    row["_links"] = call.self_link(f"leads/pipelines/{status.pipeline_id}/statuses/{status.id}")
    return row


def _pipeline(call: Call, pipeline: Pipeline) -> dict[str, Any]:
    return {
        **plain(pipeline),
        "_links": call.self_link(f"leads/pipelines/{pipeline.id}"),
        "_embedded": {"statuses": [_status(call, status) for status in pipeline.statuses]},
    }


def _found(call: Call, pipeline_id: int) -> Pipeline:
    try:
        return call.world.pipeline(pipeline_id)
    except NotFound:
        raise not_found() from None


def _found_status(call: Call, pipeline_id: int, status_id: int) -> Status:
    try:
        return call.world.status(pipeline_id, status_id)
    except NotFound:
        raise not_found() from None


def list_pipelines(call: Call) -> Response:
    rows = [_pipeline(call, one) for one in call.world.pipelines.values()]
    links = call.self_link("leads/pipelines")
    return hal({"_total_items": len(rows), "_links": links, "_embedded": {"pipelines": rows}})


def show_pipeline(call: Call, pipeline_id: int) -> Response:
    return hal(_pipeline(call, _found(call, pipeline_id)))


def add_pipelines(call: Call) -> Response:
    call.require_admin()

    def check(item: dict[str, Any]) -> None:
        need(item, "name", "sort", "_embedded")
        for key in ("is_main", "is_unsorted_on"):
            need(item, key)
        statuses = item["_embedded"].get("statuses") or []
        for number, status in enumerate(statuses):
            color = status.get("color")
            if status.get("id") not in CLOSED and color is not None and color not in PALETTE:
                raise not_supported(f"_embedded.statuses.{number}.color")

    listed = items(call)
    check_all(listed, check)

    def write(item: dict[str, Any]) -> Pipeline:
        statuses = item["_embedded"].get("statuses") or []
        stages = [status for status in statuses if status.get("id") not in CLOSED]
        names = [str(status.get("name", "")) for status in stages]
        pipeline = call.world.create_pipeline(name=item["name"], stages=names, sort=item["sort"])
        pipeline.is_unsorted_on = bool(item["is_unsorted_on"])
        for status, given in zip(pipeline.statuses[1:-2], stages, strict=True):
            status.color = given.get("color", "#fffeb2")
        for given in statuses:
            closing = pipeline.status(given.get("id", 0)) if given.get("id") in CLOSED else None
            if closing is not None:
                closing.name = given.get("name", closing.name)
        if item["is_main"]:
            for other in call.world.pipelines.values():
                other.is_main = other is pipeline
        return pipeline

    done = write_all(listed, write)
    rows = [{**_pipeline(call, one), "request_id": request_id} for request_id, one in done]
    return hal({"_total_items": len(rows), "_embedded": {"pipelines": rows}})


def change_pipeline(call: Call, pipeline_id: int) -> Response:
    call.require_admin()
    pipeline, item = _found(call, pipeline_id), single(call)
    for key in ("name", "sort", "is_main", "is_unsorted_on"):
        if key in item:
            setattr(pipeline, key, item[key])
    return hal(_pipeline(call, pipeline))


def drop_pipeline(call: Call, pipeline_id: int) -> Response:
    call.require_admin()
    _found(call, pipeline_id)
    try:
        call.world.delete_pipeline(pipeline_id=pipeline_id)
    except Refused as fault:
        raise Problem(422, fault.detail) from None
    return nothing()


def list_statuses(call: Call, pipeline_id: int) -> Response:
    pipeline, described = _found(call, pipeline_id), "descriptions" in call.shown
    rows = [_status(call, status, described) for status in pipeline.statuses]
    return hal({"_total_items": len(rows), "_embedded": {"statuses": rows}})


def show_status(call: Call, pipeline_id: int, status_id: int) -> Response:
    return hal(_status(call, _found_status(call, pipeline_id, status_id), "descriptions" in call.shown))


def add_statuses(call: Call, pipeline_id: int) -> Response:
    call.require_admin()
    _found(call, pipeline_id)

    def write(item: dict[str, Any]) -> Status:
        need(item, "name", "sort")
        color = item.get("color", "#fffeb2")
        return call.world.create_status(
            pipeline_id=pipeline_id, name=item["name"], sort=item["sort"], color=color
        )

    done = write_all(items(call), write)
    rows = [{**_status(call, one), "request_id": request_id} for request_id, one in done]
    return hal({"_total_items": len(rows), "_embedded": {"statuses": rows}})


def change_status(call: Call, pipeline_id: int, status_id: int) -> Response:
    call.require_admin()
    _found_status(call, pipeline_id, status_id)
    item = single(call)
    changes = {key: item[key] for key in ("name", "sort", "color") if key in item}
    try:
        status = call.world.edit_status(pipeline_id=pipeline_id, status_id=status_id, **changes)
    except Refused as fault:
        raise validation([("0", fault)]) from None
    return hal(_status(call, status))


def drop_status(call: Call, pipeline_id: int, status_id: int) -> Response:
    call.require_admin()
    _found_status(call, pipeline_id, status_id)
    try:
        call.world.delete_status(pipeline_id=pipeline_id, status_id=status_id, by=call.user_id)
    except Refused as fault:
        raise Problem(422, fault.detail) from None
    return nothing()


RULES = [
    get("leads/pipelines", list_pipelines),
    post("leads/pipelines", add_pipelines),
    get(ONE, show_pipeline),
    patch(ONE, change_pipeline),
    delete(ONE, drop_pipeline),
    get(f"{ONE}/statuses", list_statuses),
    post(f"{ONE}/statuses", add_statuses),
    get(f"{ONE}/statuses/<int:status_id>", show_status),
    patch(f"{ONE}/statuses/<int:status_id>", change_status),
    delete(f"{ONE}/statuses/<int:status_id>", drop_status),
]
