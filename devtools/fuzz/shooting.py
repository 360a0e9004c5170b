"""The shots: in this process, with Django's test client, as each role; what a request has changed is undone."""

import os
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core import account
from devtools.fuzz.drawing import Known, Shot, draw_shot, draw_value
from kpi.models import Scheme, Statement
from pipelines.models import Deal, Person, Pipeline, Stage, Task
from qc.models import Finding, Regulation
from qc.rules import RULES
from team.models import Employee, Role

SLOW = 5.0  # seconds of computing
ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
FIELD = re.compile(rb'name="([\w.:-]{1,60})"(?:[^>]*?value="([^"]{0,80})")?')
LINKED = re.compile(rb"[?&;](\w{1,40})=([\w.:%-]{0,60})")
OPTION = re.compile(rb'<option value="([^"]{1,60})"')
MOST = 80  # values that are learnt of a name
STRANGER = "stranger"
EVERY = 1_000  # requests between two words of how far it has come


@dataclass
class Report:
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    files: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)  # of a place in the code: examples
    counts: Counter[str] = field(default_factory=Counter)
    slow: list[str] = field(default_factory=list)
    longest: float = 0


def shoot(number: int, seed: int, only: str = "", tell: Callable[[str], None] = lambda line: None) -> Report:
    """So many requests; the same seed draws the same ones of the same company. ``tell`` hears of the first of each
    kind of fault, of what is slow, and from time to time how far it has come."""
    chance, report = random.Random(seed), Report()
    known, routes = Known(read_ids()), [route for route in sorted(list_routes()) if re.search(only, route)]
    sessions = {STRANGER: ""} | {role: open_session(role) for role in Role.values}
    raised: list[str] = []
    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/stat")

    def note(sender: Any, **kwargs: Any) -> None:
        raised.append(traceback.format_exc())

    got_request_exception.connect(note)
    try:
        for _ in range(number):
            role = chance.choice([*sessions, Role.ADMIN, Role.DIRECTOR])
            route = choose_route(chance, routes, role)
            shot = draw_shot(chance, known, route, fill(chance, known, route))
            raised.clear()
            began = busy(backend)
            status, content = send(shot, sessions[role])
            took = busy(backend) - began
            for line in judge(report, shot, role, route, status, took, raised):
                tell(line)
            if report.requests % EVERY == 0:
                tell(
                    f"{report.requests} requests, {report.files} with a file, the longest {report.longest:.1f} s, "
                    f"{dict(report.statuses)}, {dict(report.roles)}"
                )
            if status < 400 and shot.method == "GET":
                learn(known, route, content)
    finally:
        got_request_exception.disconnect(note)
    return report


def choose_route(chance: random.Random, routes: list[str], role: str) -> str:
    """Django's own pages are half of all addresses and send everybody but an administrator away: seldom for others."""
    route = chance.choice(routes)
    while role != Role.ADMIN and route.startswith("admin/") and chance.random() < 0.9:
        route = chance.choice(routes)
    return route


def busy(backend: Path) -> float:
    """Seconds that this thread and its process of PostgreSQL have computed; with a server elsewhere, of the clock.

    A machine that does other things besides makes everything slow by the clock.
    """
    try:
        user, system = backend.read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return time.monotonic()
    return time.thread_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def send(shot: Shot, session: str) -> tuple[int, bytes]:
    client = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")
    for name, value in shot.cookies.items():
        client.cookies[name] = value
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    headers = dict(shot.headers)
    # A server waits for the bytes that are promised; Django's own stand-in for one fails where there are fewer.
    if shot.method in ("GET", "HEAD", "TRACE") or int(headers.get("CONTENT_LENGTH", 0)) > len(shot.body):
        headers.pop("CONTENT_LENGTH", None)
    with transaction.atomic():
        environ: dict[str, Any] = {"QUERY_STRING": shot.query, **headers}
        response: Any = client.generic(shot.method, shot.path, shot.body, shot.kind, **environ)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        if connection.needs_rollback is False:
            transaction.set_rollback(True)
    account.forget()
    return response.status_code, content


