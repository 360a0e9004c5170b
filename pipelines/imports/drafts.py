"""What was read from a file, from its upload until it is confirmed: an hour at most.

The file itself is never kept. A draft holds what the mirror would hold: no telephone, address or note.
"""

import secrets
import zlib
from typing import cast

import msgspec

from core import redis
from pipelines.imports.loading import Loaded
from pipelines.imports.parsing import Parsed

KEPT = 3600  # seconds


class Draft(msgspec.Struct):
    """``expected``: what loading it would have done at the time of the upload."""

    file: str
    parsed: Parsed
    expected: Loaded


def keep_draft(user: int | None, draft: Draft) -> str:
    """Returns the code that this user finds it by."""
    code = secrets.token_hex(8)
    redis.client().set(draft_name(user, code), zlib.compress(msgspec.msgpack.encode(draft), 1), ex=KEPT)
    return code


def find_draft(user: int | None, code: str) -> Draft | None:
    packed = cast(bytes | None, redis.client().get(draft_name(user, code)))
    return None if packed is None else msgspec.msgpack.decode(zlib.decompress(packed), type=Draft)


def drop_draft(user: int | None, code: str) -> None:
    redis.client().delete(draft_name(user, code))


def draft_name(user: int | None, code: str) -> str:
    return f"salesops:import:{user}:{code}"
