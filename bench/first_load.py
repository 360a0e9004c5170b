"""The first load of a generated account by two workers at once, at amoCRM's own limit; the sandbox runs beside us."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from bench import company, grown
from bench.account import TOKEN, sandbox
from bench.report import Line
from bench.setting import Setting
from pipelines import mirror
from pipelines.models import Contact, Cursor, Deal, Event, Task
from salesops.embedded import PROJECT
from salesops.lib import moment

RATE, OVER = 7, 1.05  # requests a second that amoCRM allows; target: × of the limit's own time
DEALS, QUICK = 100_000, 2_000
WORKERS = 2


def by_two(setting: Setting) -> Iterator[Line]:
    """`manage.py amo_sync` twice at once, start-up included; what folding and judging take afterwards is told apart."""
    moment.fix(None)
    company.empty()
    Cursor.objects.all().delete()
    deals = QUICK if setting.quick else DEALS
    with sandbox(grown.account(deals), rate=RATE) as url:
        environment = os.environ | {"AMO_BASE_URL": url, "AMO_TOKEN": TOKEN, "AMO_RATE": str(RATE)}
        began = time.monotonic()
        workers = [worker(environment) for _ in range(WORKERS)]
        while not mirror.complete():
            if all(one.poll() is not None for one in workers):
                raise RuntimeError("the workers have ended before the load")
            time.sleep(0.1)
        wall = time.monotonic() - began
        told = requests(url)
        codes = [one.wait() for one in workers]
        after = time.monotonic() - began - wall
    if any(codes):
        raise RuntimeError(f"the workers ended with {codes}")
    least = told["requests"] / RATE
    rows = sum(model._default_manager.count() for model in (Contact, Deal, Task, Event))
    yield Line(
        f"first load of {deals:,} deals ({rows:,} rows) by {WORKERS} workers, {told['requests']} requests",
        f"{wall:.1f} s, {told['answered_429']} answers 429, {told['busiest_second']} in the busiest second",
        f"{least:.1f} s at {RATE} a second",
        wall / least,
        f"≤ {OVER}×, no 429",
        wall / least <= OVER and not told["answered_429"],
    )
    yield Line("folding and judging after it", f"{after:.1f} s")


def worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "amo_sync", "--full"]
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)


def requests(url: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(urllib.request.urlopen(f"{url}/_control/requests").read())
    return told
