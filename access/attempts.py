"""How often a password may be tried: asked before anything is hashed, since a hash costs a third of a core's second.

Slower, never shut. A name that failed rests for whoever tried it from that address, longer each time and a minute at
most; the same name from elsewhere does not notice. Somebody at a device where the name has signed in before is counted
by that device alone: failures of strangers, behind the same proxy or all over the world, are not his. Without Redis
only the number of hashes at a time is bounded. Measured by the clock of Redis, which SALESOPS_NOW does not stop.
"""

import hashlib
import math
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from redis import RedisError

from core import redis

FREE = 4  # failures of a name at one address that cost no time
LONGEST = 60  # seconds
FORGOTTEN = 3600  # seconds after the last failure
EVERYBODY = (
    500,
    10,
)  # milliseconds between two attempts of all strangers together, and how many may come at once
ADDRESS = (3000, 20)  # the same of one address
PATIENCE = 2.0  # seconds that a thread waits for another's hash; most of them must stay free for pages
PATIENCE_KNOWN = 15.0  # the same on a device where the name has signed in
WAITING = 2  # threads of a process that do; and as many on known devices, whom strangers cannot push out

_hashing = threading.BoundedSemaphore(1)
_queues = {known: threading.BoundedSemaphore(WAITING + 1) for known in (False, True)}

# KEYS: the name at its place, then buckets. ARGV: how many failures are free, longest, forgotten; of each bucket its
# two numbers. Answers the milliseconds to wait; 0 counts the attempt as failed until it is said to be good.
BEGIN = """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local wait = 0
    local known = redis.call('HMGET', KEYS[1], 'failed', 'until')
    if known[2] then wait = math.max(wait, tonumber(known[2]) - now) end
    for place = 2, #KEYS do
        local gap, burst = tonumber(ARGV[place * 2]), tonumber(ARGV[place * 2 + 1])
        local due = math.max(now, tonumber(redis.call('GET', KEYS[place]) or now))
        wait = math.max(wait, due - now - gap * (burst - 1))
    end
    if wait > 0 then return math.ceil(wait) end
    local failed = tonumber(known[1] or 0) + 1
    local rest = 0
    if failed > tonumber(ARGV[1]) then
        rest = math.min(tonumber(ARGV[2]), 2 ^ math.min(failed - tonumber(ARGV[1]) - 1, 20)) * 1000
    end
    redis.call('HSET', KEYS[1], 'failed', failed, 'until', string.format('%.0f', now + rest))
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    for place = 2, #KEYS do
        local gap, burst = tonumber(ARGV[place * 2]), tonumber(ARGV[place * 2 + 1])
        local due = math.max(now, tonumber(redis.call('GET', KEYS[place]) or now)) + gap
        redis.call('SET', KEYS[place], string.format('%.0f', due), 'PX', gap * burst + 1000)
    end
    return 0
"""
# What was right gives back what it took.
FORGET = """
    redis.call('DEL', KEYS[1])
    for place = 2, #KEYS do
        if redis.call('EXISTS', KEYS[place]) == 1 then redis.call('DECRBY', KEYS[place], ARGV[place - 1]) end
    end
    return 0
"""


class TooOften(Exception):
    """Not now: ``seconds`` later, rounded up."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = max(1, math.ceil(seconds))


@dataclass(frozen=True)
class Attempt:
    """Somebody who wants to prove to be ``name``. ``device``: its secret, where the name has signed in there before."""

    name: str
    address: str
    device: str = ""

    def begin(self) -> None:
        """Raises TooOften; else the attempt counts as a failure until it is said to be right."""
        keys, buckets = self._places()
        given = [FREE, LONGEST, FORGOTTEN, *(number for _key, bucket in buckets for number in bucket)]
        try:
            wait = _script(BEGIN)([*keys, *(key for key, _bucket in buckets)], given)
        except RedisError:
            return
        if wait:
            raise TooOften(wait / 1000)

    def succeed(self) -> None:
        keys, buckets = self._places()
        try:
            _script(FORGET)([*keys, *(key for key, _bucket in buckets)], [gap for _key, (gap, _) in buckets])
        except RedisError:
            return

    def _places(self) -> tuple[list[str], list[tuple[str, tuple[int, int]]]]:
        name = fold_name(self.name)
        if self.device:
            return [_key("device", name, self.device)], []
        place = _key("name", name, self.address)
        return [place], [(_key("all"), EVERYBODY), (_key("address", self.address), ADDRESS)]


@contextmanager
def hash_alone(known: bool = False) -> Iterator[None]:
    """One hash at a time in a process. Raises TooOften when too many wait for theirs already."""
    queue, patience = _queues[known], PATIENCE_KNOWN if known else PATIENCE
    if not queue.acquire(blocking=False):
        raise TooOften(patience)
    try:
        if not _hashing.acquire(timeout=patience):
            raise TooOften(patience)
        try:
            yield
        finally:
            _hashing.release()
    finally:
        queue.release()


def fold_name(name: str) -> str:
    """Spellings of a name that look alike are one."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _key(*words: str) -> str:
    """Names that were tried, perhaps a password in the wrong field, do not stand in Redis."""
    kind, *rest = words
    digest = hashlib.blake2b("\0".join(rest).encode(errors="replace"), digest_size=12).hexdigest()
    return f"salesops:attempts:{kind}:{digest}" if rest else f"salesops:attempts:{kind}"


@cache
def _script(text: str) -> Any:
    return redis.client().register_script(text)
