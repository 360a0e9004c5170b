"""The request budget of the whole installation: however many workers run, amoCRM sees one steady stream.

A reservation (GCRA): a Lua script moves the «next free moment» of a lane in Redis, by Redis' own clock, and returns how
long to sleep. Bulk work takes its turn in a lane of its own, sleeps, and then takes the common lane only when it is
free at that moment: so it comes in single file, there is always somebody to take a free slot, and a hook waits for one
slot, not for a queue.
"""

import time
from dataclasses import dataclass
from threading import Lock
from typing import cast

from redis import Redis, RedisError

from pipelines.amo import errors

# Evenly spaced calls at exactly the limit arrive, with jitter, as one too many in some second: stay a little below it.
SLACK = 1.03
LATE = 10_000  # microseconds by which a sleeper may wake up late without pushing those behind it
BLOCK_SECONDS = 600  # how long nobody calls after a ban; calling on prolongs it
LONGEST_REST = 300.0  # seconds that we wait at most, whatever amoCRM asks for
PATIENCE = 10.0  # seconds of a pause that somebody who waits for an answer bears
WORTH_TELLING = 5.0  # seconds of a rest that the sync page names

RESERVE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now - ARGV[2])
if free <= now or ARGV[3] == '1' then
    redis.call('SET', KEYS[1], string.format('%.0f', free + ARGV[1]), 'PX', 600000)
end
return math.max(0, free - now)
"""


HOLD = """
local time = redis.call('TIME')
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), time[1] * 1000000 + time[2] + ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', 600000)
"""


@dataclass(frozen=True)
class Rest:
    """Nobody calls for so many ``seconds`` more: amoCRM has asked for a pause, or has ``banned`` us."""

    seconds: float
    banned: bool


class Pace:
    """At most ``rate`` calls a second for everybody who uses the same Redis and ``name``; 0 means unpaced."""

    def __init__(self, redis: "Redis", name: str, rate: float) -> None:
        self._redis, self._name, self._rate = redis, name, rate
        self._script, self._hold = redis.register_script(RESERVE), redis.register_script(HOLD)
        self._turn, self._last = Lock(), 0.0

    def wait(self, lane: str) -> None:
        """Sleep until this call may go. Raises Blocked after a ban, RateLimited where the pause is longer than somebody
        who waits can bear, Transient when Redis cannot be asked."""
        try:
            self._rest(lane)
            if self._rate:
                if lane == "bulk":
                    time.sleep(self._reserve("bulk"))
                    while pause := self._reserve("all", ahead=False):
                        time.sleep(pause)
                else:
                    time.sleep(self._bearable(self._reserve("all")))
                self._keep_distance()
                self._refuse_if_blocked()  # whoever went before may have been banned while this one slept
        except RedisError as error:
            raise errors.Transient(f"the request budget in Redis cannot be reached: {error}") from error

    def _rest(self, lane: str) -> None:
        rest = self.rest()
        if rest and rest.banned:
            raise errors.Blocked("amoCRM has blocked this address; calls rest for some minutes")
        if rest:
            time.sleep(rest.seconds if lane == "bulk" else self._bearable(rest.seconds))

    def _bearable(self, pause: float) -> float:
        if pause > PATIENCE:
            raise errors.RateLimited(
                f"amoCRM has asked for a pause, of which {pause:.0f} s are left", retry_after=pause
            )
        return pause

    def rest(self) -> Rest | None:
        """The pause that everybody keeps now, if it is worth telling. Raises RedisError."""
        both = self._redis.pipeline(transaction=False)
        both.pttl(self._key("blocked"))
        both.pttl(self._key("rest"))
        blocked, asked = both.execute()
        if blocked > 0:
            return Rest(blocked / 1000, banned=True)
        return Rest(asked / 1000, banned=False) if asked > 0 else None

    def _refuse_if_blocked(self) -> None:
        if self._redis.exists(self._key("blocked")):
            raise errors.Blocked("amoCRM has blocked this address; calls rest for some minutes")

    def _keep_distance(self) -> None:
        """Redis spaces the reservations; this, what is sent: a thread that woke up late is not followed at once."""
        with self._turn:
            time.sleep(max(0.0, self._last + 1 / self._rate - time.monotonic()))
            self._last = time.monotonic()

    def hold(self, seconds: float) -> None:
        """Nobody calls for this long from now, minutes at most: amoCRM has said 429, to several threads perhaps."""
        seconds = min(seconds, LONGEST_REST)
        self._hold(keys=[self._key("all")], args=[int(seconds * 1_000_000)])
        if seconds >= WORTH_TELLING:
            self._redis.set(self._key("rest"), 1, px=int(seconds * 1000))

    def block(self) -> None:
        """Nobody calls for ten minutes: amoCRM has banned us."""
        self._redis.set(self._key("blocked"), 1, ex=BLOCK_SECONDS)

    def _reserve(self, lane: str, *, ahead: bool = True) -> float:
        """Seconds until the lane is free; that slot is ours, unless it is not free now and we do not book ``ahead``."""
        step = int(1_000_000 / self._rate * SLACK)  # Redis counts in microseconds
        return cast(int, self._script(keys=[self._key(lane)], args=[step, LATE, int(ahead)])) / 1_000_000

    def _key(self, lane: str) -> str:
        return f"amo:{self._name}:{lane}"
