"""The WSGI application: faults and limits at the gate, then the token, then the route."""

import logging
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from werkzeug import Request, Response
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect

from sandbox import control, oauth, problems, window
from sandbox.api import (
    absent,
    account,
    calls,
    cards,
    chats,
    dictionaries,
    events,
    fields,
    lead_writes,
    leads,
    links,
    notes,
    people,
    pipelines,
    tasks,
    unsorted,
    webhooks,
)
from sandbox.auth import Integration, Tokens
from sandbox.call import Call
from sandbox.faults import Fault, Faults
from sandbox.limits import Limiter
from sandbox.world import World

AREAS = (
    account,
    people,
    pipelines,
    leads,
    lead_writes,
    unsorted,
    tasks,
    events,
    notes,
    calls,
    cards,
    chats,
    links,
    fields,
    dictionaries,
    webhooks,
    absent,
)
ROUTES = Map([rule for area in AREAS for rule in area.RULES], strict_slashes=False)
logger = logging.getLogger("sandbox")
CUT = "sandbox.cut"
"""In the environ: send half of the body, then hang up."""
HANG = "sandbox.hang"
"""In the environ: hang up without an answer."""


class App:
    """One account behind HTTP. `rate` is the limit of requests a second per token, 0 = none."""

    def __init__(self, world: World, *, token: str | None = None, rate: int = 7) -> None:
        self.world = world
        self.limiter = Limiter(rate)
        self.faults = Faults()
        self.counters: Counter[str] = Counter()
        self.integration = Integration(
            client_id=str(uuid.UUID(int=world.rng.getrandbits(128), version=4)),
            client_secret=secrets.token_hex(32),
        )
        self.consent = True
        """Whether people on the consent page agree."""
        self.tokens = Tokens(self.integration, world.account.id, world.clock.timestamp)
        if token is not None:
            self.token = self.tokens.add_long_lived(token, world.admin_id)
        self._counting = threading.Lock()

    @cached_property
    def token(self) -> str:
        """The long-lived token. A generated one is made when first asked for: by then the server has its address."""
        return self.tokens.add_long_lived(None, self.world.admin_id)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith(control.PREFIX):
            return control.answer(self, request)(environ, start_response)
        if (seen := window.answer(self, request)) is not None:
            return seen(environ, start_response)
        if latency := self.world.switches.latency:
            time.sleep(latency)
        fault = self.faults.take(request.method, request.path)
        response = (self._suffer(fault, request) if fault else None) or self._gate(request)
        response.headers["X-Request-Id"] = uuid.uuid4().hex
        self._count(request, response)
        return response(environ, start_response)

    def _suffer(self, fault: Fault, request: Request) -> Response | None:
        """Put a fault into this request; gives the answer when the fault is one."""
        time.sleep(fault.latency)
        if fault.hang is not None:
            time.sleep(fault.hang)
            request.environ[HANG] = True
            return problems.html(504)
        if fault.cut:
            request.environ[CUT] = True
        if fault.status is None:
            return None
        response = problems.unauthorized().response() if fault.status == 401 else problems.html(fault.status)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(fault.retry_after)
        return response

    def _gate(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        switches = self.world.switches
        verdict = self.limiter.check(
            token,
            window=switches.rate_window,
            account_rate=switches.account_rate,
            ban_after=switches.ban_after,
            ban_seconds=switches.ban_seconds,
        )
        if verdict != 200:
            return problems.html(verdict)
        open_address = oauth.ROUTES.get((request.method, request.path))
        if open_address is not None:
            return open_address(self, request)
        try:
            return self._route(request, token if scheme.lower() == "bearer" else "")
        except problems.Problem as problem:
            return problem.response()
        except Exception:
            logger.exception("%s %s", request.method, request.path)
            return problems.html(500)

    def _route(self, request: Request, token: str) -> Response:
        call = Call(self.world, request)
        self._identify(call, token)
        try:
            handler, path = ROUTES.bind_to_environ(request.environ).match()
        except (NotFound, RequestRedirect):
            raise problems.not_found() from None
        except MethodNotAllowed:
            raise problems.Problem(405, "Method Not Allowed") from None
        absent.require_customers(call)
        with self.world.lock:
            response: Response = handler(call, **path)
            return response

    def _identify(self, call: Call, token: str) -> None:
        grant = self.tokens.grant_of(token)
        if grant is None:
            raise problems.unauthorized()
        call.grant = grant
        wanted = call.request.headers.get("X-Context-User-ID")
        if wanted is not None and grant.is_admin:
            user = self.world.users.get(int(wanted)) if wanted.isdigit() else None
            if user is None or user.is_free:
                raise problems.unauthorized()
            call.actor = user

    def _count(self, request: Request, response: Response) -> None:
        route = "/".join("{id}" if part.isdigit() else part for part in request.path.split("/"))
        with self._counting:
            self.counters["requests"] += 1
            self.counters[f"status {response.status_code}"] += 1
            self.counters[f"{request.method} {route}"] += 1
