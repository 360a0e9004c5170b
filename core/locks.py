"""Claims that run out by themselves when the worker that made them dies, and every advisory lock of the house.

A lease is measured by the machine's clock: it must run out even where SALESOPS_NOW has stopped the portal's.

A worker may also vouch for its claim with its database session: PostgreSQL withdraws the word the moment the session
ends, however it ends, and not before its last statement is over. Then nobody has to wait for the lease.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any
from zlib import crc32

from django.db import DatabaseError, connection


class Lock(IntEnum):
    """What is locked; the first half of an advisory lock's number, so that no two kinds meet."""

    DEAL = 0x5A1E5001  # whoever folds or judges a deal; seeds a hash, as ids of deals need all 64 bits
    VOUCHED = 0x5A1E5002  # a worker's word for a run that it has claimed, by the run's name
    CLAIM = 0x5A1E5003  # while a run is looked for or begun, by its name
    ALONE = 0x5A1E5004  # work that one session does at a time, by its name
    MONTH = 0x5A1E5005  # whoever writes statements of a month, by the ordinal of its first day
    SCHEME = 0x5A1E5006  # whoever publishes a version of a pay scheme, by its code
    TABLE = 0x5A1E5007  # whoever adds to a small table in which there may be no row to lock yet, by its name


LOCK_DEALS = """
    SELECT pg_advisory_xact_lock(key)
    FROM (SELECT hashint8extended(id, %(seed)s) AS key FROM unnest(%(deals)s::bigint[]) AS id ORDER BY 1) deal
"""


def lease_now() -> datetime:
    return datetime.now(UTC)


def lease_until(length: timedelta) -> datetime:
    return lease_now() + length


def of_deals(deals: Collection[int]) -> tuple[str, dict[str, Any]]:
    """A statement that locks these deals until the transaction ends; in the order of their keys, whoever asks."""
    return LOCK_DEALS, {"deals": list(deals), "seed": int(Lock.DEAL)}


def hold(lock: Lock, which: int | str) -> None:
    """Wait for a lock and keep it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [lock, lock_number(which)])


def hold_session_claim(name: str) -> None:
    """Say that this session works on ``name``; never waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", [Lock.VOUCHED, lock_number(name)])


def release_session_claim(name: str) -> None:
    """Take it back. A session that has broken down has taken it back already."""
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_shared(%s, %s)", [Lock.VOUCHED, lock_number(name)])


def is_session_claimed(name: str) -> bool:
    """Whether any living session works on ``name``."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
                              WHERE datname = current_database() AND locktype = 'advisory'
                                AND classid = %s AND objid = %s AND objsubid = 2)""",
            [Lock.VOUCHED, lock_number(name)],
        )
        return bool(cursor.fetchone()[0])


@contextmanager
def hold_alone(name: str) -> Iterator[bool]:
    """Whether no other session is at ``name`` in the same way; if so, none begins before this one has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [Lock.ALONE, lock_number(name)])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [Lock.ALONE, lock_number(name)])


def lock_number(which: int | str) -> int:
    """The second half of a lock's number; fits a signed integer."""
    return which if isinstance(which, int) else crc32(which.encode()) >> 1
