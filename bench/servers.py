"""PostgreSQL and Redis of the bench's own, durable as in development: made for a run, removed after it.

Nothing else writes there, so the bytes of the write-ahead log are the measured statements' own.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from salesops import embedded
from salesops.embedded import PROJECT

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
            "DATABASE_URL": own_database(services.database_url, fresh=not keep),
            "REDIS_URL": services.redis_url,
            "SECRET_KEY": "only-for-the-bench",
            "DJANGO_SETTINGS_MODULE": "salesops.settings",
        }
        yield
    finally:
        if not keep:
            embedded.stop(project=FOLDER)
            shutil.rmtree(FOLDER, ignore_errors=True)


def own_database(url: str, *, fresh: bool) -> str:
    """The address of the bench's database on that server, created where it is not there."""
    with psycopg.connect(url, autocommit=True) as connection:
        if fresh:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")
    return urlsplit(url)._replace(path=f"/{DATABASE}").geturl()
