"""The winning curve: by which day which share was won and lost, deals still open counted up to their age."""

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.curves import find_error, find_incidence
from metrics.analytics.log import FAR, LOST, OPEN, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms, no_stage, read_days
from metrics.analytics.words import FIRST_ENTRY

DAYS = "7,14,30,60,90"


def find_curve(log: Log, zero: Ints, now: int, days: list[int], points: int = 0) -> Answer:
    """From ``zero`` of each deal; ``points``: that many more of the curve itself, for a picture."""
    lengths, won, lost = _lives(log, zero, now)
    error = find_error(lengths, won, lost)
    curve, n, wins, losses = find_incidence(lengths, won, lost), len(lengths), int(won.sum()), int(lost.sum())
    rows = []
    for day in days:
        by_won, by_lost, still = curve.at(day * DAY)
        place = int(np.searchsorted(curve.times, day * DAY, side="right")) - 1
        known = place >= 0 and bool(np.isfinite(error[place]))
        rows.append(
            {
                "day": day,
                "n": n,
                "won": by_won if n else None,
                "won_se": (float(error[place]) if known else None) if place >= 0 else 0.0 if n else None,
                "lost": by_lost if n else None,
                "open": still if n else None,
                "at_risk": int((lengths > day * DAY).sum()),
            }
        )
    found: Answer = {
        "rows": rows,
        "n": n,
        "won": wins,
        "lost": losses,
        "open": n - wins - losses,
        "naive_won_of_closed": wins / (wins + losses) if wins + losses else None,
        "naive_won_of_all": wins / n if n else None,
        "won_at_last": float(curve.won[-1]) if n else None,
        "last_day": int(curve.times[-1]) / DAY if n else None,
        "ties": count_ties(lengths, won, lost),
    }
    if points and n:
        until = max(days) * DAY * 4 // 3
        marks = [round(until * place / points) for place in range(points + 1)]
        found["curve"] = [[mark / DAY, *curve.at(mark)[:2]] for mark in marks]
        found["curve_at_risk"] = [[day, int((lengths > day * DAY).sum())] for day in (0, *days)]
    return found


def count_ties(lengths: Ints, won: Flags, lost: Flags) -> dict[str, int]:
    """At how many lengths of life something was won and lost, and at how many more than one deal ended."""
    _times, place = np.unique(lengths, return_inverse=True)
    wins, losses = (np.bincount(place, weights=one) for one in (won, lost))
    return {"won_and_lost": int(((wins > 0) & (losses > 0)).sum()), "ended": int((wins + losses > 1).sum())}


def find_zero(log: Log, terms: Terms) -> tuple[Log, Ints]:
    """The deals whose clock began in the period, and when it did: at creation, or on entering a stage first."""
    stage = terms.options.get("stage", "")
    if not stage:
        return log, log.created
    if stage not in log.place:
        raise no_stage("stage", stage)
    zero = log.entries([log.place[stage]])
    mine = (zero != FAR) & (zero < terms.end) & (zero >= (terms.start or -FAR))
    return log.keep(mine), zero[mine]


def _lives(log: Log, zero: Ints, now: int) -> tuple[Ints, Flags, Flags]:
    over = np.where(log.result == OPEN, now, log.closed)
    return np.maximum(over - zero, 0), log.result == WON, log.result == LOST


def read_asked(terms: Terms) -> tuple[Log, Ints]:
    return find_zero(read_log(terms, "alive" if terms.options.get("stage") else "created"), terms)


def answer(terms: Terms) -> Answer:
    log, zero = read_asked(terms)
    return find_curve(log, zero, terms.at, read_days(terms.options.get("days") or DAYS), 160)


def behind(terms: Terms, cell: Cell) -> Ints:
    log, _zero = read_asked(terms)
    wanted = {"won": log.result == WON, "lost": log.result == LOST}.get(cell.get("what", ""))
    if cell.get("what") == "open":
        wanted = (log.result != WON) & (log.result != LOST)
    if cell.get("what") == "closed":
        wanted = (log.result == WON) | (log.result == LOST)
    return log.ids if wanted is None else log.ids[wanted]


register(
    Report(
        code="incidence",
        version=3,
        title=_("Winning curve"),
        icon="chart-spline",
        about=_(
            "Aalen–Johansen: the share won by each day. A lost deal cannot be won any more, an open one counts up to "
            "its age and no further, so won, lost and still open are 100 % on every day."
        ),
        chooses=FIRST_ENTRY,
        answer=answer,
        behind=behind,
        options={
            "days": "days to tell, such as 7,14,30",
            "stage": "the clock begins with the first entry into it",
        },
    )
)
