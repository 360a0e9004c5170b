"""The desk's snapshot as it is kept in Redis until something changes: always what the statement would answer, for it is
the statement's own text."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from zlib import crc32

from django.db import connection
from redis import RedisError

from core import changes, redis
from core.periods import Period
from metrics.account_size import is_large
from metrics.snapshot import SQL, Snapshot, count_snapshot, decode_snapshot

KEEP = 1800  # seconds: several rounds of the schedule, so that readers always find some
MOST_WAIT = 60  # seconds for a worker that counts the first one
SLOW = 0.5  # seconds: who counts longer lets a worker do it


def find_snapshot(now: datetime, month: Period, elsewhere: Callable[[Period], object]) -> Snapshot | None:
    """`take_snapshot`, or None while a worker counts the first of a very large account: that takes seconds.

    Where none has answered within a minute, the reader counts after all.
    """
    key = key_of(month)
    with suppress(RedisError):
        if not redis.client().exists(key) and is_large():
            if redis.client().set(f"{key}:first", 1, nx=True, ex=2 * MOST_WAIT):
                elsewhere(month)
                return None
            if redis.client().ttl(f"{key}:first") > MOST_WAIT:
                return None
    return take_snapshot(now, month, elsewhere)


def take_snapshot(
    now: datetime, month: Period, elsewhere: Callable[[Period], object] | None = None
) -> Snapshot:
    """The present figures: the kept ones while nothing has changed, else counted anew.

    Where counting is slow (a very large account) nobody waits for it: the kept figures are shown while it is done
    ``elsewhere``, and open pages are told when it has. Without Redis they are counted every time.
    """
    key = key_of(month)
    try:
        kept = _kept(key)
        stamp = changes.data_stamp(now)
        if kept and kept.stamp == stamp:
            return decode_snapshot(kept.text)
        if elsewhere and kept and kept.cost > SLOW:
            if _is_due(key, kept):
                elsewhere(month)
            return decode_snapshot(kept.text)
        with redis.client().lock(
            f"{key}:lock", timeout=20, blocking_timeout=20
        ):  # many blocks ask at once; one counts
            kept = _kept(key)
            text = kept.text if kept and kept.stamp == stamp else recount_snapshot(now, month)
    except RedisError:
        text = count_snapshot(now, month).encode()
    return decode_snapshot(text)


def recount_snapshot(now: datetime, month: Period) -> bytes:
    """Count and keep; gives what is kept. Raises RedisError."""
    key, stamp, started = key_of(month), changes.data_stamp(now), time.perf_counter()
    text = count_snapshot(now, month).encode()
    redis.client().hset(key, mapping={"stamp": stamp, "cost": time.perf_counter() - started, "text": text})
    redis.client().expire(key, KEEP)
    return text


def key_of(month: Period) -> str:
    """Another statement (a new version of the portal) finds nothing that the old one has kept."""
    return f"desk:{connection.settings_dict['NAME']}:{crc32(SQL.encode()):x}:{month.label}"


class Kept(NamedTuple):
    """``cost``: how many seconds counting took."""

    stamp: str
    cost: float
    text: bytes


def _kept(key: str) -> Kept | None:
    kept: list[Any] = redis.client().hmget(key, "stamp", "cost", "text")
    stamp, cost, text = kept
    return Kept(stamp.decode(), float(cost), text) if stamp and cost and text else None


def _is_due(key: str, kept: Kept) -> bool:
    """Whether to ask for a count: at most a tenth of the time is spent on counting."""
    return bool(redis.client().set(f"{key}:asked", 1, nx=True, ex=max(1, round(10 * kept.cost))))
