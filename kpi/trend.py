"""A person's own months, and beside them the median of everybody: no names, and never of so few that it tells one."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from core.periods import Period
from kpi.models import Statement
from kpi.month_facts import Facts

MONTHS = 6
QUALITY = ("quality", "quality_time")  # by which of the two a scheme pays
ENOUGH = 5  # people: the median of fewer says too much about each of them


@dataclass(frozen=True)
class Month:
    """``quality`` from 0 to 100, ``attainment`` as a share of the plan; None is not known."""

    first: date
    label: str
    total: Decimal
    quality: Decimal | None
    attainment: Decimal | None
    closed: bool
    median_total: Decimal | None
    median_quality: Decimal | None


def list_months(period: Period) -> list[Period]:
    """The months that are shown: ``period`` and those before it, the newest first."""
    found = [period]
    while len(found) < MONTHS:
        found.append(found[-1].previous)
    return found


def compare_months(own: Mapping[date, Statement]) -> list[Month]:
    """A person's statements by month, the newest first, each beside the median of everybody's. One query."""
    totals: dict[date, list[Decimal]] = defaultdict(list)
    scores: dict[date, list[Decimal]] = defaultdict(list)
    everybody = Statement.objects.filter(period__in=list(own))
    names = [f"inputs__measures__{name}" for name in QUALITY]
    for first, total, *scored in everybody.values_list("period", "total", *names):
        totals[first].append(total)
        quality = next((one for one in scored if one is not None), None)
        if quality is not None:
            scores[first].append(Decimal(quality))
    newest = sorted(own, reverse=True)
    return [sum_up_month(own[first], _median(totals[first]), _median(scores[first])) for first in newest]


def sum_up_month(
    row: Statement, median_total: Decimal | None = None, median_quality: Decimal | None = None
) -> Month:
    return Month(
        row.period,
        f"{row.period:%Y-%m}",
        row.total,
        next((score for name in QUALITY if (score := _number(row.facts, name)) is not None), None),
        _attainment(row.facts),
        row.status == Statement.Status.CLOSED,
        median_total,
        median_quality,
    )


def _median(values: list[Decimal]) -> Decimal | None:
    return median(values) if len(values) >= ENOUGH else None


def _number(facts: Facts, code: str) -> Decimal | None:
    """Of the first measure with that code, whatever its options."""
    measures = facts.measures
    return next((measures[name] for name in measures if name.partition("?")[0] == code), None)


def _attainment(facts: Facts) -> Decimal | None:
    sold = _number(facts, "won_sum")
    return sold / facts.quota if sold is not None and facts.quota else None
