"""How long deals live: the won, the lost, and all with those that are still open."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.curves import describe, median_survival
from metrics.analytics.log import FAR, LOST, OPEN, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms
from metrics.analytics.words import CLOSED

RESULTS = {"won": (WON,), "lost": (LOST,), "all": (WON, LOST)}


def find_cycle(log: Log, terms: Terms) -> Answer:
    """Of deals closed in the period; the Kaplan–Meier median of ``all`` is of deals created in it, open ones too."""
    rows = []
    lengths = np.maximum(np.where(log.closed == FAR, terms.at, log.closed) - log.created, 0)
    born = (log.created >= (terms.start or -FAR)) & (log.created < terms.end)
    for key, results in RESULTS.items():
        told = describe(lengths[closed_in(log, terms) & np.isin(log.result, results)], DAY)
        row: dict[str, Any] = {"key": key} | {
            name: told[name] for name in ("n", "mean", "median", "p75", "p90", "min", "max")
        }
        ended = np.isin(log.result, (WON, LOST))
        km = median_survival(lengths[born], ended[born]) if key == "all" else None
        row |= {
            "km_median": None if km is None else km / DAY,
            "km_n": int(born.sum()) if key == "all" else None,
        }
        rows.append(row)
    found: Answer = {"rows": rows}
    return found | {str(row["key"]): row for row in rows}


def closed_in(log: Log, terms: Terms) -> Flags:
    """Deals won or lost in the period."""
    ended = (log.result == WON) | (log.result == LOST)
    found: Flags = ended & (log.closed >= (terms.start or -FAR)) & (log.closed < terms.end)
    return found


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "alive")
    if cell.get("key") == "km":
        return log.ids[(log.created >= (terms.start or -FAR)) & (log.created < terms.end)]
    return log.ids[closed_in(log, terms) & np.isin(log.result, RESULTS.get(cell.get("key", ""), (OPEN,)))]


register(
    Report(
        code="cycle",
        title=_("Sales cycle"),
        icon="timer",
        about=_(
            "Days from creation to closing. Means over closed deals are too short, as the open ones are left out; the "
            "Kaplan–Meier median has them."
        ),
        chooses=CLOSED,
        answer=lambda terms: find_cycle(read_log(terms, "alive"), terms),
        behind=behind,
    )
)
