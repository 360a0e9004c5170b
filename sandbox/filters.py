"""`filter[…]` and `order[…]` of list calls as a `Query`; unknown keys are ignored, as amoCRM does."""

from collections.abc import Iterable
from typing import Any

from sandbox.call import Call
from sandbox.php_query import values
from sandbox.rows import FieldValues
from sandbox.table import Query, Test

Span = tuple[float | None, float | None]


def number(raw: Any) -> float | None:
    """A number as clients send it (floats are tolerated); None when it is none."""
    try:
        return float(raw)
    except (TypeError, ValueError):
        return None


def numbers(node: Any) -> list[int]:
    found = (number(one) for one in values(node))
    return [int(one) for one in found if one is not None]


def comma_values(node: Any) -> list[str]:
    """Values of a bracket array or of a comma list."""
    return [part.strip() for value in values(node) for part in value.split(",") if part.strip()]


def span(node: Any, scalar: str = "equal") -> Span | None:
    """`[from]`/`[to]`, both inclusive; a scalar means equal or, with `scalar="after"`, later than that."""
    if isinstance(node, dict):
        low, high = number(node.get("from")), number(node.get("to"))
        return None if low is None and high is None else (low, high)
    only = number(node)
    if only is None:
        return None
    return (only + 1, None) if scalar == "after" else (only, only)


def ordered(call: Call, allowed: Iterable[str], default: str = "id") -> Query:
    """A query with the call's `order[…]`, where it is one of the allowed."""
    order = call.query.get("order")
    for name, direction in order.items() if isinstance(order, dict) else ():
        if name in allowed:
            return Query(order=name, descending=str(direction).lower() == "desc")
    return Query(order=default)


def any_of(name: str, allowed: Iterable[Any]) -> Test:
    chosen = frozenset(allowed)
    return lambda row: getattr(row, name) in chosen


def add_common(
    query: Query, call: Call, equal: Iterable[str], spans: Iterable[str], names: bool = True
) -> None:
    """`filter[id]`, any-of filters over numbers, `filter[name]`, ranges, and custom fields."""
    wanted = call.filter
    if "id" in wanted:
        query.ids = numbers(wanted["id"])
    for name in equal:
        if name in wanted:
            query.tests.append(any_of(name, numbers(wanted[name])))
    if names and "name" in wanted:
        query.tests.append(any_of("name", values(wanted["name"])))
    for name in spans:
        found = span(wanted.get(name))
        if found is not None:
            query.spans[name] = found
    fields = wanted.get("custom_fields_values")
    for field_id, node in fields.items() if isinstance(fields, dict) else ():
        test = field_test(number(field_id), node)
        if test is not None:
            query.tests.append(test)


def field_test(field_id: float | None, node: Any) -> Test | None:
    """`filter[custom_fields_values][ID][]=v` (enum id, 1/0 or value) or its `[from]`/`[to]`."""
    if field_id is None:
        return None
    if isinstance(node, dict) and ("from" in node or "to" in node):
        low, high = number(node.get("from")), number(node.get("to"))

        def within(one: FieldValues) -> bool:
            found = (number(value.get("value")) for value in one.values)
            return any(
                value is not None and (low is None or value >= low) and (high is None or value <= high)
                for value in found
            )

        return lambda row: any(
            one.field_id == field_id and within(one) for one in row.custom_fields_values or ()
        )
    wanted = frozenset(values(node))

    def matches(one: FieldValues) -> bool:
        return any(_words(value) & wanted for value in one.values)

    return lambda row: any(
        one.field_id == field_id and matches(one) for one in row.custom_fields_values or ()
    )


def _words(value: dict[str, Any]) -> set[str]:
    words = {str(value["enum_id"])} if value.get("enum_id") is not None else {str(value.get("value"))}
    if isinstance(value.get("value"), bool):
        words = {"1" if value["value"] else "0"}
    return words


def full_text(call: Call) -> Test | None:
    """`query=…`: part of the name, of the id or of a filled field, whatever the case."""
    sought = call.query.get("query")
    if not isinstance(sought, str) or not sought.strip():
        return None
    words = sought.strip().lower()
    digits = "".join(char for char in words if char.isdigit())

    def fits(row: Any) -> bool:
        if words in row.name.lower() or words == str(row.id):
            return True
        for one in row.custom_fields_values or ():
            for value in one.values:
                text = str(value.get("value", "")).lower()
                if words in text:
                    return True
                if len(digits) >= 7 and digits in "".join(char for char in text if char.isdigit()):
                    return True
        return False

    return fits
