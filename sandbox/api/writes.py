"""Bodies of writing calls: a list of items that is taken as a whole or not at all, and the answer about each."""

from collections.abc import Callable
from typing import Any, TypeVar

from werkzeug import Response

from sandbox import shapes
from sandbox.call import Call, hal
from sandbox.problems import Problem, validation
from sandbox.refused import NotFound, Refused, invalid_type, missing, not_supported

MOST = 250
T = TypeVar("T")


def items(call: Call, most: int = MOST, **kinds: str) -> list[dict[str, Any]]:
    """The array of objects in the body. Anything else ends the request with 400.

    `kinds` names top keys that take another kind of value at this address than `shapes.KINDS` says.
    """
    body = call.body()
    if not isinstance(body, list) or not body or not all(isinstance(item, dict) for item in body):
        raise validation([("0", invalid_type("", "array"))])
    if len(body) > most:
        raise Problem(400, f"The number of objects must not exceed {most}")
    check_all(body, _shape(kinds))
    return body


def single(call: Call, **kinds: str) -> dict[str, Any]:
    """The one object in the body; an empty one may be written as PHP writes it, `[]`."""
    body = call.body()
    if body == []:
        body = {}
    if not isinstance(body, dict):
        raise validation([("0", invalid_type("", "array"))])
    check_all([body], _shape(kinds))
    return body


def _shape(kinds: dict[str, str]) -> Callable[[dict[str, Any]], None]:
    here = {**shapes.KINDS, **kinds}
    return lambda item: shapes.check(item, kinds=here)


def request_id(item: dict[str, Any], number: int) -> str:
    given = item.get("request_id")
    return str(number if given is None else given)


def check_all(listed: list[dict[str, Any]], check: Callable[[dict[str, Any]], object]) -> None:
    """Look at every item before the first is written, so that one bad item refuses them all."""
    faults = []
    for number, item in enumerate(listed):
        try:
            check(item)
        except Refused as fault:
            faults.append((request_id(item, number), fault))
        except NotFound:
            faults.append((request_id(item, number), not_supported("id")))
    if faults:
        raise validation(faults)


def write_all(listed: list[dict[str, Any]], write: Callable[[dict[str, Any]], T]) -> list[tuple[str, T]]:
    """Write the items; gives (request_id, what `write` gave) for each."""
    done: list[tuple[str, T]] = []
    for number, item in enumerate(listed):
        try:
            done.append((request_id(item, number), write(item)))
        except Refused as fault:
            raise validation([(request_id(item, number), fault)]) from None
        except NotFound:
            raise validation([(request_id(item, number), not_supported("id"))]) from None
    return done


def need(item: dict[str, Any], *keys: str) -> None:
    for key in keys:
        if item.get(key) is None:
            raise missing(key)


def row_id(item: dict[str, Any]) -> int:
    need(item, "id")
    if isinstance(item["id"], bool) or not isinstance(item["id"], int):
        raise invalid_type("id", "int")
    return int(item["id"])


def answer(call: Call, key: str, rows: list[dict[str, Any]]) -> Response:
    """200 with a short row for each item."""
    return hal({"_links": {"self": {"href": call.root + call.request.path}}, "_embedded": {key: rows}})
