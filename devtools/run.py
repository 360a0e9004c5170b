"""`make run`: the whole portal on one machine, from nothing to an open page, until Ctrl-C.

Without ``AMO_BASE_URL`` it is a demo: a sandbox plays amoCRM with an invented company, anew at every start. With
``--amo none`` there is no amoCRM: the portal begins with the import of a file, and an account may be connected later.
Whatever of it ends before its time is started again.
"""

import argparse
import fcntl
import os
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import redis

from devtools import embedded
from devtools.embedded import PROJECT, EmbeddedError, environment
from devtools.fresh_database import HoldsRealData, Use, make_fresh
from devtools.processes import ChildDied, Crew, StepFailed
from devtools.servers import Servers
from web.sync import restarts

SCENARIO = "zolotarev"
HOST = "127.0.0.1"
PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
CELERY = (PYTHON, "-m", "celery", "--app", "salesops", "--quiet")
TRIES = 3  # of a first load that a fallen database has interrupted
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartRefused(Exception):
    """The portal cannot start as asked; the text says why and what to do."""


class Stopped(Exception):
    """Ctrl-C, or a signal that means the same."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m devtools.run", description="Run the portal on this machine."
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--amo", choices=("none",), help="no amoCRM: begin with the import of a file")
    options = parser.parse_args()
    port: int = options.port
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        with _only_one():
            _check_port(port)
            use = _use(options.amo)
            with _services() as servers:
                if servers.database:
                    redis_url = os.environ["REDIS_URL"] if servers.redis else None
                    make_fresh(os.environ["DATABASE_URL"], redis_url, use)
                with Crew(PROJECT, mended=_noted, also=servers.look) as crew:
                    servers.tell = crew.say
                    _run(crew, servers, port, use)
    except Stopped:
        print("\nStopped.", flush=True)
        return 0
    except StepFailed:
        return 1
    except (StartRefused, EmbeddedError, HoldsRealData, ChildDied) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # stopping takes seconds, and impatience must not cut it short
    raise Stopped


def _use(amo: str | None) -> Use:
    """What the portal is started for."""
    address = os.environ.get("AMO_BASE_URL")
    if amo == "none" and address:
        raise StartRefused(f"AMO=none and AMO_BASE_URL={address} exclude each other; leave one of them out.")
    return Use.FILE if amo == "none" else Use.ACCOUNT if address else Use.DEMO


def _noted(part: str, exit_code: int | None) -> None:
    """Leave a word for the sync page; that must not be the end of anything."""
    with suppress(redis.RedisError), redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        restarts.note(client, part, exit_code)


def _run(crew: Crew, servers: Servers, port: int, use: Use) -> None:
    """Start everything in order and watch it. Ends only by an exception."""
    started = time.monotonic()
    address = f"http://{HOST}:{port}"
    quiet = {
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore::UserWarning",
    }  # "you are root", "no staticfiles"
    variables = {**os.environ, **quiet, "PORTAL_URL": address, "PLAIN_STATIC": "true"}
    demo = use is Use.DEMO
    chats = ""
    if demo:
        told, chats = _start_channels(crew, variables)
        variables |= told
        variables |= _start_sandbox(crew, variables)  # invents its company while the database is prepared
    crew.run("migrate", [*MANAGE, "migrate", "--verbosity", "0"], variables)
    crew.run("vendor_static", [*MANAGE, "vendor_static"], variables)
    if demo:
        _wait_for(crew, f"{variables['AMO_BASE_URL']}/api/v4/account", "The sandbox", 120)
        _wait_for(crew, chats, "The stand-in for Telegram", 30)
        crew.run("setup_demo", [*MANAGE, "setup_demo"], variables)
    alone = ["--without-account"] if use is Use.FILE else []
    crew.run("logins", [*MANAGE, "logins", *alone], variables)
    with environment.shared(PROJECT, variables):
        _start_portal(crew, variables, port)
        print(f"\nThe portal is open: {address}\n", flush=True)
        if chats:
            print(f"What it tells people, as they see it (chats and mail): {chats}\n", flush=True)
        if use is Use.FILE:
            print("Sign in as admin: the first page takes a file that amoCRM has exported.", flush=True)
        else:
            _load(crew, servers, variables)
        if demo:
            crew.run("setup_demo", [*MANAGE, "setup_demo", "--loaded"], variables)
        schedule = ["--schedule", str(PROJECT / ".local" / "beat-schedule"), "--pidfile", ""]
        crew.start("notices", [*MANAGE, "notices_serve"], variables)  # not before: a load is no news
        crew.start("beat", [*CELERY, "beat", *schedule, "--loglevel", "WARNING"], variables)
        loaded = f"All data are there after {time.monotonic() - started:.0f} s. "
        print(f"\n{'' if use is Use.FILE else loaded}Ctrl-C stops the portal.", flush=True)
        while True:
            crew.check()
            time.sleep(0.5)


def _load(crew: Crew, servers: Servers, variables: dict[str, str]) -> None:
    """The first load, which goes on where it was when a server that it needs has fallen."""
    for attempt in range(TRIES):
        before = servers.mended
        try:
            crew.run("amo_sync", [*MANAGE, "amo_sync", *([] if attempt else ["--full"])], variables)
            return
        except StepFailed:
            servers.look(now=True)
            if servers.mended == before or attempt == TRIES - 1:
                raise


def _start_sandbox(crew: Crew, variables: dict[str, str]) -> dict[str, str]:
    """Start the stand-in for amoCRM; returns where it will answer, as variables of the portal."""
    port, token = _free_port(), f"demo-{secrets.token_urlsafe(16)}"
    arguments = ["--scenario", SCENARIO, "--port", str(port), "--token", token, "--rate", "0", "--live"]
    crew.start("sandbox", [PYTHON, "-m", "sandbox", "serve", *arguments], variables)
    return {"AMO_BASE_URL": f"http://{HOST}:{port}", "AMO_TOKEN": token, "AMO_RATE": "0", "DEMO": "1"}


def _start_channels(crew: Crew, variables: dict[str, str]) -> tuple[dict[str, str], str]:
    """Start what plays Telegram and the mail server, unless real ones are set; returns variables of the portal, and the
    page on which one sees what they got (empty without a stand-in)."""
    if variables.get("TELEGRAM_BOT_TOKEN"):
        return {}, ""
    chats, smtp, mail = _free_port(), _free_port(), _free_port()
    token = f"{secrets.randbelow(10**9) + 10**8}:{secrets.token_urlsafe(24)}"
    page = f"http://{HOST}:{chats}"
    crew.start(
        "telegram",
        [PYTHON, "-m", "sandbox.telegram", "serve", "--port", str(chats), "--token", token],
        variables,
    )
    sink = ["--smtp", str(smtp), "--port", str(mail), "--chats", page]
    crew.start("mail", [PYTHON, "-m", "devtools.mail_sink", *sink], variables)
    told = {"TELEGRAM_API_URL": page, "TELEGRAM_BOT_TOKEN": token, "MAIL_PAGE": f"http://{HOST}:{mail}"}
    return told | {"EMAIL_URL": f"smtp://{HOST}:{smtp}"}, page


def _start_portal(crew: Crew, variables: dict[str, str], port: int) -> None:
    """Start web server and workers; returns when the first page can be asked for."""
    web = ["salesops.wsgi", "--bind", f"{HOST}:{port}", "--log-level", "warning"]
    crew.start("web", [PYTHON, "-m", "gunicorn", *web], variables)
    for queue in ("amo", "hooks", "work"):
        worker = ["worker", "--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", "2"]
        silent = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        polite = [] if queue == "hooks" else ["nice"]  # nobody waits for them with a page open
        crew.start(f"worker-{queue}", [*polite, *CELERY, *worker, *silent], variables)
    _wait_for(crew, f"http://{HOST}:{port}/healthz", "The web server", 60)


def _wait_for(crew: Crew, address: str, name: str, patience: float) -> None:
    """Wait for any answer at all; what it says is the business of others."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        crew.check()
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise StartRefused(f"{name} did not answer within {patience:.0f} seconds.")


@contextmanager
def _services() -> Iterator[Servers]:
    """PostgreSQL and Redis for as long as the portal runs; those that are embedded are looked after."""
    servers = Servers(
        PROJECT,
        database=not os.environ.get("DATABASE_URL"),
        redis=not os.environ.get("REDIS_URL"),
        noted=lambda part: _noted(part, None),
    )
    try:
        embedded.fill_environment()
        try:
            redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
        except (redis.RedisError, ValueError) as error:
            raise StartRefused(f"REDIS_URL: no Redis answers there ({error}).") from error
        yield servers
    finally:
        if servers.database or servers.redis:
            embedded.stop()


@contextmanager
def _only_one() -> Iterator[None]:
    """Two portals in one checkout would stop each other's servers."""
    path = PROJECT / ".local" / "run.lock"
    path.parent.mkdir(exist_ok=True)
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartRefused("The portal of this folder runs already, in another terminal.") from None
        yield


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "it must be 0-65535"
            raise StartRefused(
                f"Port {port} cannot be used ({why}); try another: make run PORT=8001."
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
