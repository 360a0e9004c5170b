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
from qc.models import SHOWN, Finding
from qc.quality import TimeScore

SLOW = 0.15  # seconds: what is counted in less is never old
OLDEST = timedelta(minutes=11)  # two rounds of statements; older, the reader counts
ASKED = timedelta(days=1)  # for so long after a reader a worker counts
ROOM = "cases"
BY_COUNT, BY_TIME = "count", "time"


class Question(Struct, frozen=True):
    """``users``: amoCRM users of the person; ``seen``: those of them whom the reader sees, as `Finding.visible_to` has
    it: a worker, who counts anew, has no reader; ``day``: of his next shift, not before tomorrow; ``quality``: by what
    it goes, None without a statement."""

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


class QualityAhead(Struct, frozen=True):
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
    ahead: QualityAhead | None = None


def read_cases(question: Question, now: datetime) -> Cases:
    """The kept ones where counting is slow, not older than two rounds of the worker; else counted now."""
    with suppress(RedisError):
        kept: Any = redis.client().get(_key_of(question))
        if kept:
            found = json.decode(kept, type=Cases)
            if timedelta() <= now - found.as_of <= OLDEST:
                _remember(question, now)
                return found
    found, slow = _count(question, now)
    if slow:
        with suppress(RedisError):
            _keep(question, found)
            _remember(question, now)
    return found


def recount_cases(now: datetime) -> int:
    """Count anew what is kept for people who were asked about within a day; returns for how many questions."""
    today, counted = now.astimezone(portal_zone()).date(), 0
    with suppress(RedisError):
        client = redis.client()
        client.zremrangebyscore(_asked(), 0, (now - ASKED).timestamp())
        texts: Any = client.zrange(_asked(), 0, -1)
        for question in [json.decode(text, type=Question) for text in texts]:
            is_present = question.month == today.replace(day=1) and question.day > today
            if is_present:
                found, slow = _count(question, now)
                counted += 1
            if is_present and slow:
                _keep(question, found)
            else:  # nobody asks that any more, or it needs not be kept
                client.zrem(_asked(), json.encode(question))
                client.delete(_key_of(question))
    return counted


def _count(question: Question, now: datetime) -> tuple[Cases, bool]:
    """With whether that was slow."""
    began = time.perf_counter()
    found = count_cases(question, now)
    return found, time.perf_counter() - began >= SLOW


def _keep(question: Question, found: Cases) -> None:
    redis.client().set(_key_of(question), json.encode(found), ex=2 * OLDEST)


def _remember(question: Question, now: datetime) -> None:
    redis.client().zadd(_asked(), {json.encode(question): now.timestamp()})


def count_cases(question: Question, now: datetime) -> Cases:
    """Two queries, and what quality needs of clocks where it goes by time."""
    period, users = month_of(midnight(question.month), portal_zone()), list(question.users)
    rows = Finding.objects.standing().filter(manager__in=question.seen, mode__in=SHOWN)
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
) -> QualityAhead:
    found = judgement.quality_ahead(period, users, now, horizons)
    return QualityAhead(
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
