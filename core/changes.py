"""Has anything changed? Counters in Redis that the workers raise and open pages ask for."""

from datetime import datetime

from redis import RedisError

from core import redis

BEATS, COUNTED = "desk:beats", "desk:counted"
BUCKET = 15  # seconds: time itself opens findings, so nothing on a page is older than this


def announce_change(counter: str = BEATS) -> None:
    """Say that something changed. A Redis that is down is no reason to fail: pages then follow the time alone."""
    try:
        redis.client().incr(counter)
    except RedisError:
        return


def claim_within(seconds: int, what: str) -> bool:
    """Whether nobody has asked this about ``what`` in the last ``seconds``: of a burst, one does the work.

    Without Redis nobody is the first: what matters is done on schedule as well.
    """
    try:
        return bool(redis.client().set(f"desk:once:{what}", 1, nx=True, ex=seconds))
    except RedisError:
        return False


def data_stamp(now: datetime) -> str:
    """Text that differs as soon as the data have changed."""
    return f"{_read(BEATS)}.{int(now.timestamp()) // BUCKET}"


def page_stamp(now: datetime) -> str:
    """Text that differs as soon as pages have something new to show."""
    return f"{data_stamp(now)}.{_read(COUNTED)}"


def _read(counter: str) -> int:
    try:
        return int(redis.client().get(counter) or 0)
    except RedisError:
        return -1
