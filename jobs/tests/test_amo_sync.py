import io
from collections.abc import Iterator
from typing import Any

import pytest
import stamina
from django.core.management import CommandError, call_command
from django.test import override_settings

from jobs.management.commands import amo_sync
from pipelines.models import Account, Cursor, Deal, JudgementRequest, Stay
from pipelines.tests.loads import populate, tick
from pipelines.tests.test_connection import nowhere
from qc.rules import RULES
from sandbox.faults import Fault
from sandbox.server import Handle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def connected(amo: Handle) -> Iterator[None]:
    settings = override_settings(AMO_BASE_URL=amo.url, AMO_TOKEN=amo.token, AMO_RATE=0)
    with settings, stamina.set_testing(True, attempts=2, cap=True):
        yield


def run(*arguments: Any) -> str:
    out = io.StringIO()
    call_command("amo_sync", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def table(text: str) -> dict[str, list[int]]:
    lines = [line.split() for line in text[text.index("in the mirror") :].splitlines()[1:]]
    return {line[0]: [int(word.replace(",", "")) for word in line[1:]] for line in lines}


def judged(text: str) -> list[str]:
    """The rules of which counts are told."""
    return [line.split()[0] for line in text.splitlines() if line.split()[0] in RULES]


def test_a_full_sync_ends_with_counts_per_entity(amo: Handle) -> None:
    populate(amo.world, 12)
    told = run("--full")
    counts = table(told)
    assert judged(told) == list(RULES)
    assert counts["deals"] == counts["tasks"] == counts["notes"] == counts["contacts"] == [12, 12, 0]
    assert Stay.objects.filter(left_at=None).count() == 12 and not JudgementRequest.objects.exists()
    assert table(run("--full"))["deals"] == [12, 0, 0]


def test_the_first_sync_is_full_and_the_next_brings_what_changed(amo: Handle) -> None:
    populate(amo.world, 5)
    assert table(run())["deals"] == [5, 5, 0]
    tick(amo.world)
    deal = min(Deal.objects.values_list("id", flat=True))
    amo.world.edit_lead(lead_id=deal, price=9)
    assert table(run())["deals"] == [5, 0, 1]
    assert not JudgementRequest.objects.exists(), "judged at once"


def test_named_deals_alone_can_be_read_again(amo: Handle) -> None:
    populate(amo.world, 3)
    run()
    deal = min(Deal.objects.values_list("id", flat=True))
    amo.world.edit_lead(lead_id=deal, price=9)
    assert "1 deals read again, 1 of them changed." in run("--ids", deal)
    assert Deal.objects.get(pk=deal).price == 9


@pytest.mark.parametrize("broken", ["token", "host", "address"])
def test_what_cannot_be_reached_is_one_sentence_and_changes_nothing(amo: Handle, broken: str) -> None:
    populate(amo.world, 2)
    wrong = {
        "token": {"AMO_TOKEN": "wrong"},
        "host": {"AMO_BASE_URL": nowhere()},
        "address": {"AMO_BASE_URL": "http://no.invalid"},
    }
    with override_settings(**wrong[broken]), pytest.raises(CommandError) as caught:
        run("--full")
    assert caught.value.returncode == 1 and "\n" not in str(caught.value)
    assert not Account.objects.exists() and not Cursor.objects.exists()


def test_an_account_that_breaks_down_in_the_middle_is_told_and_continued(amo: Handle) -> None:
    populate(amo.world, 5)
    amo.app.faults.add(Fault(path="/tasks$", status=402, times=1))
    with pytest.raises(CommandError, match="402"):
        run()
    counts = table(run())
    assert counts["tasks"] == [5, 5, 0] and counts["deals"] == [5, 0, 0]


def test_another_process_at_work_is_waited_for(amo: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.mirror import cursors

    held = cursors.claim_cursor("deals")
    assert held

    def pause(seconds: float) -> None:
        cursors.save_cursor(held, lease_until=None)

    monkeypatch.setattr(amo_sync.time, "sleep", pause)
    assert "deals: another process is reading it, waiting" in run()
