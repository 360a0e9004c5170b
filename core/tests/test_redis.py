import time
from typing import Any

import pytest
from redis import ConnectionError

from core import redis


def test_where_no_redis_runs_nobody_waits(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with redis.client.__wrapped__() as nobody:
        began = time.monotonic()
        for _ in range(10):  # a page asks several times
            with pytest.raises(ConnectionError):
                nobody.get("x")
    assert time.monotonic() - began < 2, "each of the client's own attempts would take three seconds"
