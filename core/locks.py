"""Claims that run out by themselves when the worker that made them dies.

A lease is measured by the machine's clock: it must run out even where SALESOPS_NOW has stopped the portal's.

A worker may also vouch for its claim with its database session: PostgreSQL withdraws the word the moment the session
ends, however it ends, and not before its last statement is over. Then nobody has to wait for the lease.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from zlib import crc32

from django.db import DatabaseError, connection

VOUCHED, ALONE = 0x5A1E5002, 0x5A1E5004  # the first half of the advisory locks' numbers


def present() -> datetime:
    return datetime.now(UTC)


def until(length: timedelta) -> datetime:
    return present() + length


def vouch(name: str) -> None:
    """Say that this session works on ``name``; never waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", [VOUCHED, number(name)])


def retract(name: str) -> None:
    """Take it back. A session that has broken down has taken it back already."""
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [VOUCHED, number(name)])


def vouched(name: str) -> bool:
    """Whether any living session works on ``name``."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
                              WHERE datname = current_database() AND locktype = 'advisory'
                                AND classid = %s AND objid = %s AND objsubid = 2)""",
            [VOUCHED, number(name)],
        )
        return bool(cursor.fetchone()[0])


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether no other session is at ``name`` in the same way; if so, none begins before this one has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [ALONE, number(name)])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [ALONE, number(name)])


def number(name: str) -> int:
    return crc32(name.encode()) >> 1  # fits a signed integer
