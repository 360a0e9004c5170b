"""The one Redis client of the process: a pool of connections that everybody here shares."""

from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.8  # seconds for a Redis that hangs: amoCRM waits two for its hook


@cache
def client() -> Redis:
    """A connection that has grown old is opened anew at once. The client's own three attempts, with pauses between
    them, would hold every page for three seconds a question where no Redis runs."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 1),
    )
