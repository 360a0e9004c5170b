"""Which data `make run` works on: a demo's is worthless and made anew, what is real is never touched."""

from enum import Enum

import psycopg
import redis
from psycopg import sql

MARK = "demo"  # the comment on a database that may be thrown away


class Use(Enum):
    """What a portal is started for: an invented company, an account of amoCRM, or what files have told."""

    DEMO = "demo"
    ACCOUNT = "account"
    FILE = "file"


class HoldsRealData(Exception):
    """A demo was asked for, where the mirror of a real account lies, or what was imported from files."""


def make_fresh(database_url: str, redis_url: str | None, use: Use) -> None:
    """Throw a demo's data away, whatever comes after it.

    Redis is emptied with them, unless ``redis_url`` is None.
    Raises HoldsRealData when a demo would have to share the database with what is real.
    """
    demo = use is Use.DEMO
    with psycopg.connect(database_url) as connection:
        name = connection.info.dbname
        marked = _one(
            connection,
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            name,
        )
        mirrored = imported = None
        if marked != MARK:
            mirrored = _first(connection, "pipelines_account", "base_url")
            imported = _first(connection, "pipelines_deal", "id") or _first(
                connection, "pipelines_contact", "id"
            )
    if demo and mirrored is not None:
        raise HoldsRealData(
            f"The local database mirrors {mirrored}: set AMO_BASE_URL and AMO_TOKEN (or AMO=none, if the account was "
            "connected on the page) to go on with it, or remove .local/postgres to start a demo."
        )
    if demo and imported is not None:
        raise HoldsRealData(
            "The local database holds what was imported from a file: go on with it by `make run AMO=none`, or remove "
            ".local/postgres to start a demo."
        )
    if not demo and marked != MARK:
        return
    with psycopg.connect(database_url, dbname="postgres", autocommit=True) as connection:
        database = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
        if demo:
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, sql.Literal(MARK)))
    if redis_url:
        client = redis.Redis.from_url(redis_url)
        client.flushdb()
        client.close()


def _first(connection: psycopg.Connection, table: str, column: str) -> object:
    """A value of a table that may not be there yet."""
    if _one(connection, "SELECT to_regclass(%s)", table) is None:
        return None
    return _one(connection, f"SELECT {column} FROM {table} LIMIT 1")


def _one(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values).fetchone()
    return row and row[0]
