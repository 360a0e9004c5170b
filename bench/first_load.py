"""The first load of a generated account by two workers at once, at amoCRM's own limit; the sandbox runs beside us."""

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Model

from bench import company, grown
from bench.account import TOKEN, sandbox
from bench.report import Line
from bench.setting import Setting
from core import moment
from devtools.embedded import PROJECT
from pipelines.mirror import coverage
from pipelines.mirror.entities import TABLE
from pipelines.models import Contact, Cursor, Deal, Event, Stay, Task

RATE, OVER = 7, 1.05  # requests a second that amoCRM allows; target: × of the limit's own time
DEALS, QUICK = 100_000, 2_000
WORKERS, KILLS = 2, 10

Worker = subprocess.Popen[bytes]


def by_two(setting: Setting) -> Iterator[Line]:
    """`manage.py amo_sync` twice at once, start-up included; what folding and judging take afterwards is told apart."""
    with empty_mirror(setting) as (url, environment):
        began = time.monotonic()
        workers = [worker(environment) for _ in range(WORKERS)]
        while not coverage.is_complete():
            if all(one.poll() is not None for one in workers):
                raise RuntimeError("the workers have ended before the load")
            time.sleep(0.1)
        wall = time.monotonic() - began
        told = requests(url)
        await_end(workers)
        after = time.monotonic() - began - wall
    digests = rows_by_table()
    least = told["requests"] / RATE
    rows = sum(model._default_manager.count() for model in (Contact, Deal, Task, Event))
    switched = "".join(f", {switch}" for switch in setting.switches)
    yield Line(
        f"first load of {size(setting):,} deals ({rows:,} rows) by {WORKERS} workers, {told['requests']} requests"
        + switched,
        f"{wall:.1f} s, {told['answered_429']} answers 429, {told['busiest_second']} in the busiest second",
        f"{least:.1f} s at {RATE} a second",
        wall / least,
        f"≤ {OVER}×, no 429",
        wall / least <= OVER and not told["answered_429"],
    )
    yield Line("folding and judging after it", f"{after:.1f} s")
    yield Line("digest of the rows loaded, whatever the pages and their order", join_digests(digests))


def killed(setting: Setting) -> Iterator[Line]:
    """The same account twice: undisturbed, and with kill -9 of one worker or both again and again."""
    account = grown.account(size(setting))
    with empty_mirror(setting, account) as (url, environment):
        await_end([worker(environment) for _ in range(WORKERS)])
        undisturbed, asked = rows_by_table(), requests(url)["requests"]
    with empty_mirror(setting, account) as (url, environment):
        chance = Random(1)
        workers = [worker(environment) for _ in range(WORKERS)]
        for number in range(KILLS):
            await_requests(url, int(asked * (number + chance.random()) / KILLS), workers)
            for place in chance.choice([(0,), (1,), (0, 1)]):
                if workers[place].poll() is not None:
                    raise RuntimeError(f"a worker has ended before kill {number + 1}")
                workers[place].kill()
                workers[place].wait()
                workers[place] = worker(environment)
        await_end(workers)
        again, told = rows_by_table(), requests(url)
    different = [name for name, rows in undisturbed.items() if again[name] != rows]
    yield Line(
        f"first load of {size(setting):,} deals, workers killed {KILLS} times",
        f"{told['requests']} requests, {told['answered_429']} answers 429, "
        + (f"different: {', '.join(different)}" if different else "all rows equal"),
        f"{asked} requests undisturbed",
        told["requests"] / asked,
        "equal, no 429",
        not different and not told["answered_429"],
    )


def size(setting: Setting) -> int:
    return QUICK if setting.quick else DEALS


@contextmanager
def empty_mirror(
    setting: Setting, account: dict[str, Any] | None = None
) -> Iterator[tuple[str, dict[str, str]]]:
    """Nothing is mirrored yet; gives the sandbox's address and the environment of a worker."""
    moment.fix(None)
    company.empty()
    Cursor.objects.all().delete()
    with sandbox(account or grown.account(size(setting)), rate=RATE, switches=setting.switches) as url:
        yield url, os.environ | {"AMO_BASE_URL": url, "AMO_TOKEN": TOKEN, "AMO_RATE": str(RATE)}


def worker(environment: dict[str, str]) -> Worker:
    return subprocess.Popen(
        [sys.executable, "manage.py", "amo_sync"], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL
    )


def await_end(workers: list[Worker]) -> None:
    if any(codes := [one.wait() for one in workers]):
        raise RuntimeError(f"the workers ended with {codes}")


def await_requests(url: str, number: int, workers: list[Worker]) -> None:
    while requests(url)["requests"] < number and any(one.poll() is None for one in workers):
        time.sleep(0.05)


def requests(url: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(urllib.request.urlopen(f"{url}/_control/requests").read())
    return told


def rows_by_table() -> dict[str, tuple[int, int]]:
    """Of every mirrored table and of the folded stays: how many rows there are, and the sum of their digests."""
    return {model._meta.db_table: digest(model) for model in (*(entity.model for entity in TABLE), Stay)}


def join_digests(digests: dict[str, tuple[int, int]]) -> str:
    """One word for all tables: of loads of the same account the same."""
    told = "".join(f"{name} {count} {total}\n" for name, (count, total) in sorted(digests.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def digest(model: type[Model]) -> tuple[int, int]:
    own = {"id"} if model is Stay else set()  # numbered as they come
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields if field.name not in own)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), coalesce(sum(hashtextextended(row({columns})::text, 0)), 0) FROM {model._meta.db_table}"
        )
        count, total = cursor.fetchone()
    return count, int(total)
