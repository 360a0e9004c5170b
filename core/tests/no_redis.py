"""A Redis that does not run: for what must go on without it."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def nowhere() -> Redis:
    """Refuses at once: the client's own attempts would take up to ten seconds, and none can help."""
    return Redis(host="127.0.0.1", port=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
