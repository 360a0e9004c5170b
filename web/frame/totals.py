"""Counts and sums at the head of a list: kept for a minute where counting takes long, and told as of when.

An exact count of hundreds of thousands of rows takes as long as all the rest of the page, and three processes of the
database at that.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.http import HttpRequest, QueryDict
from msgspec import Struct, json
from redis.exceptions import RedisError

from core import moment, redis

SLOW = 0.025  # seconds: what is counted in less is never old
KEEP = 60  # seconds
ASIDE = {"page", "sort", "export"}  # of an address: they choose no rows


class Totals(Struct, frozen=True):
    """``as_of``: when these were counted, if that was for an earlier request; None: just now."""

    count: int
    sums: dict[str, Decimal | int | None]
    as_of: datetime | None = None


_decoder = json.Decoder(Totals)


def key_of(request: HttpRequest, query: QueryDict) -> str:
    """Whoever sees the same rows of the same list shares its count."""
    user: Any = request.user
    asked = sorted((name, query.getlist(name)) for name in query if name not in ASIDE)
    question = (request.path, user.role, None if user.sees is None else user.pk, asked)
    return f"list:{connection.settings_dict['NAME']}:{hashlib.sha256(repr(question).encode()).hexdigest()}"


def read_totals(key: str, count: Callable[[], Mapping[str, Any]]) -> Totals:
    """Those kept under the key, or what ``count`` gives: ``count`` and whatever else it sums."""
    with suppress(RedisError):
        kept: Any = redis.client().get(key)
        if kept:
            return _decoder.decode(kept)
    return count_totals(key, count)


def count_totals(key: str, count: Callable[[], Mapping[str, Any]]) -> Totals:
    began = time.perf_counter()
    counted = dict(count())
    cost = time.perf_counter() - began
    found = Totals(counted.pop("count"), counted)
    if cost >= SLOW:
        kept = Totals(found.count, found.sums, moment.now())
        with suppress(RedisError):
            redis.client().set(key, json.encode(kept), ex=KEEP)
    return found
