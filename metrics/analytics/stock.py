"""The stock of deals in work by month, beside what Little's law makes of arrivals and lives."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import Cut
from metrics.analytics.columns import Ints
from metrics.analytics.flow import read_cut
from metrics.analytics.in_work import list_work
from metrics.analytics.log import LOST, WON, Log, read_log
from metrics.analytics.moves import list_moves
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, SECOND, Terms
from metrics.analytics.words import WHOLE

ALL = "all"


def find_stock(log: Log, cut: Cut, now: int) -> Answer:
    """Average stock = time in work ÷ length of the period; by Little: closed a day × the mean life of what was closed.

    The two differ where the stock grows, falls or is made of deals that nobody closes.
    """
    pieces = list_work(log, now)
    over = (log.result == WON) | (log.result == LOST)
    edges = np.minimum(cut.edges, now)
    spent = np.array([spend(pieces.begin, pieces.end, int(edge)) for edge in edges], dtype=np.int64)
    lives, number = (
        (log.closed - log.created)[over],
        np.searchsorted(edges, log.closed[over], side="right") - 1,
    )
    number[log.closed[over] == now] = len(cut.labels) - 1  # now is included
    spans: list[tuple[str, int, int, int, Any]] = [
        (
            label,
            int(edges[place]),
            int(edges[place + 1]),
            int(spent[place + 1] - spent[place]),
            number == place,
        )
        for place, label in enumerate(cut.labels)
    ]
    if len(cut.labels):
        begin = max(int(edges[0]), int(log.created.min())) if len(log.ids) else int(edges[0])
        inside = (number >= 0) & (number < len(cut.labels))
        spans.append((ALL, begin, int(edges[-1]), int(spent[-1] - spent[0]), inside))
    rows = [tell(label, begin, end, time, lives[mine]) for label, begin, end, time, mine in spans]
    return {"rows": rows, "n": len(log.ids)}


def spend(begin: Ints, end: Ints, until: int) -> int:
    """How much of the pieces had passed by a moment."""
    return int(np.maximum(np.minimum(end, until) - begin, 0).sum())


def tell(label: str, begin: int, end: int, time: int, lives: Ints) -> dict[str, Any]:
    length, closed = end - begin, len(lives)
    pace = closed / (length / DAY) if length else None
    life = float(lives.sum()) / closed / DAY if closed else None
    return {
        "period": label,
        "n": closed,
        "from_seconds": begin // SECOND,
        "days": length / DAY,
        "deal_days": time / DAY,
        "stock": time / length if length else None,
        "closed": closed,
        "closed_a_day": pace,
        "life_days": life,
        "stock_by_little": None if pace is None or life is None else pace * life,
        "days_by_little": time / DAY / closed if closed else None,
    }


def answer(terms: Terms) -> Answer:
    log = read_log(terms, "alive")
    return find_stock(log, read_cut(log, list_moves(log), terms, "month"), terms.at)


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "alive")
    cut = read_cut(log, list_moves(log), terms, "month")
    over = (log.result == WON) | (log.result == LOST)
    labels = {label: place for place, label in enumerate(cut.labels)}
    number = cut.number(log.closed)
    if cell.get("period", ALL) == ALL:
        return log.ids[over & (number >= 0) & (number < len(cut.labels))]
    return log.ids[over & (number == labels.get(cell["period"], -2))]


register(
    Report(
        code="stock",
        title=_("Stock and pace"),
        icon="gauge",
        about=_(
            "How many deals were in work on average, how many were closed a day, and how long those had lived. "
            "Little’s law: stock = closed a day × life. Where the stock is larger than that, deals pile up that nobody "
            "closes."
        ),
        chooses=WHOLE,
        answer=answer,
        behind=behind,
    )
)
