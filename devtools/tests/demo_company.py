"""The demo company in a test's database, as `make run` loads it: a sandbox in a thread, logins, regulations, plans.

``COMPANY=whole`` loads all of its deals, which takes some minutes; otherwise every sixteenth, with all of its people.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import call_command

from bench.account import TOKEN, part
from core import account, changes, moment
from jobs import judgement_queue
from jobs.pay import refresh_statements
from pipelines.account import connection
from pipelines.mirror.refetch import Ids, refetch
from sandbox.server import serve_in_thread
from sandbox.world import World

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)  # a Thursday afternoon, the month nearly over
IS_WHOLE = os.environ.get("COMPANY") == "whole"
EVERY = 1 if IS_WHOLE else 16


@dataclass
class DemoCompany:
    """``world`` is the account in amoCRM, where people work."""

    world: World

    def set_clock(self, now: datetime) -> None:
        """Of both sides."""
        moment.fix(now.isoformat())
        self.world.clock.set(now)

    def mirror(self, ids: Ids) -> None:
        """What follows from a hook about these: read again, judged, paid."""
        with connection.source_of(connection.find_account(), "interactive") as source:
            judgement_queue.judge_deals(refetch(source, ids).deals)
        changes.announce_change()
        refresh_statements()


@contextmanager
def load_company() -> Iterator[DemoCompany]:
    """For fixtures of a module that stand on ``rows_of_module``."""
    world = World.from_data(part(EVERY, NOW), now=NOW)
    amo = serve_in_thread(world, token=TOKEN)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AMO_BASE_URL": amo.url,
            "AMO_TOKEN": TOKEN,
            "AMO_RATE": 0.0,
            "DEMO": True,
        }.items():
            patch.setattr(settings, name, value)
        moment.fix(NOW.isoformat())
        account.forget()
        try:
            call_command("setup_demo", stdout=io.StringIO())
            call_command("amo_sync", full=True, stdout=io.StringIO(), stderr=io.StringIO())
            call_command("setup_demo", loaded=True, stdout=io.StringIO())
            changes.announce_change()
            yield DemoCompany(world)
        finally:
            amo.stop()
            moment.fix(None)
