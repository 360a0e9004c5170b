"""13,087 loan applications of a real bank, through the sandbox into the mirror: figures that nobody here invented.

BPI Challenge 2012, B. van Dongen, doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f.
"""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection as database
from django.db.models import Count, Sum
from django.test import Client, override_settings

from core import moment
from jobs.tests import bank_analytics
from pipelines.models import Deal, Event, JudgementRequest, LossReason, Person, Stage, Stay, Task, Touch
from team.models import Employee, Role

FILE = settings.BASE_DIR.parent / "shared" / "data" / "bpi2012.json.gz"
FIGURES = FILE.with_name("bpi2012-analytics.json")
NOW = "2012-03-14T16:00:00+00:00"

pytestmark = [
    pytest.mark.skipif(not FILE.exists(), reason=f"the log of BPI Challenge 2012 is not here ({FILE.name})"),
    pytest.mark.django_db,
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def bank() -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--port",
        "0",
        "--load",
        str(FILE),
        "--now",
        NOW,
        "--token",
        "T",
        "--rate",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(settings.BASE_DIR)) as process:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the sandbox did not start"
        yield found[0]
        process.kill()


def days(before: str, after: str, reason: str | None = None) -> tuple[int, Decimal, Decimal]:
    """(n, median, mean) of the visits to one stage that ended in another, in days, to three places."""
    query = """
        SELECT count(*), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days))::numeric, 3), round(avg(days), 3)
        FROM (SELECT extract(epoch FROM stay.left_at - stay.visit_since) / 86400 AS days
              FROM pipelines_stay stay
              JOIN pipelines_stage stage ON stage.id = stay.stage_id
              JOIN pipelines_stage following ON following.id = stay.next_stage_id
              JOIN pipelines_deal deal ON deal.id = stay.deal_id
              LEFT JOIN pipelines_lossreason reason ON reason.id = deal.loss_reason_id
              WHERE stage.name = %s AND following.name = %s AND (%s::text IS NULL OR reason.name = %s)) visits"""
    with database.cursor() as cursor:
        cursor.execute(query, [before, after, reason, reason])
        return cursor.fetchone()


@pytest.fixture(scope="module")
def mirrored(bank: str, rows_of_module: None) -> Iterator[None]:
    """The log in the mirror, folded and judged; the portal's clock stands at its last moment."""
    moment.fix(NOW)
    with override_settings(AMO_BASE_URL=bank, AMO_TOKEN="T", AMO_RATE=0):
        call_command("amo_sync", "--full", stdout=io.StringIO())
    yield
    moment.fix(None)


def test_the_bank_s_figures_come_back(mirrored: None) -> None:
    won, lost = Deal.objects.filter(stage__status=142), Deal.objects.filter(stage__status=143)
    assert Deal.objects.count() == 13_087
    assert won.aggregate(n=Count("pk"), sum=Sum("price")) == {"n": 2_246, "sum": Decimal(35_290_338)}
    reasons = dict(lost.values_list("loss_reason__name").annotate(n=Count("pk")))
    assert reasons == {"Declined": 7_635, "Cancelled": 2_807} and LossReason.objects.count() == 2
    assert Deal.objects.open().count() == 399
    assert (Task.objects.count(), Task.objects.open().count()) == (26_318, 863)
    assert not Task.objects.filter(completed_inferred=True).exists()
    assert (
        Touch.objects.filter(kind=Touch.Kind.CALL_OUT, seconds__gt=0).count()
        <= Touch.objects.count()
        == 34_383
    )
    assert (Person.objects.count(), Person.objects.exclude(deleted_at=None).count()) == (68, 0)
    assert Stage.objects.count() == 7 and Event.objects.count() == 132_428

    assert days("A_PREACCEPTED", "A_ACCEPTED") == (5_113, Decimal("0.172"), Decimal("0.779"))
    assert days("A_FINALIZED", "Not approved", "Cancelled") == (1_640, Decimal("19.295"), Decimal("21.518"))
    assert days("A_FINALIZED", "Not approved", "Declined") == (802, Decimal("13.132"), Decimal("15.468"))
    cycles = sorted(
        (closed - created).total_seconds() / 86_400
        for closed, created in won.values_list("closed_at", "created_at")
    )
    assert 14 < cycles[len(cycles) // 2] < 15 and 16 < sum(cycles) / len(cycles) < 17
    assert Stay.objects.filter(left_at=None).count() == 13_087
    assert not Stay.objects.filter(inferred=True).exists() and not JudgementRequest.objects.exists()


def ask_as_director() -> bank_analytics.Ask:
    client = Client()
    client.force_login(Employee.objects.create_user(username="director", role=Role.DIRECTOR))

    @cache
    def ask(report: str, **query: str) -> Any:
        path = report if "/" in report else f"analytics/{report}"
        answer = client.get(f"/api/v1/{path}/", query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


@pytest.mark.skipif(
    not FIGURES.exists(), reason=f"the figures of its analytics are not here ({FIGURES.name})"
)
def test_analytics_are_right_to_the_last_digit(mirrored: None) -> None:
    """Computed without the portal, and once more by other roads; percentiles, ties and intervals included."""
    found = bank_analytics.compare_all(ask_as_director(), FIGURES)
    assert found.wrong == []
    assert found.unread == []  # no figure of the file is left out
    assert found.compared > 6_700


@pytest.mark.skipif(
    not FIGURES.exists(), reason=f"the figures of its analytics are not here ({FIGURES.name})"
)
def test_the_forecast_beats_the_plain_one_on_past_snapshots(mirrored: None) -> None:
    """By 5 % at least; the plain one, stage × age, is the one of the file to the last digit."""
    told = json.loads(FIGURES.read_text())["12_forecast_floors"]["monthly"]
    tried = ask_as_director()("forecast", days="30")["calibration"]
    whole = told["pooled_with_14_days_and_30_wins_of_training"]
    floor = whole["c_stage_x_age"]
    assert (tried["n"], tried["won"]) == (whole["open"], whole["won"]) == (2_182, 683)
    for name in ("brier", "log_loss"):
        assert tried["floor"][name] == pytest.approx(floor[name], abs=1e-9)
        assert tried[name] <= 0.95 * floor[name]
    theirs = {one["unix"]: one for one in told["snapshots"]}
    for snapshot in tried["snapshots"]:
        one = theirs[int(datetime.fromisoformat(snapshot["snapshot"]).timestamp())]
        assert (snapshot["n"], snapshot["won"]) == (one["open"], one["won_in_30_days"])
        assert snapshot["learnt_from"] == one["training_landmarks"]
        for name in ("brier", "log_loss"):
            assert snapshot["floor"][name] == pytest.approx(one["models"]["c_stage_x_age"][name], abs=1e-9)
