"""`/bot{token}/{method}` over HTTP, `/control/…` for tests, and a page for eyes (`sandbox.telegram.window`)."""

import json
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Request, Response

from sandbox.telegram import window
from sandbox.telegram.faults import HTML, LATE, RESET, SILENT, Fault, Faults
from sandbox.telegram.methods import METHODS, Refusal, get_updates
from sandbox.telegram.webhook import Ringer
from sandbox.telegram.world import World

HANG = "sandbox.hang"  # as `sandbox.server` reads it: hang up without an answer
LARGEST = 60 * 2**20


class App:
    def __init__(self, world: World) -> None:
        self.world, self.faults = world, Faults()
        self.ringer = Ringer(world)
        self.mail_page = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/control/"):
            return self._control(request)(environ, start_response)
        if not request.path.startswith("/bot"):
            return window.answer(self, request)(environ, start_response)
        return self._bot(request, environ)(environ, start_response)

    def _bot(self, request: Request, environ: dict[str, Any]) -> Response:
        token, _, method = request.path.removeprefix("/bot").partition("/")
        method = method.lower()
        if self.world.revoked or token != self.world.token:
            return refusal(Refusal(401, "Unauthorized"))
        if method != "getupdates" and method not in METHODS:
            return refusal(Refusal(404, "Not Found: method not found"))
        if (request.content_length or 0) > LARGEST:
            return Response("<html><h1>413 Request Entity Too Large</h1></html>", 413, mimetype="text/html")
        values, files = read(request)
        chat = number(values.get("chat_id"))
        with self.world.lock:
            self.world.calls.append(
                {"method": method, "values": values, "files": list(files), "at": time.time()}
            )
        fault = self.faults.take(method, chat)
        if fault and not fault.after:
            time.sleep(fault.delay)
            if fault.raw is not None:
                return Response(fault.raw, fault.code or 200, mimetype="application/json")
            if fault.code:
                return refusal(Refusal(fault.code, fault.description, **fault.parameters))
        try:
            if method == "getupdates":
                result: Any = get_updates(self.world, values)
            else:
                with self.world.news:
                    result = METHODS[method](self.world, values, files)
        except Refusal as error:
            return refusal(error)
        except (ValueError, TypeError, KeyError) as error:
            return refusal(Refusal(400, f"Bad Request: {error}"))
        return self._after(
            fault, environ, Response(json.dumps({"ok": True, "result": result}), mimetype="application/json")
        )

    @staticmethod
    def _after(fault: Fault | None, environ: dict[str, Any], response: Response) -> Response:
        """It is done; what comes of the answer is the fault's."""
        if fault is None or not fault.after:
            return response
        if fault.after in (SILENT, RESET):
            time.sleep(fault.delay)
            environ[HANG] = True
        elif fault.after == LATE:
            time.sleep(fault.delay)
        elif fault.after == HTML:
            return Response("<html><h1>502 Bad Gateway</h1>nginx</html>", 502, mimetype="text/html")
        return response

    def _control(self, request: Request) -> Response:
        """Tests and the demo say here what people and the network do."""
        what, given = request.path.removeprefix("/control/").strip("/"), request.get_json(silent=True) or {}
        world = self.world
        with world.lock:
            answer: Any = True
            if what == "people":
                for one in given["people"]:
                    world.person(**one)
            elif what == "group":
                topics = {int(key): value for key, value in (given.get("topics") or {}).items()}
                world.group(given["key"], given.get("title", ""), topics=topics)
            elif what == "chat":
                chat = world.chats[int(given.pop("key"))]
                for name, value in given.items():
                    setattr(chat, name, value)
            elif what == "say":
                answer = world.says(**given).id
            elif what == "press":
                answer = world.presses_button(**given)
            elif what == "block":
                world.blocks(given["person"], unblock=bool(given.get("unblock")))
            elif what == "kick":
                world.kicks(given["chat"])
            elif what == "migrate":
                world.migrates(given["chat"], given["to"])
            elif what == "revoke":
                world.revoked = bool(given.get("revoked", True))
                world.news.notify_all()
            elif what == "fault":
                self.faults.order(**given)
            elif what == "calm":
                self.faults.clear()
            elif what == "clock":
                if "now" in given:
                    world.clock.set(datetime.fromisoformat(given["now"]))
                else:
                    world.clock.advance(timedelta(seconds=float(given["seconds"])))
            elif what == "log":
                answer = {"delivered": world.delivered, "calls": len(world.calls), "presses": world.presses}
            elif what == "messages":
                chat = world.chats[int(given["chat"])]
                answer = [
                    {
                        "id": one.id,
                        "text": one.text,
                        "html": one.html,
                        "buttons": one.buttons,
                        "edited": one.edited,
                    }
                    | {"sender": one.sender, "thread": one.thread}
                    for one in chat.messages.values()
                ]
            elif what == "mail":
                self.mail_page = str(given["url"])
            else:
                return Response("no such order", 404)
        return Response(json.dumps(answer), mimetype="application/json")


def refusal(error: Refusal) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    response = Response(json.dumps(body), error.code, mimetype="application/json")
    if error.code == 429 and "retry_after" in error.parameters:
        response.headers["Retry-After"] = str(error.parameters["retry_after"])
    return response


def read(request: Request) -> tuple[dict[str, Any], dict[str, tuple[str, str, bytes]]]:
    """Values of a query, a form or JSON, and the files of a multipart form."""
    values: dict[str, Any] = dict(request.args.items())
    if request.mimetype == "application/json":
        values |= request.get_json(silent=True) or {}
        return values, {}
    values |= dict(request.form.items())
    files = {}
    for name, part in request.files.items():
        with part.stream as stream:
            files[name] = (part.filename or name, part.mimetype, stream.read())
    return values, files


def number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
