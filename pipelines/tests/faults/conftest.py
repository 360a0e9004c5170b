"""``--long`` and ``--seed N``: what goes wrong is drawn by chance, and the same seed draws the same."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--long", action="store_true", help="many more steps, kills and rows")
    group.addoption("--seed", type=int, default=1, metavar="N", help="what is drawn by chance (1)")


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long", default=False))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed", default=1))
