"""Statements as people read them: titles and sentences in their language, and links to the rows behind the lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.periods import Period, month_of
from kpi.measures import Measure
from kpi.models import Statement, StatementLine
from kpi.month_facts import COUNTS_IN_MONEY
from kpi.sentences import because

TZ = ZoneInfo(settings.TIME_ZONE)


@dataclass(frozen=True)
class Link:
    """The list that shows exactly the rows behind a measure."""

    title: str
    url: str


@dataclass(frozen=True)
class ShownLine:
    code: str
    kind: str
    title: str
    amount: Decimal
    because: str
    links: list[Link]
    author: str | None
    values: dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """A statement in the reader's language; ``total`` is the sum of the lines' amounts."""

    manager_id: int
    period: date
    status: str
    total: Decimal
    computed_at: datetime
    closed_at: datetime | None
    lines: list[ShownLine]


def view(statement: Statement) -> Shown:
    """What to show of a statement; one whose ``lines`` are prefetched costs no query."""
    return Shown(
        manager_id=statement.manager_id,
        period=statement.period,
        status=statement.status,
        total=statement.total,
        computed_at=statement.computed_at,
        closed_at=statement.closed_at,
        lines=[_line(line, statement) for line in statement.lines.all()],
    )


def _line(line: StatementLine, statement: Statement) -> ShownLine:
    values, kind = line.values, line.values["kind"]
    return ShownLine(
        code=line.code,
        kind=kind,
        title=_title(values.get("title")),
        amount=line.amount,
        because=line.reason or because(kind, values, line.amount),
        links=list(links(values, statement)),
        author=str(line.author) if line.author_id else None,
        values=values,
    )


def _title(titles: dict[str, str] | None) -> str:
    if titles is None:
        return _("Correction")
    language = (get_language() or "en")[:2]
    return titles.get(language, titles["en"])


def links(values: dict[str, Any], statement: Statement) -> Iterator[Link]:
    """From the measures of a line to the lists of pages."""
    period = month_of(statement.period, TZ)
    rows = values.get("rows") or ([values] if "measure" in values else [])
    for row in rows:
        measure = Measure.read(row["measure"])
        address = _address(measure, period, _known_until(statement))
        if address is not None:
            page, query = address
            # a result is his who closed it, whoever owns the deal today
            query |= {"closed_by" if page == "deals" else "manager": statement.manager_id}
            yield Link(str(measure.title), f"{reverse(page)}?{urlencode(query)}")


def _known_until(statement: Statement) -> datetime:
    known = statement.inputs.get("known_until")
    return datetime.fromisoformat(known) if known else statement.computed_at


def held(period: Period) -> dict[str, str]:
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
        return "findings", {"rule": measure.code} | held(period)
    if measure.is_quality:
        return "findings", held(period)
    if measure.code == "tasks_on_time":
        if known < period.end:
            bounds["until"] = max(known, period.start).astimezone(TZ).isoformat()
        return "tasks", bounds | {"completed": ""}  # done ones too, which the list leaves out by itself
    if measure.code in {"won_sum", "deals_won", "avg_deal"} and "date" not in measure.options:
        return "deals", {"result": "won"} | bounds
    return None
