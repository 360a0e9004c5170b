"""Has anything changed? One counter in Redis that the workers raise and open pages ask for."""

from datetime import datetime
from functools import cache

import redis
from django.conf import settings

KEY = "desk:pulse"
BUCKET = 15  # seconds: time itself opens findings, so nothing on a page is older than this


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def beat() -> None:
    """Say that something changed. A Redis that is down is no reason to fail: pages then follow the time alone."""
    try:
        client().incr(KEY)
    except redis.RedisError:
        return


def stamp(now: datetime) -> str:
    """Text that differs as soon as something has changed."""
    try:
        beats = int(client().get(KEY) or 0)
    except redis.RedisError:
        beats = -1
    return f"{beats}.{int(now.timestamp()) // BUCKET}"
