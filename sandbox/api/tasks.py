"""`/tasks`."""

from typing import Any

import msgspec
from werkzeug import Response

from sandbox.api import collection, get, patch, post
from sandbox.api.writes import answer, check_all, items, need, request_id, row_id, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import any_of, number, numbers, ordered, span
from sandbox.paging import asked
from sandbox.php_query import values
from sandbox.rows import Task
from sandbox.state import SINGULAR, plain
from sandbox.table import Query
from sandbox.verbs.tasks import EDITABLE

ORDERS = ("created_at", "complete_till", "id")


def task_json(call: Call, task: Task, listed: bool = False) -> dict[str, Any]:
    row = plain(task)
    row["result"] = msgspec.to_builtins(task.result)
    row["_links"] = call.self_link(f"tasks/{task.id}", listed)
    return row


def _query(call: Call) -> Query:
    query, wanted = ordered(call, ORDERS), call.filter
    if "id" in wanted:
        query.ids = numbers(wanted["id"])
    if "responsible_user_id" in wanted:
        query.tests.append(any_of("responsible_user_id", numbers(wanted["responsible_user_id"])))
    if "created_by" in wanted:
        query.tests.append(any_of("created_by", numbers(wanted["created_by"])))
    completed = values(wanted.get("is_completed"))
    if completed:
        query.tests.append(any_of("is_completed", [value in ("1", "true") for value in completed]))
    types = numbers(wanted.get("task_type")) or numbers(wanted.get("task_type_id"))
    if types:
        query.tests.append(any_of("task_type_id", types))
    kinds = [kind for kind in values(wanted.get("entity_type")) if kind in SINGULAR]
    if kinds and "entity_id" in wanted:
        ids = numbers(wanted["entity_id"])
        query.groups["card"] = [(kind, card_id) for kind in kinds for card_id in ids]
    elif kinds:
        query.tests.append(any_of("entity_type", kinds))
    changed = span(wanted.get("updated_at"), scalar="after")
    if changed is not None:
        query.spans["updated_at"] = changed
    statuses = wanted.get("lead_statuses")
    if isinstance(statuses, dict):
        stages = [node for node in statuses.values() if isinstance(node, dict)]
        pairs = {(number(node.get("pipeline_id")), number(node.get("status_id"))) for node in stages}
        leads = {lead_id for pair in pairs for lead_id in call.world.leads.group("stage", pair)}
        query.tests.append(lambda task: task.entity_type == "leads" and task.entity_id in leads)
    rule = call.may_see("tasks")
    if rule is not None:
        query.tests.append(rule)
    return query


def list_tasks(call: Call) -> Response:
    page = asked(call)
    rows = call.world.tasks.page(_query(call), page.start, page.limit + 1, call.sought)
    if not rows:
        return nothing()
    shown = [task_json(call, task, listed=True) for task in rows[: page.limit]]
    return hal(collection(call, page, "tasks", shown, len(rows) > page.limit))


def show_task(call: Call, row_id: int) -> Response:
    task = call.world.tasks.get(row_id)
    if task is None or row_id in call.world.trashed_tasks:
        return nothing()
    return hal(task_json(call, task))


def _keys(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key in EDITABLE}


def add_tasks(call: Call) -> Response:
    listed = items(call)

    def check(item: dict[str, Any]) -> None:
        need(item, "text", "complete_till")
        if item.get("entity_id") is not None:
            need(item, "entity_type")
        call.world.check_task({key: value for key, value in _keys(item).items() if value is not None})

    check_all(listed, check)
    done = write_all(listed, lambda item: call.world.create_task(**_keys(item), by=call.user_id))
    rows = [
        {"id": task.id, "request_id": one, "_links": call.self_link(f"tasks/{task.id}")} for one, task in done
    ]
    return answer(call, "tasks", rows)


def _edit(call: Call, item: dict[str, Any], task_id: int) -> Task:
    return call.world.edit_task(task_id=task_id, by=call.user_id, **_keys(item))


def _edited(call: Call, task: Task, one: str) -> dict[str, Any]:
    links = call.self_link(f"tasks/{task.id}")
    return {"id": task.id, "updated_at": task.updated_at, "request_id": one, "_links": links}


def change_tasks(call: Call) -> Response:
    listed = items(call)

    def check(item: dict[str, Any]) -> None:
        call.world.task(row_id(item))
        call.world.check_task(_keys(item))

    check_all(listed, check)
    done = write_all(listed, lambda item: _edit(call, item, item["id"]))
    return answer(call, "tasks", [_edited(call, task, one) for one, task in done])


def change_task(call: Call, row_id: int) -> Response:
    item = single(call)
    if item.get("id", row_id) != row_id:
        item = {**item, "id": row_id}
    done = write_all([item], lambda one: _edit(call, one, row_id))
    return hal(_edited(call, done[0][1], request_id(item, 0)))


RULES = [
    get("tasks", list_tasks),
    post("tasks", add_tasks),
    patch("tasks", change_tasks),
    get("tasks/<int:row_id>", show_task),
    patch("tasks/<int:row_id>", change_task),
]
