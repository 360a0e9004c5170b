"""Is a loaded account whole? The first fault is named with its place: `leads[17].pipeline_id: …`."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from sandbox.rows import Data
from sandbox.state import PLURAL, SINGULAR

_PLACE = re.compile(r" - at `(?:key in )?`?\$\.?(.*?)`?$")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_CATALOG = re.compile(r"catalog_\d+$")


class Broken(ValueError):
    """The data cannot be taken; the message is one sentence that begins with the place."""


def checked(data: Any) -> Data:
    """The rows of `data`. Raises `Broken`."""
    if not isinstance(data, dict):
        raise Broken("the file: an object with the keys account, users, pipelines, leads … is expected")
    unknown = sorted(set(data) - set(Data.__struct_fields__))
    if unknown:
        raise Broken(f"{unknown[0]}: unknown key; there are {', '.join(Data.__struct_fields__)}")
    try:
        rows = msgspec.convert(data, Data)
    except msgspec.ValidationError as error:
        raise Broken(_sentence(str(error))) from None
    for kind in Data.__struct_fields__[1:]:
        key = {"unsorted": "uid", "talks": "talk_id"}.get(kind, "id")
        _unique(kind, (getattr(row, key) for row in getattr(rows, kind)))
    _check_statuses(rows)
    _check_leads(rows)
    _check_others(rows)
    return rows


def _sentence(message: str) -> str:
    """msgspec's words with the place first."""
    found = _PLACE.search(message)
    place = found.group(1) if found else ""
    reason = message[: found.start()] if found else message
    missing = _MISSING.match(reason)
    if missing:
        place = f"{place}.{missing.group(1)}" if place else missing.group(1)
        reason = "missing"
    else:
        reason = reason[:1].lower() + reason[1:].replace("`", "")
    return f"{place or 'the file'}: {reason}"


def _unique(kind: str, ids: Iterable[Any]) -> None:
    seen: dict[Any, int] = {}
    for number, one in enumerate(ids):
        if one in seen:
            raise Broken(f"{kind}[{number}].id: {one} is already the id of {kind}[{seen[one]}]")
        seen[one] = number


def _check_statuses(rows: Data) -> None:
    for number, pipeline in enumerate(rows.pipelines):
        if not pipeline.statuses:
            raise Broken(f"pipelines[{number}]._embedded.statuses: a pipeline needs at least one status")
        _unique(f"pipelines[{number}]._embedded.statuses", (status.id for status in pipeline.statuses))


def _check_leads(rows: Data) -> None:
    pipelines = {one.id: {status.id for status in one.statuses} for one in rows.pipelines}
    for number, lead in enumerate(rows.leads):
        statuses = pipelines.get(lead.pipeline_id)
        if statuses is None:
            raise Broken(f"leads[{number}].pipeline_id: there is no pipeline {lead.pipeline_id}")
        if lead.status_id not in statuses:
            raise Broken(
                f"leads[{number}].status_id: pipeline {lead.pipeline_id} has no status {lead.status_id}"
            )


def _check_others(rows: Data) -> None:
    for number, field in enumerate(rows.custom_fields):
        if field.entity_type not in SINGULAR:
            raise Broken(
                f"custom_fields[{number}].entity_type: {field.entity_type!r} is none of {', '.join(SINGULAR)}"
            )
    for number, task in enumerate(rows.tasks):
        if (task.entity_id is None) != (task.entity_type is None):
            raise Broken(f"tasks[{number}].entity_type: entity_id and entity_type go together")
        if task.entity_type is not None and task.entity_type not in SINGULAR:
            raise Broken(
                f"tasks[{number}].entity_type: {task.entity_type!r} is none of {', '.join(SINGULAR)}"
            )
    for number, note in enumerate(rows.notes):
        if note.entity_type not in SINGULAR:
            raise Broken(
                f"notes[{number}].entity_type: {note.entity_type!r} is none of {', '.join(SINGULAR)}"
            )
    known = {*PLURAL, "task"}
    for number, event in enumerate(rows.events):
        if event.entity_type not in known and not _CATALOG.match(event.entity_type):
            raise Broken(
                f"events[{number}].entity_type: {event.entity_type!r} is none of {', '.join(sorted(known))}"
            )
