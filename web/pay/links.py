"""From the numbers of a statement to the lists that show exactly the rows behind them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from core.periods import Period, month_of
from kpi.measures import Measure, read_measure
from kpi.models import Statement
from kpi.presentation import ShownLine
from kpi.what_if import COUNTS_IN_MONEY

TZ = ZoneInfo(settings.TIME_ZONE)


@dataclass(frozen=True)
class Link:
    title: str
    url: str


def find_links(line: ShownLine, statement: Statement) -> Iterator[Link]:
    """From the measures of a line to the lists of pages."""
    period = month_of(statement.period, TZ)
    known = statement.facts.known_until or statement.computed_at
    for name in line.measured:
        measure = read_measure(name)
        address = _address(measure, period, known)
        if address is not None:
            page, query = address
            # a result is his who closed it, whoever owns the deal today
            query |= {"closed_by" if page == "deals" else "manager": statement.manager_id}
            yield Link(str(measure.title), f"{reverse(page)}?{urlencode(query)}")


def filter_held(period: Period) -> dict[str, str]:
    """The filters of the list of findings that choose what quality counts in the period."""
    return {
        "held_since": period.first.isoformat(),
        "held_until": period.last.isoformat(),
        "mode": COUNTS_IN_MONEY,
        "state": "",  # fixed ones too, which the list leaves out by itself
    }


def _address(measure: Measure, period: Period, known: datetime) -> tuple[str, dict[str, Any]] | None:
    bounds = {"since": period.first.isoformat(), "until": period.end.date().isoformat()}
    if measure.kept:
        return "findings", {"rule": measure.code} | filter_held(period)
    if measure.is_quality:
        return "findings", filter_held(period)
    if measure.code == "tasks_on_time":
        if known < period.end:
            bounds["until"] = max(known, period.start).astimezone(TZ).isoformat()
        return "tasks", bounds | {"completed": ""}  # done ones too, which the list leaves out by itself
    if measure.code in {"won_sum", "deals_won", "avg_deal"} and "date" not in measure.options:
        return "deals", {"result": "won"} | bounds
    return None
