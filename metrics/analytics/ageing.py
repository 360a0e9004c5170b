"""What stands where and with whom, for how long, and what may still be expected of it."""

from datetime import timedelta
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from core.periods import Period
from metrics.analytics.columns import Flags, Floats, Ints, group_places
from metrics.analytics.curves import describe, find_weighted
from metrics.analytics.log import NOBODY, OPEN, WON, WORK, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, money, register
from metrics.analytics.terms import DAY, Terms, no_choice
from metrics.analytics.transitions import Chances
from metrics.analytics.words import NOW

LEARNT_FROM = 365  # days
BY = ("stage,manager", "stage", "manager", "all")


def find_ageing(log: Log, now: int, chances: Floats, cycle: tuple[float, int] | None, by: str) -> Answer:
    """``chances`` of winning, by deal; ``cycle``: (p90 of won deals, longest life of a closed one)."""
    here = log.result == OPEN
    stage, owner = log.stage[log.last], log.owner
    stood, age = np.maximum(now - log.since[log.last], 0), np.maximum(now - log.created, 0)
    keys = (stage if "stage" in by else np.zeros(len(stage), dtype=np.int64)) * 2**40
    keys = keys + (owner if "manager" in by else 0)
    rows: list[dict[str, Any]] = []
    for mine in group_places(keys, np.flatnonzero(here)):
        some = mine[0]
        told, ages = describe(stood[mine], DAY), describe(age[mine], DAY)
        known = mine[~np.isnan(chances[mine])]
        row: dict[str, Any] = {
            "stage": log.stages[int(stage[some])].id if "stage" in by else None,
            "manager": (int(owner[some]) or None) if "manager" in by else None,
            "n": told["n"],
            "sum": money(log.price[mine].sum()),
            "median_days": told["median"],
            "oldest_days": told["max"],
            "expected": float((log.price[known] * chances[known]).sum()) / 100 if len(known) else None,
            "expected_n": len(known),
            "stay_days": {name: told[name] for name in ("mean", "median", "p75", "p90", "min", "max")},
            "age_days": {name: ages[name] for name in ("mean", "median", "p75", "p90", "min", "max")},
        }
        if cycle is not None:
            row["older_than_p90_of_won"] = int((age[mine] > cycle[0]).sum())
            row["older_than_any_closed"] = int((age[mine] > cycle[1]).sum())
        rows.append(row)
    return {"rows": rows, "n": int(here.sum()), "sum": money(log.price[here].sum())}


def win_chances(log: Log, now: int) -> Floats:
    """Of each open deal by its stage and by how long it has stood there; NaN where nothing is known.

    Visits of the stage give the share that ends after that long and where to, open ones censored; where they lead has
    its own chance by all moves. What never ends wins nothing.
    """
    found = np.full(len(log.ids), np.nan)
    worth = Chances(log).won
    until = np.where(log.ended, log.until, now)
    lengths = np.maximum(until - log.since, 0)
    led = np.where(log.following >= 0, log.following, 0)
    weights = np.where(log.following >= 0, np.nan_to_num(worth[led]), 0.0)
    current, here = log.stage[log.last], np.flatnonzero(log.result == OPEN)
    standing_on = {int(current[deals[0]]): deals for deals in group_places(current, here)}
    for mine in group_places(log.stage, np.arange(len(log.of))):
        standing = standing_on.get(place := int(log.stage[mine[0]]))
        if standing is None or log.stages[place].kind != WORK or not log.ended[mine].any():
            continue
        times, brought, left = find_weighted(lengths[mine], weights[mine], log.ended[mine])
        at = np.searchsorted(times, lengths[log.last[standing]], side="right") - 1
        still = left[at]
        rest = np.divide(brought[-1] - brought[at], still, out=np.zeros(len(at)), where=still > 1e-12)
        found[standing] = np.clip(rest, 0.0, 1.0)
    return found


def closed_lives(log: Log) -> tuple[float, int] | None:
    """(p90 of the lives of won deals, the longest life of a closed one)."""
    won = (log.closed - log.created)[log.result == WON]
    over = log.result != OPEN
    if not len(won):
        return None
    return float(np.percentile(won, 90)), int((log.closed - log.created)[over].max())


def of_owners(log: Log, terms: Terms) -> Flags:
    found = np.ones(len(log.ids), dtype=bool)
    if terms.people is not None:
        found &= np.isin(log.owner, np.array(sorted(terms.people), dtype=np.int64))
    if terms.period is not None:
        found &= (log.created >= (terms.start or 0)) & (log.created < terms.end)
    return found


def read_all(terms: Terms) -> Log:
    """Everybody's lives of a year: what a stage brings is learnt from all, whoever asks."""
    start, end = terms.now - timedelta(days=LEARNT_FROM), terms.now + timedelta(seconds=1)
    year = Period(start.astimezone(terms.zone), end.astimezone(terms.zone), "year")
    return read_log(Terms(terms.now, terms.zone, year, None, terms.pipeline), "alive")


def answer(terms: Terms) -> Answer:
    by = terms.options.get("by") or BY[0]
    if by not in BY:
        raise no_choice("by", by, BY)
    log = read_all(terms)
    chances, cycle = win_chances(log, terms.at), closed_lives(log)
    mine = of_owners(log, terms)
    return find_ageing(log.keep(mine), terms.at, chances[mine], cycle, by)


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_all(terms)
    mine = (log.result == OPEN) & of_owners(log, terms)
    if "stage" in cell:
        mine &= log.stage[log.last] == log.place.get(cell["stage"], -1)
    if "manager" in cell:
        mine &= log.owner == (int(cell["manager"][:18]) if cell["manager"].isdecimal() else NOBODY)
    return log.ids[mine]


register(
    Report(
        code="ageing",
        title=_("Ageing"),
        icon="archive-restore",
        about=_(
            "Open deals by stage and owner: how long they stand there, and what they may bring. Expected = amount × "
            "the chance of winning from this stage after standing so long, learnt from the visits of everybody."
        ),
        chooses=NOW,
        answer=answer,
        behind=behind,
        options={"by": "stage,manager (the default), stage, manager or all"},
    )
)
