"""Lanes of one run of tests have databases of their own: what one empties is not what another keeps."""

import zlib
from collections.abc import Mapping

DATABASES = 64  # of the embedded Redis; number 0 is nobody's, so a stray client loses nothing


def choose_redis(environment: Mapping[str, str]) -> str:
    """``REDIS_URL`` with the database of this run (``TEST_DB_NAME``) and of its xdist worker: no two meet."""
    run = zlib.crc32(environment.get("TEST_DB_NAME", "test_salesops").encode())
    lane = int(environment.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return f"{environment['REDIS_URL'].partition('?')[0]}?db={1 + (run + lane) % (DATABASES - 1)}"
