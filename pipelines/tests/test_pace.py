import time
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from django.conf import settings
from django.utils.crypto import get_random_string
from redis import Redis

from core.tests.no_redis import nowhere
from pipelines.amo import errors
from pipelines.amo.pace import Pace


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as connection:
        yield connection


@pytest.fixture
def name() -> str:
    return get_random_string(8)


def calls(redis: Redis, name: str, rate: float, lane: str, count: int, into: list[float]) -> None:
    pace = Pace(redis, name, rate)
    for _ in range(count):
        pace.wait(lane)
        into.append(time.monotonic())


def run(redis: Redis, name: str, rate: float, workers: list[tuple[str, int]]) -> list[list[float]]:
    moments: list[list[float]] = [[] for _ in workers]
    threads = [
        Thread(target=calls, args=(redis, name, rate, lane, count, into))
        for (lane, count), into in zip(workers, moments, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return moments


def once_of_three(holds: Callable[[], bool]) -> bool:
    """A machine that does other work besides wakes threads up late now and then, but not each time."""
    return any(holds() for _ in range(3))


def busiest(moments: list[float], length: float) -> int:
    return max(sum(1 for other in moments if moment <= other < moment + length) for moment in moments)


def test_however_many_workers_run_the_limit_holds_and_is_used(redis: Redis, name: str) -> None:
    def lasted() -> float:
        moments = sorted(sum(run(redis, name, 50, [("bulk", 12)] * 5), []))
        # amoCRM counts by seconds; a tenth more for threads that woke up late.
        assert busiest(moments, 1.0) <= 55
        return moments[-1] - moments[0]

    assert once_of_three(lambda: lasted() <= 59 / 50 * 1.25)


def test_workers_share_alike(redis: Redis, name: str) -> None:
    def left() -> int:
        """How many slots others had still to take when the first of them came to its end."""
        moments = run(redis, name, 50, [("bulk", 10)] * 4)
        ended = min(one[-1] for one in moments)
        return sum(moment > ended for one in moments for moment in one)

    assert once_of_three(lambda: left() <= 10)


def test_a_hook_waits_for_a_slot_and_not_for_the_queue(redis: Redis, name: str) -> None:
    def longest() -> float:
        crowd = [Thread(target=calls, args=(redis, name, 20, "bulk", 6, [])) for _ in range(4)]
        for thread in crowd:
            thread.start()
        time.sleep(0.3)
        waits = []
        for _ in range(3):
            began = time.monotonic()
            Pace(redis, name, 20).wait("interactive")
            waits.append(time.monotonic() - began)
            time.sleep(0.1)
        for thread in crowd:
            thread.join()
        return max(waits)

    assert once_of_three(lambda: longest() < 0.16), "three slots of 50 ms; the queue is over a second long"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were slept on purpose: how late a busy machine wakes threads up is not counted."""
    pauses: list[float] = []
    sleep = time.sleep

    def keep(seconds: float) -> None:
        pauses.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", keep)
    return pauses


def test_unpaced_waits_for_nothing(redis: Redis, name: str, slept: list[float]) -> None:
    calls(redis, name, 0, "bulk", 100, [])
    assert not slept


def test_after_429_everybody_rests(redis: Redis, name: str, slept: list[float]) -> None:
    Pace(redis, name, 1000).hold(0.3)
    began = time.monotonic()
    Pace(redis, name, 1000).wait("interactive")
    assert time.monotonic() - began > 0.25
    assert sum(slept) <= 0.31


def test_several_429_at_once_are_one_rest(redis: Redis, name: str, slept: list[float]) -> None:
    for _ in range(4):
        Pace(redis, name, 1000).hold(0.2)
    Pace(redis, name, 1000).wait("interactive")
    assert sum(slept) <= 0.21


def test_whoever_waits_while_another_is_banned_does_not_call(redis: Redis, name: str) -> None:
    went: list[bool] = []

    def call() -> None:
        try:
            Pace(redis, name, 5).wait("bulk")
            went.append(True)
        except errors.Blocked:
            went.append(False)

    crowd = [Thread(target=call) for _ in range(4)]
    for thread in crowd:
        thread.start()
    time.sleep(0.1)
    Pace(redis, name, 5).block()
    for thread in crowd:
        thread.join()
    assert sum(went) <= 1 and len(went) == 4


def test_after_a_ban_nobody_calls(redis: Redis, name: str) -> None:
    Pace(redis, name, 0).block()
    with pytest.raises(errors.Blocked):
        Pace(redis, name, 0).wait("interactive")
    Pace(redis, name + "-other", 0).wait("interactive")


def test_an_emptied_redis_lets_no_burst_through(redis: Redis, name: str) -> None:
    moments: list[float] = []
    calls(redis, name, 20, "all", 3, moments)
    redis.delete(f"amo:{name}:all", f"amo:{name}:bulk")
    calls(redis, name, 20, "all", 3, moments)
    assert busiest(moments, 0.19) <= 5


def test_without_redis_the_call_may_be_tried_later() -> None:
    with nowhere() as nobody, pytest.raises(errors.Transient, match="Redis"):
        Pace(nobody, "x", 7).wait("bulk")
