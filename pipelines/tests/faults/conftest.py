"""``--long`` and ``--seed N``: what goes wrong is drawn by chance, and the same seed draws the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.tests.faults.worker import Worker

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--long", action="store_true", help="many more steps, kills and rows")
    group.addoption("--seed", type=int, default=1, metavar="N", help="what is drawn by chance (1)")


@pytest.fixture(scope="session")
def workers(django_db_setup: None) -> Iterator[Worker]:
    """One for all: it starts for seconds, and forks for each task."""
    one = Worker()
    yield one
    one.close()


@pytest.fixture
def worker(workers: Worker, request: pytest.FixtureRequest) -> Worker:
    """With pages as long as the module's ``PAGE``."""
    workers.limit = request.module.PAGE
    return workers


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long", default=False))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed", default=1))
