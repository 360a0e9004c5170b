"""Which data `make run` works on: a demo's is worthless and made anew, a real account's is never touched."""

import psycopg
import redis
from psycopg import sql

MARK = "demo"  # the comment on a database that may be thrown away


class HoldsRealData(Exception):
    """A demo was asked for, where the mirror of a real account lies."""


def make_fresh(database_url: str, redis_url: str | None, *, demo: bool) -> None:
    """Throw a demo's data away, be it for the next demo or for a real account.

    Redis is emptied with them, unless ``redis_url`` is None.
    Raises HoldsRealData when a demo would have to share the database with a real account.
    """
    with psycopg.connect(database_url) as connection:
        name = connection.info.dbname
        marked = _one(
            connection,
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            name,
        )
        mirrored = None
        if marked != MARK and _one(connection, "SELECT to_regclass('pipelines_account')") is not None:
            mirrored = _one(connection, "SELECT base_url FROM pipelines_account LIMIT 1")
    if demo and mirrored is not None:
        raise HoldsRealData(
            f"The local database mirrors {mirrored}: set AMO_BASE_URL and AMO_TOKEN to go on with it, "
            "or remove .local/postgres to start a demo."
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


def _one(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values).fetchone()
    return row and row[0]
