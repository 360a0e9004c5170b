from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.scenarios import build

NOW = datetime(2026, 11, 18, 13, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def company() -> dict[str, Any]:
    """One build for all tests: a Wednesday, four in the afternoon in Moscow."""
    return build("zolotarev", 1, NOW)
