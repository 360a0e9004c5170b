"""The record of plain forecasts on past midnights: what ours has to beat, and what each of them would have said.

Each learns only from midnights whose days were over by the snapshot. docs/analytics.md says which one is which.
"""

from datetime import timedelta
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.calendar import local_date
from metrics.analytics.columns import Floats, Ints
from metrics.analytics.curves import find_incidence
from metrics.analytics.forecast import (
    LEAST_DAYS,
    LEAST_WINS,
    SHRINK,
    Lessons,
    Snapshot,
    floor_chances,
    gather_lessons,
    midnights,
    read_all,
    read_days_ahead,
    spread,
    take_snapshot,
    won_within,
)
from metrics.analytics.log import FAR, LOST, WON, Log
from metrics.analytics.past import Past, read_past
from metrics.analytics.report import Answer, Report, money, register
from metrics.analytics.scoring import judge, judge_all
from metrics.analytics.terms import DAY, EPOCH, Terms, no_choice
from metrics.analytics.words import NOW

MODELS = ("rate", "stage", "stage_age", "won_of_closed", "incidence")
FEW = 10  # at risk: with fewer a curve says nothing, and the stage speaks


def rate_of(lessons: Lessons, size: int) -> Floats:
    return np.full(size, lessons.won.sum() / len(lessons.won) if len(lessons.won) else 0.0)


def stage_chances(lessons: Lessons, stage: Ints) -> Floats:
    """Wins of the same stage, shrunk to those of all."""
    every = lessons.won.sum() / len(lessons.won) if len(lessons.won) else 0.0
    size = int(max(stage.max(initial=0), lessons.stage.max(initial=0))) + 1
    wins, seen = np.bincount(lessons.stage, lessons.won, size), np.bincount(lessons.stage, minlength=size)
    found: Floats = ((wins + SHRINK * every) / (seen + SHRINK))[stage]
    return found


def usual_chances(log: Log, moment: int, stage: Ints, every: float) -> Floats:
    """The usual percentage of a stage, without a horizon: won of those closed by then that had been there."""
    closed = log.closed < moment
    closed &= (log.result == WON) | (log.result == LOST)
    won = closed & (log.result == WON)
    whole = won.sum() / closed.sum() if closed.any() else every
    found = np.zeros(len(log.stages))
    for place in np.unique(stage).tolist():
        been = np.zeros(len(log.ids), dtype=bool)
        been[log.of[log.stage == place]] = True
        found[place] = ((been & won).sum() + SHRINK * whole) / ((been & closed).sum() + SHRINK)
    chances: Floats = found[stage]
    return chances


def curve_chances(log: Log, moment: int, then: Snapshot, days: int, instead: Floats) -> Floats:
    """By Aalen–Johansen from the first entry into the stage, as far as was known then."""
    found = instead.copy()
    for place in np.unique(then.stage).tolist():
        entered = log.entries([place])
        came = (entered != FAR) & (entered < moment)
        over = np.minimum(log.closed, moment)
        known = log.closed < moment
        lengths = np.maximum(over - entered, 0)[came]
        won, lost = (known & (log.result == WON))[came], (known & (log.result == LOST))[came]
        curve = find_incidence(lengths, won, lost)
        ordered = np.sort(lengths)
        for row in np.flatnonzero(then.stage == place).tolist():
            age = moment - int(entered[then.deals[row]])
            if len(ordered) - int(np.searchsorted(ordered, age, side="right")) < FEW:
                continue
            now, later = curve.at(age), curve.at(age + days * DAY)
            if now[2] > 0:
                found[row] = (later[0] - now[0]) / now[2]
    return found


def say(past: Past, known: Lessons, then: Snapshot, moment: int, days: int) -> dict[str, Floats]:
    every = float(known.won.mean()) if len(known.won) else 0.0
    by_stage = stage_chances(known, then.stage)
    return {
        "rate": rate_of(known, len(then.stage)),
        "stage": by_stage,
        "stage_age": floor_chances(known, then.stage, then.age),
        "won_of_closed": usual_chances(past.log, moment, then.stage, every),
        "incidence": curve_chances(past.log, moment, then, days, by_stage),
    }


def try_floors(past: Past, every: list[int], moments: list[int], days: int) -> list[dict[str, Any]]:
    """One entry a snapshot: what was open, what came of it, and what each model had said."""
    lessons = gather_lessons(past, every, days)
    found = []
    for moment in moments:
        known = lessons.before(moment, days)
        if not len(known.won):
            continue
        then = take_snapshot(past, moment)
        won = won_within(past.log, then.deals, moment, days)
        found.append(
            {
                "moment": moment,
                "days": len(np.unique(known.moment)),
                "lessons": len(known.won),
                "wins": int(known.won.sum()),
                "won": won,
                "price": past.log.price[then.deals],
                "said": say(past, known, then, moment, days),
            }
        )
    return found


def pool(tried: list[dict[str, Any]]) -> dict[str, Any]:
    models = {
        name: judge_all([(one["said"][name], one["won"], one["price"]) for one in tried])
        for name in (MODELS if tried else ())
    }
    found = {"snapshots": len(tried), "n": sum(len(one["won"]) for one in tried)}
    return found | {"won": sum(int(one["won"].sum()) for one in tried), "models": models}


def answer(terms: Terms) -> Answer:
    days, by = read_days_ahead(terms), terms.options.get("by") or "month"
    if by not in ("month", "week"):
        raise no_choice("by", by, ("month", "week"))
    log, studied = read_all(terms)
    past = read_past(log.keep(studied), terms, whole=bool(studied.all()))
    every, firsts = midnights(terms, past.log)
    if by == "week":
        firsts = [moment for moment in every if local_date(moment, terms.zone).weekday() == 0]
    over = [moment for moment in every if moment + days * DAY <= terms.at]
    tried = try_floors(
        past, spread(past, over), [one for one in firsts if one + days * DAY <= terms.at], days
    )
    worth = [one for one in tried if one["days"] >= LEAST_DAYS and one["wins"] >= LEAST_WINS]
    rows = [
        {
            "snapshot": (EPOCH + timedelta(microseconds=one["moment"])).isoformat(),
            "n": len(one["won"]),
            "won": int(one["won"].sum()),
            "price": money(one["price"].sum()),
            "price_won": money(one["price"][one["won"]].sum()),
            "learnt_days": one["days"],
            "learnt_from": one["lessons"],
            "learnt_wins": one["wins"],
            "models": {name: judge(one["said"][name], one["won"], one["price"]) for name in MODELS},
        }
        for one in tried
    ]
    return {
        "rows": rows,
        "studied": len(past.log.ids),
        "n": sum(row["n"] for row in rows),
        "days": days,
        "all": pool(tried),
        "worth": pool(worth),
    }


register(
    Report(
        code="forecast-floors",
        title=_("Plain forecasts"),
        icon="ruler",
        about=_(
            "What simple rules would have said on past midnights of winning within so many days, and what came of it: "
            "one rate for all, by stage, by stage and age, the usual percentage of a stage, and the winning curve."
        ),
        chooses=NOW,
        answer=answer,
        options={"days": "within how many days (30)", "by": "snapshots by month (the default) or week"},
    )
)
