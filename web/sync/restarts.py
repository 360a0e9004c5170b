"""Which parts of the portal ended and were started again by `make run`, for the sync page. In Redis, for a week."""

from datetime import UTC, datetime
from typing import cast

import msgspec
from redis import Redis

KEY, KEPT, SECONDS = "salesops:restarts", 20, 7 * 86_400


class Restart(msgspec.Struct, frozen=True):
    """``signal`` or ``code`` is how its process ended; neither: it did not answer."""

    part: str
    at: datetime
    signal: int = 0
    code: int = 0


def note(client: "Redis", part: str, exit_code: int | None) -> None:
    """``exit_code`` as `subprocess` gives it, None where there was no end. Raises RedisError."""
    ended = exit_code or 0
    restart = Restart(part, datetime.now(UTC), signal=max(0, -ended), code=max(0, ended))
    line = client.pipeline()
    line.lpush(KEY, msgspec.json.encode(restart))
    line.ltrim(KEY, 0, KEPT - 1)
    line.expire(KEY, SECONDS)
    line.execute()


def read(client: "Redis") -> list[Restart]:
    """The newest first. Raises RedisError."""
    lines = cast(list[bytes], client.lrange(KEY, 0, KEPT - 1))
    return [msgspec.json.decode(line, type=Restart) for line in lines]
