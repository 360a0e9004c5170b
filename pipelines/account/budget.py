"""The one request budget of the installation, for whoever calls amoCRM."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from redis import RedisError

from core import redis
from pipelines.amo import errors
from pipelines.amo.client import HOLD_AFTER_429
from pipelines.amo.pace import Pace, Rest

T = TypeVar("T")


def pace_of(base_url: str) -> Pace:
    return Pace(redis.client(), base_url, settings.AMO_RATE)


def rest(base_url: str) -> Rest | None:
    """The pause that all calls keep now, as amoCRM has asked for it; None also where Redis does not answer."""
    try:
        return pace_of(base_url).rest()
    except RedisError:
        return None


def call_within_budget(base_url: str, call: Callable[[], T]) -> T:
    """One call outside of a `Client`, which keeps to the budget by itself. Raises AmoError."""
    budget = pace_of(base_url)
    budget.wait("interactive")
    try:
        return call()
    except errors.RateLimited as error:
        budget.hold(error.retry_after or HOLD_AFTER_429)
        raise
    except errors.Blocked:
        budget.block()
        raise
