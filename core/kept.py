"""Answers kept in Redis where finding them takes long: for a hundred times as long as that takes, five minutes at most.

So at most a hundredth of the time is spent on a question, however often it is asked. Whoever shows a kept answer says
as of when it is. Without Redis everything is found at every question.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Any, Generic, TypeVar

from redis.exceptions import RedisError

from core import redis

OLDEST, TIMES = 300, 100  # seconds; times the cost
T = TypeVar("T")


@dataclass(frozen=True)
class Question(Generic[T]):
    """What is asked, under a ``key`` with all that the answer depends on; how to ``find`` it, ``pack`` it and read it
    again, and from how many seconds (``slow``) on it is kept."""

    key: str
    find: Callable[[], T]
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]
    slow: float


def find_answer(question: Question[T]) -> tuple[T, bool]:
    """The answer, and whether it was found for somebody else before."""
    with suppress(RedisError):
        kept: Any = redis.client().get(question.key)
        if kept:
            return question.unpack(kept), True
    return find_anew(question), False


def find_anew(question: Question[T]) -> T:
    """Whatever is kept."""
    began = time.perf_counter()
    found = question.find()
    cost = time.perf_counter() - began
    if cost >= question.slow:
        seconds = max(1, min(OLDEST, ceil(TIMES * cost)))
        with suppress(RedisError):
            redis.client().set(question.key, question.pack(found), ex=seconds)
    return found
