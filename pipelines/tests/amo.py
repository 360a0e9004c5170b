"""A real amoCRM stand-in over HTTP, in a thread, with an account that the test itself moves."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import moment
from pipelines.account.source import Source
from pipelines.amo.client import Client
from pipelines.models import Account
from sandbox.server import Handle, serve_in_thread
from sandbox.world import World

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def now() -> Iterator[datetime]:
    """The portal's clock, stopped; the sandbox's account stands at the same moment."""
    moment.fix(NOW.isoformat())
    yield NOW
    moment.fix(None)


Serve = Callable[..., Handle]


@pytest.fixture
def serve(now: datetime) -> Iterator[Serve]:
    running: list[Handle] = []

    def start(world: World | None = None, **options: Any) -> Handle:
        running.append(serve_in_thread(world or World.empty(now=now), **options))
        return running[-1]

    yield start
    for handle in running:
        handle.stop()


@pytest.fixture
def amo(serve: Serve) -> Handle:
    return serve()


@pytest.fixture
def world(amo: Handle) -> World:
    return amo.world


@pytest.fixture
def source(amo: Handle) -> Iterator[Source]:
    with source_of(amo) as one:
        yield one


def source_of(amo: Handle, attempts: int = 2) -> Source:
    return Source(Client(amo.url, lambda: amo.token, attempts=attempts), ZoneInfo("Europe/Moscow"))


@pytest.fixture
def account(amo: Handle, db: None) -> Account:
    from pipelines.account import connection

    return connection.connect_by_token(amo.url, amo.token)
