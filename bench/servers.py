"""PostgreSQL and Redis of the bench's own, durable as in development: made for a run, removed after it.

Nothing else writes there, so the bytes of the write-ahead log are the measured statements' own.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from devtools import embedded
from devtools.embedded import PROJECT

FOLDER = PROJECT / ".local" / "bench"
DATABASE = "salesops_bench"


@contextmanager
def running(*, keep: bool) -> Iterator[None]:
    """Servers, and an environment that names them; before Django loads. ``keep`` leaves them for the next run."""
    for name in ("DATABASE_URL", "REDIS_URL", "AMO_BASE_URL", "AMO_TOKEN", "SALESOPS_NOW", "DEBUG", "DEMO"):
        os.environ.pop(name, None)
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        services = embedded.ensure(project=FOLDER)
        os.environ |= {
            "DATABASE_URL": own_database(services.database_url, keep=keep),
            "REDIS_URL": services.redis_url,
            "SECRET_KEY": "only-for-the-bench-0123456789-abcdefghijklm",
            "DJANGO_SETTINGS_MODULE": "salesops.settings",
        }
        yield
    finally:
        if not keep:
            embedded.stop(project=FOLDER)
            shutil.rmtree(FOLDER, ignore_errors=True)


def own_database(url: str, *, keep: bool) -> str:
    """The address of the bench's database on that server, made anew unless it may be kept.

    Exits where the kept one is of other migrations: a large company takes ten minutes to invent.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if known is not None and keep and known[0] != migrations():
            sys.exit(
                f"What was kept in {FOLDER} is of other migrations: run once without --keep, or by their tree."
            )
        if known is None or not keep:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            connection.execute(f"CREATE DATABASE {DATABASE}")
            connection.execute(f"COMMENT ON DATABASE {DATABASE} IS '{migrations()}'")
    return urlsplit(url)._replace(path=f"/{DATABASE}").geturl()


def migrations() -> str:
    """A digest of all migrations: until the first release they are written anew, and migrating cannot follow."""
    digest = hashlib.sha256()
    for file in sorted(PROJECT.glob("*/migrations/0*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
