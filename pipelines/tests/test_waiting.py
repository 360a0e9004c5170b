"""Waiting on amoCRM is bounded by us: minutes at most, told on the sync page, and no hook or page sleeps through it."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx2
import pytest
import stamina
from django.conf import settings
from django.test import Client as Browser
from django.test import override_settings
from django.urls import reverse
from django.utils.crypto import get_random_string
from redis import Redis

from core import redis as redis_client
from devtools.tests import factory
from jobs import mirror
from pipelines.account import budget, connection
from pipelines.amo import errors, pace
from pipelines.amo.client import Client, retry_after
from pipelines.amo.pace import LONGEST_REST, PATIENCE, Pace
from pipelines.mirror import coverage
from pipelines.models import Account, Cursor, Hook
from pipelines.tests.loads import everything, populate, tick
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World
from team.models import Role

DAY = 86_400


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """How long it would have slept; it does not, and then the pause is over."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if seconds > PATIENCE:
            forget_pauses()

    monkeypatch.setattr(pace.time, "sleep", sleep)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield pauses


def forget_pauses() -> None:
    for key in redis_client.client().scan_iter("amo:*"):
        redis_client.client().delete(key)


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as connection:
        yield connection


@pytest.fixture
def name() -> str:
    return get_random_string(8)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("3", 3), ("0", 0), ("86400", LONGEST_REST), ("9" * 400, LONGEST_REST), (" 7 ", 7),
        ("Mon, 02 Nov 2026 09:01:00 GMT", 60), ("Mon, 02 Nov 2026 08:00:00 GMT", 0),
        ("Thu, 02 Nov 2028 09:00:00 GMT", LONGEST_REST),
        ("", None), ("-1", None), ("soon", None), ("\xb2", None), ("1.5", None),
        ("Mon, 99 Nov 2026 09:01:00 GMT", None),
    ],
)  # fmt: skip
def test_however_long_amocrm_asks_us_to_wait_it_is_minutes(
    now: datetime, said: str, seconds: float | None
) -> None:
    request = httpx2.Request("GET", "https://x.amocrm.ru")
    headers = [(b"Retry-After", said.encode("latin-1"))]
    assert retry_after(httpx2.Response(429, headers=headers, request=request)) == seconds


def test_a_bulk_call_waits_for_minutes_at_most_and_somebody_who_waits_not_even_those() -> None:
    asked = errors.RateLimited("429", retry_after=LONGEST_REST)
    address = "https://x.amocrm.ru"
    with Client(address, lambda: "T") as bulk, Client(address, lambda: "T", lane="interactive") as hasty:
        assert bulk._again(asked) == LONGEST_REST <= 600
        assert hasty._again(asked) is False
        assert hasty._again(errors.RateLimited("429", retry_after=PATIENCE)) == PATIENCE


@pytest.mark.parametrize("rate", [0, 7])
def test_the_rest_that_all_keep_is_minutes_and_is_known(
    redis: Redis, name: str, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Pace(redis, name, rate)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        redis.delete(*redis.keys(f"amo:{name}:*") or ["none"])

    monkeypatch.setattr(pace.time, "sleep", sleep)
    assert own.rest() is None
    own.hold(DAY)
    rest = own.rest()
    assert rest and not rest.banned and 0 < rest.seconds <= LONGEST_REST
    own.wait("bulk")
    assert PATIENCE < max(slept) <= LONGEST_REST
    own.hold(DAY)
    with pytest.raises(errors.RateLimited, match="has asked for a pause, of which .* s are left"):
        own.wait("interactive")


def test_a_short_rest_is_no_news_and_is_slept_through(redis: Redis, name: str) -> None:
    own = Pace(redis, name, 1000)
    own.hold(0.2)
    assert own.rest() is None
    began = time.monotonic()
    own.wait("interactive")
    assert time.monotonic() - began > 0.15


def test_a_ban_is_known_too(redis: Redis, name: str) -> None:
    own = Pace(redis, name, 7)
    own.block()
    assert own.rest().banned and own.rest().seconds <= 600


@pytest.fixture
def mirrored(account: Account, amo: Handle, world: World) -> Iterator[Account]:
    populate(world, 2)
    with override_settings(AMO_RATE=0.0), connection.source_of(account) as source:
        everything(source)
    yield account
    forget_pauses()


def page() -> str:
    browser = Browser()
    browser.force_login(factory.make_employee(Role.DIRECTOR, language="en"))
    return " ".join(browser.get(reverse("sync")).content.decode().split())


@pytest.mark.django_db
def test_hooks_do_not_sleep_for_a_day_but_wait_in_their_queue_and_the_page_tells(
    mirrored: Account, amo: Handle, world: World, slept: list[float], settings: Any
) -> None:
    settings.AMO_BASE_URL, settings.AMO_TOKEN = amo.url, amo.token
    lead = sorted(world.leads.rows)[0]
    tick(world)
    world.edit_lead(lead_id=lead, price=7)
    Hook.objects.create(body=b"leads[update][0][id]=%d" % lead)
    assert "has asked for a pause" not in page()
    amo.app.faults.add(Fault(path="/leads", status=429, retry_after=DAY, times=1))
    mirror.answer_hooks()
    hook = Hook.objects.get()
    assert hook.handled_at is None and hook.lease_until and "429" in hook.error
    assert sum(slept) < 2 * PATIENCE, "whoever answers hooks does not sleep"
    assert "amoCRM has asked for a pause" in page() and "429" in page()
    forget_pauses()
    Hook.objects.update(lease_until=None)
    mirror.answer_hooks()
    assert Hook.objects.get().handled_at


@pytest.mark.django_db
def test_increments_go_on_after_minutes_whatever_was_asked_for(
    mirrored: Account, amo: Handle, slept: list[float], settings: Any
) -> None:
    settings.AMO_BASE_URL, settings.AMO_TOKEN = amo.url, amo.token
    amo.app.faults.add(Fault(path="/leads$", status=429, retry_after=DAY, times=1))
    mirror.pull(coverage.changing)
    assert PATIENCE < max(slept) <= LONGEST_REST
    assert mirrored and not Cursor.objects.filter(state=Cursor.State.FAILED).exists()


@pytest.mark.django_db
def test_a_ban_is_told_on_the_page(mirrored: Account) -> None:
    budget.pace_of(mirrored.base_url).block()
    assert "has shut this server out" in page()
