"""The one Redis client of the process: a pool of connections that everybody here shares."""

from functools import cache

from django.conf import settings
from redis import Redis

PATIENCE = 0.8  # seconds for a Redis that hangs: amoCRM waits two for its hook


@cache
def client() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
