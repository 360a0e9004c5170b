"""Counts and sums at the head of a list: kept for seconds where counting takes long, and told as of when.

An exact count of hundreds of thousands of rows takes as long as all the rest of the page, and three processes of the
database at that.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.http import HttpRequest, QueryDict
from msgspec import Struct, json

from core import moment
from core.kept import Question

SLOW = 0.025  # seconds: what is counted in less is never old
ASIDE = {"page", "sort", "export"}  # of an address: they choose no rows


class Totals(Struct, frozen=True):
    """``sums``: whatever the list sums, by name."""

    count: int
    sums: dict[str, Decimal | int | None]
    as_of: datetime


_decoder = json.Decoder(Totals)


def ask_totals(
    request: HttpRequest, query: QueryDict, count: Callable[[], Mapping[str, Any]]
) -> Question[Totals]:
    """What ``count`` gives (``count`` and sums), for this reader alone: some lists are of one's own rows."""
    user: Any = request.user
    asked = sorted((name, query.getlist(name)) for name in query if name not in ASIDE)
    whose = (request.path, user.pk, user.role, user.sees and sorted(user.sees), asked)
    key = f"list:{connection.settings_dict['NAME']}:{hashlib.sha256(repr(whose).encode()).hexdigest()}"

    def find() -> Totals:
        now, counted = moment.now(), dict(count())
        return Totals(counted.pop("count"), counted, now)

    return Question(key, find, json.encode, _decoder.decode, SLOW)