def judge(
    report: Report, shot: Shot, role: str, route: str, status: int, took: float, raised: list[str]
) -> Iterator[str]:
    report.requests += 1
    report.roles[role] += 1
    report.files += b'filename="' in shot.body
    report.statuses[status] += 1
    report.longest = max(report.longest, took)
    said = f"{role} {shot.method} {shot.path}?{shot.query[:600]} {shot.kind[:60]} {shot.body[:600]!r} {shot.headers}"
    if took > SLOW:
        report.slow.append(f"{took:.1f} s {status} {said}")
        yield f"slow: {report.slow[-1]}"
    if status >= 500:
        trace = raised[-1] if raised else f"{route} answers {status}"
        place = place_of(trace)
        report.counts[place] += 1
        report.faults.setdefault(place, [])
        if len(report.faults[place]) < 2:
            report.faults[place].append(f"{said}\n{trace[-2500:]}")
            if report.counts[place] == 1:
                yield f"=== {place}\n{report.faults[place][0]}"


def place_of(trace: str) -> str:
    """The kind of exception and the last line of ours that it has passed."""
    lines = re.findall(r'File "([^"]+)", line (\d+)', trace)
    ours = [
        f"{path}:{line}"
        for path, line in lines
        if "site-packages" not in path and "/devtools/fuzz/" not in path
    ]
    return f"{trace.strip().splitlines()[-1][:160]} @ {ours[-1] if ours else '?'}"


def learn(known: Known, route: str, content: bytes) -> None:
    """Names of fields and of parameters, with values that they had."""
    names = known.names.setdefault(route, set())
    found = [*FIELD.findall(content), *LINKED.findall(content)]
    for name, value in ((one.decode(), other.decode(errors="replace")) for one, other in found):
        if name == "csrfmiddlewaretoken" or len(names) > 200:
            continue
        names.add(name)
        learnt = known.values.setdefault(name, set())
        if value and len(learnt) < MOST:
            learnt.add(value)
    options = {value.decode(errors="replace") for value in OPTION.findall(content)[:MOST]}
    for name in names & {"manager", "stage", "pipeline", "group", "table", "user", "role", "rota", "person"}:
        if len(known.values[name]) < MOST:
            known.values[name] |= options


def read_ids() -> dict[str, list[Any]]:
    def some(rows: Any, name: str = "pk") -> list[Any]:
        return list(rows.order_by("pk").values_list(name, flat=True)[:40])

    ids: dict[str, list[Any]] = {
        "deal": some(Deal.objects.all()),
        "stage": some(Stage.objects.all()),
        "pipeline": some(Pipeline.objects.all()),
        "manager": some(Person.objects.all()),
        "task": some(Task.objects.all()),
        "finding": some(Finding.objects.all()),
        "statement": some(Statement.objects.all()),
        "user": some(Employee.objects.all()),
        "scheme": some(Scheme.objects.all()),
        "regulation": some(Regulation.objects.all()),
        "rule": sorted(RULES),
    }
    ids["pk"] = ids["object_id"] = sorted(
        {one for kind in ids.values() for one in kind if isinstance(one, int)}
    )
    return ids


def list_routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern).removeprefix("^")
        if isinstance(one, URLResolver):
            yield from list_routes(one, route)
        elif isinstance(one, URLPattern):
            yield route


def fill(chance: random.Random, known: Known, route: str) -> str:
    """The route with values for its arguments, as it would stand in an address."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        words = route.replace("-", "/").split("/")
        kind = next((one for one in known.ids if one in words or f"{one}s" in words), name)
        fitting = known.ids.get(kind) if chance.random() < 0.7 else None
        text = str(chance.choice(fitting)) if fitting else draw_value(chance, known, name)
        return quote(text.encode(errors="replace"), safe=":")[:3_000]

    path = ARGUMENT.sub(value, route)
    return "/" + re.sub(r"[\^$\\?]|\\Z", "", path)


def open_session(role: str) -> str:
    user = Employee.objects.filter(role=role, is_active=True).exclude(person=None, role=Role.MANAGER).first()
    user = user or Employee.objects.create_user(f"fuzz-{role}", role=role)
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
