from typing import Any

import pytest
from django.db import connection

from devtools.tests.factory import keep_checks
from qc import queries


@pytest.fixture(autouse=True)
def checks_of_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of these tests are made by hand: what they could break is kept before quality is asked."""
    quality = queries.quality

    def ask_quality(*asked: Any, **more: Any) -> Any:
        before = len(connection.queries_log)
        keep_checks()
        while len(connection.queries_log) > before:  # it is no question of the room's
            connection.queries_log.pop()
        return quality(*asked, **more)

    monkeypatch.setattr(queries, "quality", ask_quality)
