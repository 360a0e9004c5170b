"""Monday, 9:00: everybody opens the portal while amoCRM rings and everything is being judged."""

import time
from collections.abc import Iterator
from statistics import median

from bench import company, load
from bench.company import MONTH, SECRET
from bench.intake import BODY, judging, served
from bench.measure import share
from bench.pages import signed_in
from bench.report import Line, below
from bench.setting import Setting
from pipelines.models import Hook
from team.models import Employee, Role

PEOPLE, EVERY, RINGS_A_SECOND = 50, 5.0, 10
MOST_MS = 500
OF_MANAGERS = (
    f"/my/?period={MONTH.first:%Y-%m}",
    "/my/stake/",
    "/my/next/",
    "/deals/",
    "/tasks/",
    "/findings/?state=open",
)
OF_THE_DIRECTOR = (
    "/desk/",
    "/desk/stuck/",
    "/desk/heat/",
    "/desk/managers/",
    "/deals/?stuck=1",
    "/findings/",
)
DIRECTORS = 5  # of the fifty


def nine_o_clock(setting: Setting) -> Iterator[Line]:
    company.hold(setting.small)
    names = Employee.objects.filter(role=Role.MANAGER, is_active=True).exclude(person=None)
    names = names.order_by("pk").values_list("username", flat=True)[: PEOPLE - DIRECTORS]
    managers, director = [_session(name) for name in names], _session("director")
    seconds = 10.0 if setting.quick else 60.0
    with (
        served("salesops.wsgi") as (_, port),
        judging(),
        load.reading(port, OF_MANAGERS, managers, PEOPLE - DIRECTORS, EVERY) as of_managers,
        load.reading(port, OF_THE_DIRECTOR, [director], DIRECTORS, EVERY) as of_the_director,
    ):
        time.sleep(EVERY)  # everybody is at work
        begun = len(of_managers), len(of_the_director)
        path = f"/hooks/amocrm/{SECRET}/"
        rings = load.ring(port, path, BODY, rate=RINGS_A_SECOND, seconds=seconds)
        read = of_managers[begun[0] :] + of_the_director[begun[1] :]
    Hook.objects.all().delete()
    p95 = 1000 * share(read, 0.95)
    also = f" (p50 {1000 * median(read):.3g}, slowest {1000 * max(read):.3g}; {len(read)} pages, {len(rings)} hooks"
    yield below(
        f"Monday, 9:00: {PEOPLE} people, a page each every {EVERY:.0f} s, hooks and judging beside, p95",
        p95,
        MOST_MS,
        "ms",
        also=f"{also}, p99 {1000 * share(rings, 0.99):.3g} ms)",
    )


def _session(username: str) -> str:
    return signed_in(username).cookies["sessionid"].value
