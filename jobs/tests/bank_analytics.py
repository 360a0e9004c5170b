"""Every figure of bpi2012-analytics.json against the API; a figure that nothing looked at is told as well."""

import json
from pathlib import Path

from jobs.tests.bank_comparison import Ask, Comparison, Told, list_figures
from jobs.tests.bank_forecasts import floors
from jobs.tests.bank_results import accumulation, cycle, flow, totals, win_rates
from jobs.tests.bank_stages import conversion, incidence, process, transitions, visits
from jobs.tests.bank_work import deal_days, hand_overs, stock, tasks


def compare_all(ask: Ask, path: Path) -> Comparison:
    read, seen = json.loads(path.read_text()), set[str]()
    figures, found = Told(read, "", seen), Comparison()
    for part in PARTS:
        part(found, ask, figures)
    found.unread = [path for path in list_figures(read) if path not in seen]
    return found


PARTS = (
    totals, visits, transitions, incidence, conversion, win_rates, flow, accumulation, cycle, process, hand_overs,
    tasks, stock, deal_days, floors,
)  # fmt: skip
