"""The month in which a manager is full: more and more deals pile up on him, and he sells no more than before."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import Cut, cut_time
from metrics.analytics.columns import Flags, Ints
from metrics.analytics.log import FAR, NOBODY, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import Terms
from metrics.analytics.words import WHOLE

IN_A_ROW = 3  # months: one alone is a season or a holiday
LEAST = 10  # deals that came to somebody: fewer say nothing of him


def find_saturation(log: Log, cut: Cut, now: int) -> Answer:
    """By the owner of today. Whole months: the one that lasts is told, and judges nothing."""
    rows: list[dict[str, Any]] = []
    born, over = cut.number(log.created), cut.number(np.where(log.closed == FAR, cut.edges[-1], log.closed))
    size = len(cut.labels)
    for person in np.unique(log.owner).tolist():
        mine = log.owner == person
        came = np.bincount(born[mine & (born >= 0) & (born < size)], minlength=size)
        ended = mine & (over >= 0) & (over < size)
        gone = np.bincount(over[ended], minlength=size)
        won = np.bincount(over[ended & (log.result == WON)], minlength=size)
        before = int((mine & (born < 0) & (over >= 0)).sum())
        stock = before + np.cumsum(came - gone)
        whole = cut.edges[1:] <= now
        full = is_full(came, won, stock, whole) if came.sum() >= LEAST and person != NOBODY else None
        active = np.flatnonzero((came > 0) | (gone > 0) | (stock > 0))
        months = [
            {
                "month": cut.labels[place],
                "came": int(came[place]),
                "won": int(won[place]),
                "closed": int(gone[place]),
                "stock": int(stock[place]),
            }
            for place in range(int(active[0]) if len(active) else size, size)
        ]
        if not months:
            continue
        first = int(active[0])
        rows.append(
            {
                "manager": person or None,
                "n": int(came.sum()),
                "saturated": None if full is None else cut.labels[full],
                "after_months": None if full is None else full - first,
                "stock": int(stock[-1]),
                "months": months,
            }
        )
    rows.sort(key=lambda row: (row["saturated"] is None, row["saturated"] or "", -row["stock"]))
    return {"rows": rows, "n": len(log.ids), "full": sum(row["saturated"] is not None for row in rows)}


def is_full(came: Ints, won: Ints, stock: Ints, whole: Flags) -> int | None:
    """The first of three whole months in a row in each of which the stock grew and no more was won than before."""
    for place in range(1, len(stock) - IN_A_ROW + 1):
        span = slice(place, place + IN_A_ROW)
        best = won[:place].max(initial=0)
        grew = np.diff(stock[place - 1 : place + IN_A_ROW]) > 0
        if (
            best > 0
            and whole[span].all()
            and grew.all()
            and (won[span] <= best).all()
            and (came[span] > 0).all()
        ):
            return place
    return None


def read_asked(terms: Terms) -> tuple[Log, Cut]:
    log = read_log(terms, "alive")
    start = terms.start
    if start is None:
        start = int(log.created.min()) if len(log.ids) else terms.at
    return log, cut_time(start, max(terms.end, start + 1), "month", terms.zone)


def answer(terms: Terms) -> Answer:
    log, cut = read_asked(terms)
    return find_saturation(log, cut, terms.at)


def behind(terms: Terms, cell: Cell) -> Ints:
    """Of a person: what came in the period, or what stood with him at its end."""
    log, cut = read_asked(terms)
    mine = log.owner == (int(cell["manager"][:18]) if cell.get("manager", "").isdecimal() else NOBODY)
    if cell.get("what") == "stock":
        return log.ids[mine & (log.closed >= cut.edges[-1]) & (log.created < cut.edges[-1])]
    number = cut.number(log.created)
    return log.ids[mine & (number >= 0) & (number < len(cut.labels))]


register(
    Report(
        code="saturation",
        title=_("Saturation of managers"),
        icon="battery-full",
        about=_(
            "Who did not buy at once buys months later, while as many new deals come: they pile up. Full: the first of "
            "three whole months in which the stock grew every time and no more was won than in the best month before."
        ),
        chooses=WHOLE,
        answer=answer,
        behind=behind,
    )
)
