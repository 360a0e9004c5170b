"""Pages and blocks on the server: every address as a director, and the manager's own, through the whole of Django."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import company, servers
from bench.company import MONTH
from bench.data import NOW, Company
from bench.measure import Cost, cost, share, typical
from bench.report import Line, against, figure
from bench.setting import Setting
from core import collecting
from metrics import kept_snapshot, snapshot
from pipelines.models import Deal
from team.models import Employee
from web.desk.views import BLOCKS

MOST_MS, MOST_QUERIES, MOST_SHARE = 150, 12, 0.05
SECONDS = 4.0  # spent on one address
HTMX = {"HX-Request": "true"}
Get = Callable[[], Any]


def small(setting: Setting) -> Iterator[Line]:
    yield from measured(setting, setting.small)


def big(setting: Setting) -> Iterator[Line]:
    yield from measured(setting, setting.big)


def measured(setting: Setting, size: Company) -> Iterator[Line]:
    company.hold(size)
    director, manager = signed_in("director"), signed_in("manager0")
    calls = 5 if setting.quick else 40
    for title, get in addresses(director, manager):
        yield line(f"{title}, {size.deals:,} deals", *timed(get, calls))
    yield slowest_count(director, size, calls)
    kept_snapshot.take_snapshot(
        NOW, MONTH
    )  # of a large company blocks say that it is being counted while there is none
    yield slowest_block(director, size, calls)
    yield from changed(director, size, calls)
    yield live(size)


@cache
def stand_as_served() -> None:
    """Static files hashed and compressed, into the bench's own folder; all loaded, and the collector told, as by
    `salesops.wsgi`."""
    settings.STATIC_ROOT = servers.FOLDER / "static"
    call_command("vendor_static", verbosity=0)
    call_command("collectstatic", "--no-input", verbosity=0)
    import_module(settings.ROOT_URLCONF)
    collecting.set_loaded_aside()


def signed_in(username: str) -> Client:
    stand_as_served()
    client = Client(SERVER_NAME="127.0.0.1", headers={"Accept-Language": "ru"})
    client.force_login(Employee.objects.get(username=username), backend="web.frame.login.StaffBackend")
    return client


def addresses(director: Client, manager: Client) -> Iterator[tuple[str, Get]]:
    deal = Deal.objects.open().order_by("-price")[0].pk
    yield "desk", lambda: director.get(reverse("desk"))
    for title, client, name, query in (
        ("deals", director, "deals", ""),
        ("stuck deals", director, "deals", "?stuck=1"),
        ("deals without a task", director, "deals", "?no_task=1"),
        ("deals by time on the stage", director, "deals", "?sort=since"),
        ("overdue tasks", director, "tasks", "?overdue=1"),
        ("open findings", director, "findings", "?state=open"),
        ("a manager's deals", manager, "deals", ""),
        ("losses", director, "losses", ""),
        ("then and now", director, "then-and-now", ""),
        ("what to do first and decisions", director, "decisions", ""),
        ("my month", manager, "my-month", f"?period={MONTH.first:%Y-%m}"),
        ("what costs money", manager, "my-stake", ""),
        ("what to do next", manager, "my-next", ""),
    ):
        address = reverse(name) + query
        yield title, lambda client=client, address=address: client.get(address)
    yield "deal card", lambda: director.get(reverse("deal", args=[deal]))
    yield "regulation of a stage", lambda: director.get(reverse("regulation", args=["101:14"]))


def slowest_count(director: Client, size: Company, calls: int) -> Line:
    """What a reader of a long list waits for where its count is not kept."""
    found = {}
    for name, query in (("deals", ""), ("deals", "?stuck=1"), ("findings", "?state=open")):
        get = partial(director.get, reverse(name) + query)
        found[name + query] = timed(get, calls, before=company.forget_counts)
    slowest = max(found, key=lambda address: slow(found[address][0]))
    return line(f"a list counted anew ({slowest}), {size.deals:,} deals", *found[slowest])


def slowest_block(director: Client, size: Company, calls: int) -> Line:
    found = {}
    for block in BLOCKS:
        address = reverse("desk-block", args=[block])
        found[block] = timed(lambda address=address: director.get(address, headers=HTMX), calls)
    slowest = max(found, key=lambda block: slow(found[block][0]))
    most = max(queries for _, queries in found.values())
    return line(f"desk's slowest block ({slowest}), {size.deals:,} deals", found[slowest][0], most)


def line(what: str, costs: list[Cost], queries: int) -> Line:
    p95, busy = slow(costs), 1000 * typical(costs).cpu
    met = p95 <= MOST_MS and queries <= MOST_QUERIES
    target = f"p95 ≤ {MOST_MS} ms, ≤ {MOST_QUERIES} queries"
    return Line(
        what, f"p95 {figure(p95)} ms (processor {figure(busy)}), {queries} queries", target=target, met=met
    )


def slow(costs: list[Cost]) -> float:
    """p95 in milliseconds."""
    return 1000 * share([one.wall for one in costs], 0.95)


def timed(get: Get, calls: int, before: Get = lambda: None) -> tuple[list[Cost], int]:
    """What each call costs (fewer calls where they take long), and the number of queries of one.

    The very first, which reads in this process what stays until it changes, is not counted.
    """
    get()
    before()
    with CaptureQueriesContext(connection) as captured:
        response = get()
    queries = len(captured)  # now: the next request empties the log
    if response.status_code != 200:
        raise RuntimeError(f"{response.request['PATH_INFO']} answers {response.status_code}")
    costs: list[Cost] = []
    while len(costs) < calls and (len(costs) < 5 or sum(one.wall for one in costs) < SECONDS):
        before()
        costs.append(cost(get))
    return costs, queries


def changed(director: Client, size: Company, calls: int) -> Iterator[Line]:
    """The block whose turn it is to be counted again, once in `changes.BUCKET` seconds and after each change: what a
    reader waits for then, and one for whom nothing is kept. Where counting takes long a worker does it, and the latter
    reads that it is being counted."""
    address = reverse("desk-block", args=["figures"])

    def get() -> Any:
        return director.get(address, headers=HTMX)

    yield line(
        f"desk block figures after a change, {size.deals:,} deals",
        *timed(get, calls, before=company.outdate_figures),
    )
    yield line(
        f"desk block figures, nothing kept, {size.deals:,} deals",
        *timed(get, calls, before=company.forget_figures),
    )


def live(size: Company) -> Line:
    """What is kept in Redis beside the statement that counts it."""
    kept_snapshot.take_snapshot(NOW, MONTH)
    kept = typical([cost(lambda: kept_snapshot.take_snapshot(NOW, MONTH)) for _ in range(15)])
    counted = typical([cost(lambda: snapshot.count_snapshot(NOW, MONTH)) for _ in range(3)])
    return against(
        f"the desk's figures, kept, {size.deals:,} deals", kept, counted, MOST_SHARE, " counted live"
    )
