"""`make run`: the whole portal on one machine, from nothing to an open page, until Ctrl-C.

Without ``AMO_BASE_URL`` it is a demo: a sandbox plays amoCRM with an invented company, anew at every start.
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
from contextlib import contextmanager
from types import FrameType

import redis

from devtools import embedded
from devtools.embedded import PROJECT, EmbeddedError, environment
from devtools.fresh_database import HoldsRealData, make_fresh
from devtools.processes import ChildDied, Crew, StepFailed

SCENARIO = "zolotarev"
HOST = "127.0.0.1"
PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
CELERY = (PYTHON, "-m", "celery", "--app", "salesops", "--quiet")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Refused(Exception):
    """The portal cannot start as asked; the text says why and what to do."""


class Stopped(Exception):
    """Ctrl-C, or a signal that means the same."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m devtools.run", description="Run the portal on this machine."
    )
    parser.add_argument("--port", type=int, default=8000)
    port: int = parser.parse_args().port
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        with _only_one():
            _check_port(port)
            with _services() as (own_database, own_redis), Crew(PROJECT) as crew:
                demo = not os.environ.get("AMO_BASE_URL")
                if own_database:
                    redis_url = os.environ["REDIS_URL"] if own_redis else None
                    make_fresh(os.environ["DATABASE_URL"], redis_url, demo=demo)
                _run(crew, port, demo=demo)
    except Stopped:
        print("\nStopped.", flush=True)
        return 0
    except StepFailed:
        return 1
    except (Refused, EmbeddedError, HoldsRealData, ChildDied) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # stopping takes seconds, and impatience must not cut it short
    raise Stopped


def _run(crew: Crew, port: int, *, demo: bool) -> None:
    """Start everything in order and watch it. Ends only by an exception."""
    started = time.monotonic()
    address = f"http://{HOST}:{port}"
    quiet = {
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore::UserWarning",
    }  # "you are root", "no staticfiles"
    variables = {**os.environ, **quiet, "PORTAL_URL": address, "PLAIN_STATIC": "true"}
    if demo:
        variables |= _start_sandbox(crew, variables)  # invents its company while the database is prepared
    crew.run("migrate", [*MANAGE, "migrate", "--verbosity", "0"], variables)
    crew.run("vendor_static", [*MANAGE, "vendor_static"], variables)
    if demo:
        _wait_for(crew, f"{variables['AMO_BASE_URL']}/api/v4/account", "The sandbox", 120)
        crew.run("setup_demo", [*MANAGE, "setup_demo"], variables)
    crew.run("logins", [*MANAGE, "logins"], variables)
    with environment.shared(PROJECT, variables):
        _start_portal(crew, variables, port)
        print(f"\nThe portal is open: {address}\n", flush=True)
        crew.run("amo_sync", [*MANAGE, "amo_sync", "--full"], variables)
        if demo:
            crew.run("setup_demo", [*MANAGE, "setup_demo", "--loaded"], variables)
        schedule = ["--schedule", str(PROJECT / ".local" / "beat-schedule"), "--pidfile", ""]
        crew.start("beat", [*CELERY, "beat", *schedule, "--loglevel", "WARNING"], variables)
        print(
            f"\nAll data are there after {time.monotonic() - started:.0f} s. Ctrl-C stops the portal.",
            flush=True,
        )
        while True:
            crew.check()
            time.sleep(0.5)


def _start_sandbox(crew: Crew, variables: dict[str, str]) -> dict[str, str]:
    """Start the stand-in for amoCRM; returns where it will answer, as variables of the portal."""
    port, token = _free_port(), f"demo-{secrets.token_urlsafe(16)}"
    arguments = ["--scenario", SCENARIO, "--port", str(port), "--token", token, "--rate", "0", "--live"]
    crew.start("sandbox", [PYTHON, "-m", "sandbox", "serve", *arguments], variables)
    return {"AMO_BASE_URL": f"http://{HOST}:{port}", "AMO_TOKEN": token, "AMO_RATE": "0", "DEMO": "1"}


def _start_portal(crew: Crew, variables: dict[str, str], port: int) -> None:
    """Start web server and workers; returns when the first page can be asked for."""
    threads = ["--worker-class", "gthread", "--workers", "2", "--threads", "8", "--no-control-socket"]
    web = ["salesops.wsgi", "--bind", f"{HOST}:{port}", *threads, "--log-level", "warning"]
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
    raise Refused(f"{name} did not answer within {patience:.0f} seconds.")


@contextmanager
def _services() -> Iterator[tuple[bool, bool]]:
    """PostgreSQL and Redis for as long as the portal runs; tells which of the two are embedded."""
    embedded_ones = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    try:
        embedded.fill_environment()
        try:
            redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
        except (redis.RedisError, ValueError) as error:
            raise Refused(f"REDIS_URL: no Redis answers there ({error}).") from error
        yield embedded_ones
    finally:
        if any(embedded_ones):
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
            raise Refused("The portal of this folder runs already, in another terminal.") from None
        yield


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "it must be 0-65535"
            raise Refused(f"Port {port} cannot be used ({why}); try another: make run PORT=8001.") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
