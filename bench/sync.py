"""Reading from amoCRM: a page's whole way, and a full sync at the account's own limit. The sandbox runs beside us."""

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from bench import company
from bench.account import TOKEN, part, sandbox
from bench.measure import Cost, cost, typical
from bench.report import Line, below, milliseconds
from bench.setting import Setting
from core import moment
from jobs import judgement_queue
from pipelines.amo.client import Client
from pipelines.amo.paging import Listing
from pipelines.mirror import coverage, upsert
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.mirror.sync import Source
from pipelines.models import Deal

RATE = 7  # requests a second that amoCRM allows
OVER, WITHOUT_JUDGING, WITH_JUDGING = 1.05, 15, 30  # targets: × of the limit's own time, % of a core
DEALS = ENTITIES["deals"]
BEHIND = "UPDATE pipelines_deal SET price = price + 1, updated_at = updated_at - interval '1 hour' WHERE id = ANY(%s)"


def full(setting: Setting) -> Iterator[Line]:
    """`manage.py amo_sync --full` of a small account, at 7 requests a second, folding and judging included."""
    forget()
    with sandbox(part(60 if setting.quick else 10), rate=RATE) as url:
        settings.AMO_BASE_URL, settings.AMO_TOKEN, settings.AMO_RATE = url, TOKEN, float(RATE)
        try:
            began = time.monotonic()
            with tempfile.TemporaryFile("w") as nowhere:
                call_command("amo_sync", full=True, stdout=nowhere, stderr=nowhere)
            wall = time.monotonic() - began
        finally:
            settings.AMO_BASE_URL = settings.AMO_TOKEN = ""
        told = json.loads(urllib.request.urlopen(f"{url}/_control/requests").read())
    requests, refused = told["requests"], told["answered_429"]
    least = requests / RATE
    yield Line(
        f"full sync of {Deal.objects.count():,} deals, {requests} requests",
        f"{wall:.1f} s, {refused} answers 429",
        f"{least:.1f} s at 7 a second",
        wall / least,
        f"≤ {OVER}×, no 429",
        wall / least <= OVER and not refused,
    )


def page_way(setting: Setting) -> Iterator[Line]:
    """Pages of 250 deals over loopback, at different parts of changed deals; processor time at 7 pages a second."""
    forget()
    with (
        sandbox(part(60 if setting.quick else 10), rate=0) as url,
        Source(Client(url, lambda: TOKEN), ZoneInfo("Europe/Moscow")) as source,
    ):
        coverage.pull_entities(source, TABLE, full=True)
        company.regulate()
        judgement_queue.judge_waiting()
        pages = -(-Deal.objects.count() // 250)
        for name, changed in (("unchanged", 0), ("10 % changed", 10), ("all changed", 1)):
            reading, judging = zip(
                *(way(source, 1 + turn % pages, changed) for turn in range(setting.rounds(14))), strict=True
            )
            yield spent(f"a page's way without judging, {name}", typical(reading), WITHOUT_JUDGING)
            both = [
                Cost(one.wall + two.wall, one.cpu + two.cpu)
                for one, two in zip(reading, judging, strict=True)
            ]
            yield spent(f"a page's way with judging, {name}", typical(both), WITH_JUDGING)


def way(source: Source, number: int, changed: int) -> tuple[Cost, Cost]:
    """What reading and storing a page costs, and judging what it touched; each ``changed``-th deal is behind before."""
    listing = Listing(source.client, DEALS.path, DEALS.key, [*DEALS.params, ("order[id]", "asc")])
    ids = sorted(Deal.objects.values_list("pk", flat=True))[250 * (number - 1) : 250 * number]
    with connection.cursor() as cursor:
        cursor.execute(BEHIND, [ids[::changed] if changed else []])
    touched: set[int] = set()

    def read() -> None:
        items, _ = listing.page(number, 250)
        touched.update(upsert.store_mirrored_rows(DEALS, DEALS.rows(items, source.zone)).deals)

    def judge() -> None:
        if touched:
            judgement_queue.judge_deals(touched)

    return cost(read), cost(judge)


def spent(what: str, one: Cost, most: int) -> Line:
    return below(
        what,
        100 * RATE * one.cpu,
        most,
        "% of a core",
        also=f" ({milliseconds(one.cpu)}, wall {milliseconds(one.wall)})",
    )


def forget() -> None:
    moment.fix(None)
    company.empty()
