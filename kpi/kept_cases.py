"""What of a person's cases «what costs money» goes by: counted for the reader, and kept where counting is slow.

A person with ten thousands of cases in a month would wait for a second. What is kept for him is counted anew by a
worker, with the statements, so the line of quality and the cases beside it are of one time.
"""

import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from msgspec import Struct, json
from redis.exceptions import RedisError

from core import redis
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.case_tallies import Tally, tally_cases
from kpi.measurement import add_times
from kpi.month_facts import Spent
from kpi.own_cases import midnight, own_cases
from qc import queries as judgement
from qc.models import Finding, RuleMode
from qc.quality import TimeScore

SLOW = 0.15  # seconds: what is counted in less is never old
OLDEST = timedelta(minutes=11)  # two rounds of statements; older, the reader counts
ASKED = timedelta(days=1)  # for so long after a reader a worker counts
ROOM = "cases"
BY_COUNT, BY_TIME = "count", "time"


class Question(Struct, frozen=True):
    """``users``: amoCRM users of the person; ``seen``: those of them whom the reader sees; ``day``: of his next shift;
    ``quality``: by what it goes; None without a statement."""

    users: tuple[int, ...]
    seen: tuple[int, ...]
    month: date
    day: date
    quality: str | None

    def horizons(self, now: datetime) -> tuple[datetime, datetime]:
        """The end of today, and that of the day of the next shift."""
        today = now.astimezone(portal_zone()).date()
        return midnight(today + timedelta(days=1)), midnight(self.day + timedelta(days=1))


class Group(Struct, frozen=True):
    """Cases of one rule; ``kind`` is a mode or free, ``own``: the person can mend them."""

    rule: str
    kind: str
    own: bool
    tally: Tally


class Ahead(Struct, frozen=True):
    """`qc.queries.Outlook` of all of the person's users together."""

    as_is: dict[str, Spent]
    mended: dict[str, Spent]
    kept_as_is: list[dict[str, Spent]]
    kept_mended: list[dict[str, Spent]]


class Cases(Struct, frozen=True):
    """``coming``: rule and moment of what opens until the last horizon. ``left``, where quality goes by count: how
    often each rule stays broken when all that stands open is mended; ``ahead``, where it goes by time."""

    as_of: datetime
    groups: list[Group]
    coming: list[tuple[str, datetime]]
    left: dict[str, int]
    ahead: Ahead | None = None


def read_cases(question: Question, now: datetime) -> Cases:
    """The kept ones where counting is slow, not older than two rounds of the worker; else counted now."""
    key = _key_of(question)
    with suppress(RedisError):
        kept: Any = redis.client().get(key)
        if kept:
            found = json.decode(kept, type=Cases)
            if timedelta() <= now - found.as_of <= OLDEST:
                redis.client().zadd(_asked(), {json.encode(question): now.timestamp()})
                return found
    return _count_and_keep(question, now)


def recount_cases(now: datetime) -> int:
    """Count anew what is kept for people who were asked about within a day; returns for how many."""
    client, month = redis.client(), month_of(now, portal_zone()).first
    try:
        client.zremrangebyscore(_asked(), 0, (now - ASKED).timestamp())
        texts: Any = client.zrange(_asked(), 0, -1)
        asked = [json.decode(text, type=Question) for text in texts]
        for question in asked:
            if question.month == month:
                _count_and_keep(question, now, asked=False)
    except RedisError:
        return 0
    return len(asked)


def _count_and_keep(question: Question, now: datetime, *, asked: bool = True) -> Cases:
    began = time.perf_counter()
    found = count_cases(question, now)
    slow = time.perf_counter() - began >= SLOW
    with suppress(RedisError):
        if slow:
            redis.client().set(_key_of(question), json.encode(found), ex=2 * OLDEST)
            if asked:
                redis.client().zadd(_asked(), {json.encode(question): now.timestamp()})
        elif not asked:
            redis.client().zrem(_asked(), json.encode(question))
            redis.client().delete(_key_of(question))
    return found


def count_cases(question: Question, now: datetime) -> Cases:
    """Two queries, and what quality needs of clocks where it goes by time."""
    period, users = month_of(midnight(question.month), portal_zone()), list(question.users)
    shown = [RuleMode.Mode.WARN, RuleMode.Mode.MONEY]
    rows = Finding.objects.standing().filter(manager__in=question.seen, mode__in=shown)
    horizons = question.horizons(now)
    tallies, coming = tally_cases(own_cases(rows, users, period), users, period, now, horizons)
    groups = [Group(*key, tally) for key, tally in tallies.items()]
    left, ahead = {}, None
    if question.quality == BY_COUNT:
        left = dict(judgement.past_violations(period, users, now))
    elif question.quality == BY_TIME:
        ahead = _look_ahead(period, users, now, horizons)
    return Cases(now.astimezone(UTC), groups, coming, left, ahead)


def _look_ahead(
    period: Period, users: list[int], now: datetime, horizons: tuple[datetime, datetime]
) -> Ahead:
    found = judgement.quality_ahead(period, users, now, horizons)
    return Ahead(
        _pool(found.as_is),
        _pool(found.mended),
        [_pool(one) for one in found.kept_as_is],
        [_pool(one) for one in found.kept_mended],
    )


def _pool(by_user: dict[int, list[TimeScore]]) -> dict[str, Spent]:
    found: dict[str, Spent] = {}
    for scores in by_user.values():
        add_times(found, scores)
    return found


def _asked() -> str:
    return f"{ROOM}:{connection.settings_dict['NAME']}:asked"


def _key_of(question: Question) -> str:
    return f"{ROOM}:{connection.settings_dict['NAME']}:{json.encode(question).decode()}"
