"""Reports of analytics over twelve months: the first answer, counted, and the kept one, through the whole of Django."""

import gc
from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse

from bench import company
from bench.data import NOW
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
    kept_reports.QUICK = 0.0
    director = signed_in("director")
    slowest = 0.0
    for code in REPORTS:
        question = kept_reports.write_question(code, terms)
        kept_reports.count_now(code, terms, kept_reports.key_of(question), question)
    gc.collect()  # a worker counts, and another process shows what is kept
    for code in REPORTS:
        address = reverse("analytics-report", args=[code])
        costs, _queries = timed(lambda address=address: director.get(address), 5 if setting.quick else 20)
        slowest = max(slowest, 1000 * typical(costs).wall)
    yield below(f"report's page, kept answer, the slowest, {size.deals:,} deals", slowest, KEPT_MS, "ms")
