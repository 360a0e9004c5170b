"""The routes of the API v4, one module per area; each gives its `RULES`."""

from collections.abc import Callable
from typing import Any

from werkzeug import Response
from werkzeug.routing import Rule

from sandbox.call import Call

Handler = Callable[..., Response]
API = "/api/v4/"


def get(path: str, handler: Handler) -> Rule:
    return Rule(API + path, endpoint=handler, methods=["GET"])


def post(path: str, handler: Handler) -> Rule:
    return Rule(API + path, endpoint=handler, methods=["POST"])


def patch(path: str, handler: Handler) -> Rule:
    return Rule(API + path, endpoint=handler, methods=["PATCH"])


def delete(path: str, handler: Handler) -> Rule:
    return Rule(API + path, endpoint=handler, methods=["DELETE"])


def collection(call: Call, page: Any, key: str, rows: list[Any], more: bool) -> dict[str, Any]:
    return {"_page": page.number, "_links": page.links(call, more), "_embedded": {key: rows}}
