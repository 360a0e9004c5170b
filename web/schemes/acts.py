"""What a button of the editor does to the document: a row more, a component less, one up or down."""

import re
from typing import Any

from kpi.calculation.fields import fields_of
from kpi.components import KINDS
from web.schemes.sent import MOST

PLACE = re.compile(r"^components\[(\d{1,3})\](?:\.(\w{1,40}))?(?:\[(\d{1,3})\])?$")


def change_document(document: dict[str, Any], act: str) -> str:
    """Do ``act`` to the document, and give the anchor of what it was about. Nonsense does nothing.

    ``add:KIND`` a component; ``row:components[0].tiers`` a row there; ``cut:…`` what stands at the place; ``up:1``.
    """
    verb, _colon, what = act.partition(":")
    components: list[dict[str, Any]] = document["components"]
    if verb == "add" and what in KINDS and len(components) < MOST:
        code = next(
            name for n in range(1, 1000) if (name := f"{what}{n}") not in {one["code"] for one in components}
        )
        components.append({"kind": what, "code": code, "title": {"ru": "", "en": ""}})
        return f"part-{len(components) - 1}"
    if verb == "up" and what.isdecimal() and len(what) < 4 and 0 < int(what) < len(components):
        at = int(what)
        components[at - 1], components[at] = components[at], components[at - 1]
        return f"part-{at - 1}"
    found = PLACE.match(what)
    if found is None or int(found[1]) >= len(components):
        return ""
    number, name, row = int(found[1]), found[2], found[3]
    if name is None:
        if verb == "cut":
            del components[number]
        return f"part-{max(number - 1, 0)}"
    kind = KINDS.get(components[number]["kind"])
    entry = next((one.entry for one in fields_of(kind) if one.name == name), "") if kind else ""
    if entry in ("rows", "points"):
        _change_rows(components[number], verb, name, row, entry)
    return f"part-{number}"


def _change_rows(component: dict[str, Any], verb: str, name: str, row: str | None, entry: str) -> None:
    rows: list[Any] = component.get(name, [])
    if verb == "row" and len(rows) < MOST:
        component[name] = [*rows, [None, None] if entry == "points" else {}]
    elif verb == "cut" and row is not None and int(row) < len(rows):
        del rows[int(row)]
        if not rows:
            del component[name]
