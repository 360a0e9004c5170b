"""Attempts at passwords: what they cost whom, on a real Redis whose clock is moved by writing what it says."""

import threading
import time

import pytest
from redis import ConnectionError as Down

from access import attempts
from access.attempts import ADDRESS, EVERYBODY, FREE, LONGEST, Attempt, TooOften, hash_alone
from core import redis

HERE, THERE = "203.0.113.7", "198.51.100.4"


@pytest.fixture(autouse=True)
def empty() -> None:
    redis.client().flushdb()


def fail(one: Attempt) -> float:
    """The seconds to wait; 0: it was let through, and failed."""
    try:
        one.begin()
    except TooOften as error:
        return error.seconds
    return 0


def rest(one: Attempt) -> None:
    """As if its time had passed: of the name here, and of the buckets."""
    [place], buckets = one._places()
    redis.client().hset(place, "until", 0)
    for key, _bucket in buckets:
        redis.client().delete(key)


def test_each_failure_takes_longer_up_to_a_minute_and_is_never_shut() -> None:
    one, waits = Attempt("markova", HERE), []
    for _ in range(FREE + 10):
        assert fail(one) == 0, "let through as soon as it has waited"
        waits.append(fail(one))
        rest(one)
    assert max(waits) == LONGEST


def test_the_delays_by_number_of_failures() -> None:
    one, waits = Attempt("markova", HERE), []
    place = one._places()[0][0]
    for _ in range(FREE + 8):
        assert fail(one) == 0
        until, failed = redis.client().hmget(place, "until", "failed")
        seconds, micros = redis.client().time()
        waits.append(round((int(until) - seconds * 1000 - micros / 1000) / 1000))
        rest(one)
    assert int(failed) == FREE + 8
    assert waits == [0] * FREE + [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_name_that_failed_elsewhere_does_not_wait() -> None:
    for _ in range(FREE + 1):
        fail(Attempt("markova", THERE))
    assert fail(Attempt("markova", THERE)) > 0
    assert fail(Attempt("markova", HERE)) == 0


@pytest.mark.parametrize("other", ["Markova", " markova ", "ｍａｒｋｏｖａ"])
def test_spellings_of_a_name_are_one(other: str) -> None:
    for _ in range(FREE + 1):
        fail(Attempt("markova", HERE))
    assert fail(Attempt(other, HERE)) > 0


def test_a_right_password_gives_back_what_it_took() -> None:
    for number in range(3 * ADDRESS[1]):
        one = Attempt(f"colleague{number}", HERE)
        one.begin()
        one.succeed()
    for _ in range(FREE):
        fail(Attempt("markova", HERE))
    Attempt("markova", HERE).succeed()
    assert [fail(Attempt("markova", HERE)) for _ in range(FREE)] == [0] * FREE


def test_one_address_and_all_strangers_have_a_limit() -> None:
    let = sum(fail(Attempt(f"name{number}", HERE)) == 0 for number in range(60))
    assert EVERYBODY[1] <= let <= EVERYBODY[1] + 4
    assert fail(Attempt("another", THERE)) > 0, "all of them together"
    redis.client().delete("salesops:attempts:all")
    assert fail(Attempt("another", THERE)) == 0


def test_of_many_at_once_as_many_come_through_as_may() -> None:
    """A burst cannot slip in between the question and the answer."""
    let: list[float] = []
    threads = [threading.Thread(target=lambda: let.append(fail(Attempt("markova", HERE)))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert let.count(0) == FREE + 1


def test_a_known_device_is_counted_by_itself_alone() -> None:
    for number in range(60):
        fail(Attempt("markova", HERE))
        fail(Attempt(f"name{number}", HERE))
    device = Attempt("markova", HERE, "secret of the device")
    assert [fail(device) for _ in range(FREE + 1)] == [0] * (FREE + 1)
    assert fail(device) > 0
    assert fail(Attempt("markova", HERE, "another")) == 0


def test_names_that_were_tried_do_not_stand_in_redis() -> None:
    fail(Attempt("my-password-in-the-wrong-field", HERE))
    assert not [key for key in redis.client().keys("*") if b"password" in key]


def test_without_redis_people_still_get_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise Down

    monkeypatch.setattr(attempts, "_script", lambda _text: down)
    for _ in range(50):
        assert fail(Attempt("markova", HERE)) == 0
    Attempt("markova", HERE).succeed()


def test_hashes_are_done_one_by_one_and_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PATIENCE", 0.01)
    with hash_alone(), pytest.raises(TooOften), hash_alone():
        pytest.fail("two at once")
    with hash_alone():
        pass


def test_strangers_who_wait_do_not_push_out_a_known_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PATIENCE", 5)
    turned: list[str] = []

    def hash_as(known: bool) -> None:
        try:
            with hash_alone(known):
                turned.append("known" if known else "stranger")
        except TooOften:
            turned.append("away")

    with hash_alone():
        strangers = [threading.Thread(target=hash_as, args=[False]) for _ in range(6)]
        for thread in strangers:
            thread.start()
        while turned.count("away") < 6 - attempts.WAITING:
            time.sleep(0.01)
        known = threading.Thread(target=hash_as, args=[True])
        known.start()
    for thread in [*strangers, known]:
        thread.join()
    assert sorted(turned) == ["away"] * (6 - attempts.WAITING) + ["known"] + ["stranger"] * attempts.WAITING
