"""Dated settings: two forms at once leave one row."""

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread
from types import ModuleType
from typing import Any

import pytest
from django.db import connection

from qc import first_times, newcomers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("room", "present", "change"),
    [
        (newcomers, "present_days", newcomers.set_grace),
        (first_times, "present_cases", first_times.set_cases),
    ],
)
def test_the_second_of_two_forms_changes_nothing(
    room: ModuleType, present: str, change: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no row to lock before the first change."""
    read, meet, told = getattr(room, present), Barrier(2), list[Any]()

    def look() -> int:
        with suppress(BrokenBarrierError):
            meet.wait(1)  # the other comes here, too, unless it waits for this one
        found: int = read()
        return found

    def send() -> None:
        try:
            told.append(change(3, None))
        finally:
            connection.close()

    monkeypatch.setattr(room, present, look)
    threads = [Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False, True]
