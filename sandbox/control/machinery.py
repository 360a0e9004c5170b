"""The stand-in itself: clock, switches, faults, counters, hooks, tokens."""

import hashlib
import hmac
import threading
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from sandbox.faults import Fault
from sandbox.hooks.delivery import HookFaults
from sandbox.switches import changed

if TYPE_CHECKING:
    from sandbox.app import App

Body = dict[str, Any]


def listed() -> list[str]:
    return [f"{method} {path}" for method, path in COMMANDS]


def counts(app: "App", body: Body) -> Any:
    with app.world.lock:
        return app.world.counts()


def show_clock(app: "App", body: Body) -> Any:
    return {"now": app.world.now().isoformat(), "timestamp": app.world.clock.timestamp()}


def move_clock(app: "App", body: Body) -> Any:
    """`{"advance": seconds}` or `{"set": ISO moment}`."""
    _only(body, "advance", "set")
    if len(body) != 1:
        raise ValueError("write either advance (seconds) or set (an ISO moment)")
    if "advance" in body:
        app.world.clock.advance(timedelta(seconds=_number(body, "advance", 0)))
    else:
        moment = datetime.fromisoformat(str(body["set"]))
        if moment.tzinfo is None:
            raise ValueError(f"set: {body['set']!r} has no offset")
        app.world.clock.set(moment)
    return show_clock(app, {})


def show_switches(app: "App", body: Body) -> Any:
    return app.world.switches


def set_switches(app: "App", body: Body) -> Any:
    """`{"name": value, …}`; `rate` is the limit per token."""
    rate = body.pop("rate", None)
    switches = changed(app.world.switches, body)
    if rate is not None:
        app.limiter.rate = int(_number({"rate": rate}, "rate", 0))
    app.world.set_switches(switches)
    return switches


def show_requests(app: "App", body: Body) -> Any:
    return {
        "requests": app.counters["requests"],
        "answered_429": app.counters["status 429"],
        "busiest_second": app.limiter.busiest_second,
        "rate": app.limiter.rate,
        "counters": dict(sorted(app.counters.items())),
    }


def reset_requests(app: "App", body: Body) -> Any:
    app.counters.clear()
    app.limiter.busiest_second = 0
    return {}


def show_faults(app: "App", body: Body) -> Any:
    return app.faults.waiting()


def add_fault(app: "App", body: Body) -> Any:
    """One `Fault`, see sandbox/faults.py."""
    app.faults.add(msgspec.convert(body, Fault))
    return app.faults.waiting()


def clear_faults(app: "App", body: Body) -> Any:
    app.faults.clear()
    return []


def show_hooks(app: "App", body: Body) -> Any:
    sender = app.world.sender
    return {
        "pending": sender.pending(),
        "counters": dict(sender.counters),
        "faults": msgspec.to_builtins(sender.faults),
        "log": list(sender.log),
    }


def spoil_hooks(app: "App", body: Body) -> Any:
    """`{"drop": 2, "duplicate": 1, "reorder": 5, "delay": 3, "delay_seconds": 1.5}`: how many of the next hooks."""
    _only(body, *HookFaults.__dataclass_fields__)
    app.world.sender.faults = msgspec.convert(body, HookFaults)
    return app.world.sender.faults


def show_integration(app: "App", body: Body) -> Any:
    return app.integration


def set_integration(app: "App", body: Body) -> Any:
    """`redirect_uri`, `deauth_url`, `client_id`, `client_secret`; `enabled`: true installs it again."""
    known = app.integration
    _only(body, *known.__dataclass_fields__)
    for key, value in body.items():
        setattr(known, key, value)
    return known


def new_code(app: "App", body: Body) -> Any:
    """An authorization code as the integration's «Keys» tab shows it, of an admin or of `user_id`."""
    _only(body, "user_id")
    user_id = body.get("user_id", app.world.admin_id)
    user = app.world.user(user_id)
    code = app.tokens.new_code(user_id, is_admin=user.is_admin or "user_id" not in body)
    client = app.integration
    return {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "redirect_uri": client.redirect_uri,
        "code": code,
    }


def set_consent(app: "App", body: Body) -> Any:
    """`{"agree": false}`: the next people on the consent page refuse."""
    _only(body, "agree")
    app.consent = bool(body.get("agree", True))
    return {"agree": app.consent}


def revoke_token(app: "App", body: Body) -> Any:
    """A token (default: the long-lived one) dies."""
    _only(body, "token")
    return {"revoked": app.tokens.revoke(body.get("token", app.token))}


def disable_integration(app: "App", body: Body) -> Any:
    """Every token dies; the deauthorisation hook is sent, signed."""
    client, account_id = app.integration, app.world.account.id
    app.tokens.disable()
    if client.deauth_url:
        signed = f"{client.client_id}|{account_id}".encode()
        signature = hmac.new(client.client_secret.encode(), signed, hashlib.sha256).hexdigest()
        query = {"account_id": account_id, "client_uuid": client.client_id, "signature": signature}
        joint = "&" if "?" in client.deauth_url else "?"
        url = f"{client.deauth_url}{joint}{urlencode(query)}"
        threading.Thread(target=_visit, args=(url,), daemon=True).start()
    return {"enabled": False}


def _visit(url: str) -> None:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError:
        return


def _only(body: Body, *known: str) -> None:
    unknown = next((key for key in body if key not in known), None)
    if unknown is not None:
        raise ValueError(f"unknown key {unknown!r}; there are: {', '.join(known)}")


def _number(body: Body, key: str, default: float) -> float:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{key}: {value!r} is not a number")
    return value


COMMANDS: dict[tuple[str, str], Callable[["App", Body], Any]] = {
    ("GET", "counts"): counts,
    ("GET", "clock"): show_clock,
    ("POST", "clock"): move_clock,
    ("GET", "switches"): show_switches,
    ("POST", "switches"): set_switches,
    ("GET", "requests"): show_requests,
    ("DELETE", "requests"): reset_requests,
    ("GET", "faults"): show_faults,
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): clear_faults,
    ("GET", "hooks"): show_hooks,
    ("POST", "hooks"): spoil_hooks,
    ("GET", "integration"): show_integration,
    ("POST", "integration"): set_integration,
    ("POST", "integration/code"): new_code,
    ("POST", "integration/consent"): set_consent,
    ("POST", "integration/disable"): disable_integration,
    ("POST", "tokens/revoke"): revoke_token,
}
