"""One form sent twice at the same moment begins one silence."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from threading import Barrier, BrokenBarrierError
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import QuerySet

from devtools.tests import factory
from notices.models import Silence
from notices.silences import begin_silence
from team.models import Role

NOW = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Europe/Moscow"))


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_begins_one(monkeypatch: pytest.MonkeyPatch) -> None:
    author, key, meet = factory.make_employee(Role.DIRECTOR), uuid4(), Barrier(2)
    first = QuerySet.first

    def meeting(rows: Any) -> Any:
        found = first(rows)
        if rows.model is Silence:
            with suppress(BrokenBarrierError):
                meet.wait(1)  # the other has looked, too, unless it waits for this one
        return found

    def send(_which: int) -> int:
        try:
            return int(begin_silence("rule:task.none", date(2026, 11, 22), "переезд", author, NOW, key).pk)
        finally:
            connection.close()

    monkeypatch.setattr(QuerySet, "first", meeting)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(send, range(2))
    assert one == other and Silence.objects.count() == 1
