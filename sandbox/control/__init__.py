"""`/_control/…`: what is no part of amoCRM's API: people at work in its pages, the clock, faults, counters."""

from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug import Request, Response

from sandbox.control import deeds, machinery, rows
from sandbox.refused import NotFound, Refused

if TYPE_CHECKING:
    from sandbox.app import App

PREFIX = "/_control"


def answer(app: "App", request: Request) -> Response:
    """JSON in, JSON out, no token. Bad input is answered with one sentence and changes nothing."""
    path = request.path.removeprefix(PREFIX).strip("/")
    try:
        body = _body(request)
        found: Any
        if not path:
            found = {"deeds": deeds.listed(), "machinery": machinery.listed(), "rows": rows.listed()}
        elif path.startswith("dump/"):
            with app.world.lock:
                found = rows.dump(app.world, path.removeprefix("dump/"), trash="trash" in request.args)
        elif (request.method, path) in machinery.COMMANDS:
            found = machinery.COMMANDS[request.method, path](app, body)
        elif request.method == "POST":
            found = deeds.do(app.world, path, body)
        else:
            raise NotFound(f"there is no {request.method} {PREFIX}/{path}")
    except NotFound as error:
        return _json({"error": str(error)}, 404)
    except (Refused, ValueError, TypeError, OverflowError, msgspec.ValidationError) as error:
        return _json({"error": str(error)}, 400)
    return _json(found)


def _body(request: Request) -> dict[str, Any]:
    raw = request.get_data()
    try:
        body = msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the body is not JSON ({error})") from None
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


def _json(found: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(found), status=status, content_type="application/json")
