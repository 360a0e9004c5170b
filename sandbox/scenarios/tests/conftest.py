import gc
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.load import without_collection
from sandbox.scenarios import build, traces

NOW = datetime(2026, 11, 18, 13, 0, tzinfo=UTC)
LIFE: dict[str, Any] = {}
"""What the company's books held before anything was added to them."""


@pytest.fixture(scope="session")
def company() -> Iterator[dict[str, Any]]:
    """One build for all tests: a Wednesday, four in the afternoon in Moscow."""

    def leave(office: Any, seed: int) -> Any:
        ledger = office.ledger
        LIFE.update(
            leads=[deepcopy(deal.row) for deal in ledger.deals],
            tasks=deepcopy(ledger.tasks),
            notes=deepcopy(ledger.notes),
            events=list(map(dict, ledger.events)),
        )
        return left(office, seed)

    left = traces.leave
    with pytest.MonkeyPatch.context() as patch, without_collection():
        patch.setattr(traces, "leave", leave)
        made = build("zolotarev", 1, NOW)
        gc.freeze()  # it stays to the end, and is a million objects
    yield made


@pytest.fixture(scope="session")
def life(company: dict[str, Any]) -> dict[str, Any]:
    return LIFE
