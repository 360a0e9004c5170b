"""How long a new client waits for the first human word, in four parts, and what that wait does to winning.

amoCRM tells neither when somebody saw a deal nor who decided that it was his, so the parts are what can be told:

- *hand-over*: from arrival until the deal belonged to whoever then made the contact;
- *notice*: from then until his first trace on the deal (a change in amoCRM, or the contact itself);
- *reaction*: from that trace to the contact;
- *closed hours*: what of the calendar wait fell outside of the company's hours.

The first three are the company's working time; with the fourth they add up to the calendar wait, to the second.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from core.beside import ask_beside
from metrics.analytics.columns import Ints
from metrics.analytics.curves import describe, median_survival, wilson
from metrics.analytics.first_contacts import read_contacts, read_touches
from metrics.analytics.log import FAR, LOST, OPEN, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import EPOCH, SECOND, Terms, moment_number
from metrics.analytics.words import CREATED
from team.clock import AnyClock
from team.schedules import load_clocks

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
# Working time until the first contact: upper ends, inclusive.
BUCKETS = {
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "12h": 12 * HOUR,
    "later": FAR,
}
NEVER = "none"
PARTS = ("hand_over", "notice", "reaction", "closed_hours")
Worked = Callable[[Ints], Ints]


def find_waits(
    log: Log, now: int, met: Ints, given: Ints, traced: Ints, worked: Worked
) -> tuple[Ints, dict[str, Ints]]:
    """(working wait until the contact or until now, the parts of those that were contacted; zeros for the others).

    ``worked``: moments → working time since a fixed moment; ``met`` is FAR where nobody has called.
    """
    answered = met != FAR
    over = np.where(log.closed == FAR, now, log.closed)
    ends = np.where(answered, met, np.maximum(over, log.created))
    at_birth, at_end = worked(log.created), worked(ends)
    at_given, at_trace = (
        worked(np.where(answered, given, ends)),
        worked(np.where(answered, np.maximum(traced, given), ends)),
    )
    waited = at_end - at_birth
    parts = {
        "hand_over": at_given - at_birth,
        "notice": at_trace - at_given,
        "reaction": at_end - at_trace,
        "closed_hours": (ends - log.created) - waited,
    }
    return waited, {name: np.where(answered, part, 0) for name, part in parts.items()}


def find_speed(log: Log, answered: Any, waited: Ints, parts: dict[str, Ints]) -> Answer:
    """Minutes. Deals that still wait are «longer than until now»; closed without a contact they leave the medians."""
    counted = answered | (log.result == OPEN)
    rows = []
    buckets = bucket_of(answered, waited)
    for number, name in enumerate([*BUCKETS, NEVER]):
        mine = buckets == number
        won, lost = int((mine & (log.result == WON)).sum()), int((mine & (log.result == LOST)).sum())
        share, low, high = wilson(won, won + lost)
        rows.append(
            {"bucket": name, "deals": int(mine.sum()), "n": won + lost, "won": won, "lost": lost}
            | {"rate": share, "lo": low, "hi": high}
        )
    km = median_survival(waited[counted], answered[counted])
    told = describe(waited[answered], MINUTE)
    return {
        "rows": rows,
        "n": len(log.ids),
        "answered": int(answered.sum()),
        "waiting": int((~answered & (log.result == OPEN)).sum()),
        "never": int((~answered & (log.result != OPEN)).sum()),
        "median_minutes": told["median"],
        "p90_minutes": told["p90"],
        "km_median_minutes": None if km is None else km / MINUTE,
        "parts": {
            name: {"mean_minutes": float(part[answered].mean()) / MINUTE if answered.any() else None}
            | {"median_minutes": describe(part[answered], MINUTE)["median"]}
            for name, part in parts.items()
        },
    }


def bucket_of(answered: Any, waited: Ints) -> Ints:
    """The number of each deal's bucket; those without a contact have the last one."""
    edges = np.array(list(BUCKETS.values()), dtype=np.int64)
    return np.where(answered, np.searchsorted(edges, waited, side="left"), len(edges))


def read_waits(terms: Terms) -> tuple[Log, Any, Ints, dict[str, Ints]]:
    touches = ask_beside(partial(read_touches, terms))
    log = read_log(terms, "created")
    met, given, traced = read_contacts(log, terms, touches())
    moments = np.concatenate((log.created, met[met != FAR], log.closed[log.closed != FAR], [terms.at]))
    worked = count_hours(load_clocks([]).client, int(moments.min()), int(moments.max()))
    waited, parts = find_waits(log, terms.at, met, given, traced, worked)
    return log, met != FAR, waited, parts


def count_hours(clock: AnyClock, begin: int, end: int) -> Worked:
    """Moments between the two → the clock's working time since the first of them."""
    first, last = (EPOCH + timedelta(microseconds=moment) for moment in (begin, end))
    shifts = clock.explain(first, last + timedelta(microseconds=1))
    starts = np.array([moment_number(part.start) for part in shifts], dtype=np.int64)
    ends = np.array([moment_number(part.end) for part in shifts], dtype=np.int64)
    sums = np.concatenate(([0], np.cumsum(ends - starts)))

    def worked(moments: Ints) -> Ints:
        place = np.searchsorted(starts, moments, side="right")
        if not len(shifts):
            return np.zeros(len(moments), dtype=np.int64)
        rest = np.maximum(ends[np.maximum(place - 1, 0)] - moments, 0)
        return np.where(place > 0, sums[place] - rest, 0)

    return worked


def answer(terms: Terms) -> Answer:
    return find_speed(*read_waits(terms))


def behind(terms: Terms, cell: Cell) -> Ints:
    log, answered, waited, _parts = read_waits(terms)
    mine = np.ones(len(log.ids), dtype=bool)
    names = {name: number for number, name in enumerate([*BUCKETS, NEVER])}
    if "bucket" in cell:
        mine &= bucket_of(answered, waited) == names.get(cell["bucket"], -1)
    results = {"won": (WON,), "lost": (LOST,), "closed": (WON, LOST)}
    if cell.get("what") in results:
        mine &= np.isin(log.result, results[cell["what"]])
    return log.ids[mine]


register(
    Report(
        code="speed-to-lead",
        title=_("First response"),
        icon="phone-call",
        about=_(
            "From creation to the first outgoing call or message of a person, in the company’s hours; robots do not "
            "count. Deals that still wait count as longer than until now. The share won by the length of the wait says "
            "that they go together, not that the one is the cause of the other."
        ),
        chooses=CREATED,
        answer=answer,
        behind=behind,
    )
)
