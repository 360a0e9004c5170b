"""Reports of analytics over twelve months: the first answer, counted, and the kept one, through the whole of Django."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import get_context

import django
from django.urls import reverse

from bench import company
from bench.data import NOW, Company
from bench.measure import cost, typical
from bench.pages import signed_in, timed
from bench.report import Line, below, milliseconds
from bench.setting import Setting
from core import moment
from core.periods import Period
from core.zone import portal_zone
from jobs import kept_reports
from metrics.analytics import REPORTS, Terms

FIRST_SECONDS, KEPT_MS = 3.0, 150.0


def reports(setting: Setting) -> Iterator[Line]:
    """Each report's first answer; of the kept ones the slowest page."""
    size = setting.big
    company.hold(size)
    today = NOW.astimezone(portal_zone()).date()
    year = Period.parse(
        today.replace(year=today.year - 1, day=1).isoformat(),
        (today + timedelta(days=1)).isoformat(),
        portal_zone(),
    )
    terms = Terms(moment.now(), portal_zone(), year)
    for code, report in REPORTS.items():
        found = cost(lambda report=report: report.answer(terms))
        what = f"report {code}, 12 months, first answer, {size.deals:,} deals"
        yield below(what, found.wall, FIRST_SECONDS, "s", also=f" (processor {milliseconds(found.cpu)})")
    keep_all(terms)
    # As served: what is counted in a process leaves its memory full of holes, and templates that are loaded into those
    # take twice as long to draw.
    with ProcessPoolExecutor(1, get_context("spawn"), django.setup) as another:
        slowest, code = another.submit(slowest_page, size, 5 if setting.quick else 20).result()
    what = f"report's page, kept answer, the slowest ({code}), {size.deals:,} deals"
    yield below(what, slowest, KEPT_MS, "ms")


def keep_all(terms: Terms) -> None:
    kept_reports.QUICK = 0.0
    for code in REPORTS:
        question = kept_reports.write_question(code, terms)
        kept_reports.count_now(code, terms, kept_reports.key_of(question), question)


def slowest_page(size: Company, calls: int) -> tuple[float, str]:
    """Milliseconds that a page takes in the middle, and which."""
    company.hold(size)
    kept_reports.QUICK = 0.0
    director = signed_in("director")
    found = {}
    for code in REPORTS:
        address = reverse("analytics-report", args=[code])
        costs, _queries = timed(partial(director.get, address), calls)
        found[code] = 1000 * typical(costs).wall
    slowest = max(found, key=lambda code: found[code])
    return found[slowest], slowest
