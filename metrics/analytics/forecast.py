"""The chance that an open deal is won within N days, learnt from the past only, beside the record of such forecasts.

A past midnight is a snapshot: what was open then, what had happened on each deal by then, and whether it was won
within N days. A model for a moment learns from snapshots whose N days were over by that moment; it is tried on the
firsts of past months in the same way, so what is told of it is what it would have said then.
"""

import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext_lazy as _

from core import process_pool
from core.periods import Period
from metrics.analytics import boosting
from metrics.analytics.ageing import LEARNT_FROM, of_owners
from metrics.analytics.calendar import local_date, midnight
from metrics.analytics.columns import Flags, Floats, Ints
from metrics.analytics.log import WON, Log, count_deals, read_log
from metrics.analytics.past import Past, learnt_since, read_past
from metrics.analytics.report import Answer, Report, money, register
from metrics.analytics.sample import choose_step, is_drawn
from metrics.analytics.scoring import calibrate, judge, judge_all, score
from metrics.analytics.terms import DAY, EPOCH, SECOND, BadQuestion, Terms
from metrics.analytics.words import NOW

MOST_ROWS = 12_000
MANY_ROWS = 20_000  # to learn from: with fewer processes cost more than they bring
TRIED_ON, TRIED_ON_SAMPLE = 6, 3  # firsts of months
LEAST_DAYS, LEAST_WINS = 14, 30  # of learning, before a snapshot is worth trying
MOST_SHOWN = 20_000
EDGES = np.array([1, 3, 7, 14, 30, 60, 90, 120, 180], dtype=np.int64) * DAY
SHRINK = 10


@dataclass(frozen=True)
class Snapshot:
    """What was open at a moment: places of the deals, the stage and age of each there, and all it is described by."""

    deals: Ints
    stage: Ints
    age: Ints
    rows: Floats


def take_snapshot(past: Past, moment: int) -> Snapshot:
    """Open: created before the moment and not over by then; on the stage where ``since < moment <= until``."""
    log = past.log
    here = np.flatnonzero((log.since < moment) & (log.until >= moment) & (log.kind == 0))
    alive = (log.created[log.of[here]] < moment) & (log.closed[log.of[here]] >= moment)
    here = here[alive]
    deals, age = log.of[here], moment - log.since[here]
    calls, talked, called = past.calls.until(deals, moment)
    lately = calls - past.calls.until(deals, moment - 7 * DAY)[0]
    given, _, handed = past.given.until(deals, moment)
    given_lately = given - past.given.until(deals, moment - 7 * DAY)[0]
    tasks, _, planned = past.set.until(deals, moment)
    done, _, finished = past.done.until(deals, moment)
    done_lately = done - past.done.until(deals, moment - 7 * DAY)[0]
    overdue = past.due.until(deals, moment)[0]

    def since(when: Ints) -> Floats:
        return np.where(when > 0, (moment - when) / DAY, 999.0)

    rows = np.column_stack(
        (
            log.stage[here], age / DAY, (moment - log.created[deals]) / DAY, log.price[deals] / 100,
            calls, talked, lately, since(called), given, given_lately, since(handed), tasks, done, tasks - done,
            done_lately, overdue - done, since(planned), since(finished), here - log.first[deals],
        )
    ).astype(np.float64)  # fmt: skip
    return Snapshot(deals, log.stage[here], age, rows)


def won_within(log: Log, deals: Ints, moment: int, days: int) -> Flags:
    closed = log.closed[deals]
    found: Flags = (log.result[deals] == WON) & (closed >= moment) & (closed < moment + days * DAY)
    return found


@dataclass(frozen=True)
class Lessons:
    """Snapshots of past midnights, one after another: of each row the midnight, deal, stage, age and whether won."""

    moment: Ints
    deal: Ints
    stage: Ints
    age: Ints
    won: Flags
    rows: Floats

    def before(self, moment: int, days: int) -> "Lessons":
        """Those whose days were over by the moment."""
        known = self.moment + days * DAY <= moment
        return Lessons(*(column[known] for column in self._columns()))

    def thin(self, most: int) -> "Lessons":
        """Every so many midnights, so that no more rows are left."""
        every = -(-len(self.moment) // most)
        if every <= 1:
            return self
        chosen = np.isin(self.moment, np.unique(self.moment)[::-1][::every])
        return Lessons(*(column[chosen] for column in self._columns()))

    def _columns(self) -> tuple[Any, ...]:
        return self.moment, self.deal, self.stage, self.age, self.won, self.rows


def gather_lessons(past: Past, moments: list[int], days: int) -> Lessons:
    taken = [(moment, take_snapshot(past, moment)) for moment in moments]
    width = taken[0][1].rows.shape[1] if taken else 1
    return Lessons(
        np.concatenate(
            [np.full(len(one.deals), moment) for moment, one in taken] or [np.empty(0, dtype=np.int64)]
        ),
        np.concatenate([one.deals for _, one in taken] or [np.empty(0, dtype=np.int64)]),
        np.concatenate([one.stage for _, one in taken] or [np.empty(0, dtype=np.int64)]),
        np.concatenate([one.age for _, one in taken] or [np.empty(0, dtype=np.int64)]),
        np.concatenate(
            [won_within(past.log, one.deals, moment, days) for moment, one in taken]
            or [np.empty(0, dtype=bool)]
        ),
        np.concatenate([one.rows for _, one in taken] or [np.empty((0, width))]),
    )


def floor_chances(lessons: Lessons, stage: Ints, age: Ints) -> Floats:
    """The plain forecast to beat: wins of the same stage and age, shrunk to the stage, and that to all."""
    n = len(lessons.won)
    every = lessons.won.sum() / n if n else 0.0
    size = int(max(stage.max(initial=0), lessons.stage.max(initial=0))) + 1
    wins, seen = np.bincount(lessons.stage, lessons.won, size), np.bincount(lessons.stage, minlength=size)
    of_stage = (wins + SHRINK * every) / (seen + SHRINK)
    ages = len(EDGES) + 1
    cell = lessons.stage * ages + np.searchsorted(EDGES, lessons.age, side="right")
    wins = np.bincount(cell, lessons.won, size * ages)
    seen = np.bincount(cell, minlength=size * ages)
    of_cell = (wins + SHRINK * np.repeat(of_stage, ages)) / (seen + SHRINK)
    found: Floats = of_cell[stage * ages + np.searchsorted(EDGES, age, side="right")]
    return found


def learn(taught: list[Lessons]) -> list[boosting.Model]:
    """A model of each; long lessons at once, by a process a core, where no other thread would be copied half-way."""
    thinned = [lessons.thin(MOST_ROWS) for lessons in taught]
    parts = [(some.rows, some.won.astype(np.float64), some.deal) for some in thinned]
    short = sum(len(won) for _, won, _ in parts) < MANY_ROWS
    if short or connection.in_atomic_block or threading.active_count() > 1:
        return [boosting.fit(*part) for part in parts]
    return process_pool.spread(boosting.fit, parts, min(len(parts), os.cpu_count() or 1))


def suffices(lessons: Lessons) -> bool:
    return len(np.unique(lessons.moment)) >= LEAST_DAYS and bool(lessons.won.sum() >= LEAST_WINS)


def try_on_past(past: Past, learnt: list[tuple[int, Lessons, boosting.Model]], days: int) -> Answer:
    """What the models of past moments and the floor would have said then, and what came of it."""
    snapshots: list[dict[str, Any]] = []
    ours, plain = [], []
    for moment, known, model in learnt:
        then = take_snapshot(past, moment)
        won = won_within(past.log, then.deals, moment, days)
        said = model.predict(then.rows)
        base = floor_chances(known, then.stage, then.age)
        snapshots.append(
            {
                "snapshot": (EPOCH + timedelta(microseconds=moment)).isoformat(),
                "n": len(won),
                "won": int(won.sum()),
                "expected_won": float(said.sum()),
                "learnt_from": len(known.won),
                **judge(said, won, price := past.log.price[then.deals]),
                "floor": score(base, won),
            }
        )
        ours.append((said, won, price))
        plain.append(base)
    if not ours:
        return {"n": 0, "brier": None, "log_loss": None, "floor": None, "snapshots": [], "curve": []}
    all_said, won = np.concatenate([one[0] for one in ours]), np.concatenate([one[1] for one in ours])
    base = np.concatenate(plain)
    return {
        "n": len(won),
        **judge_all(ours),
        "won": int(won.sum()),
        "expected_won": float(all_said.sum()),
        "floor": score(base, won),
        "better_by": {
            name: 1 - score(all_said, won)[name] / score(base, won)[name]  # type: ignore[operator]  # both are known
            for name in ("brier", "log_loss")
        },
        "snapshots": snapshots,
        "curve": calibrate(all_said, won),
    }


def midnights(terms: Terms, log: Log) -> tuple[list[int], list[int]]:
    """(every past midnight worth learning from, the firsts of months to try on)."""
    if not len(log.ids):
        return [], []
    today = local_date(terms.at, terms.zone)
    first = max(local_date(int(log.created.min()), terms.zone), today - timedelta(days=LEARNT_FROM))
    days = [first + timedelta(days=number) for number in range(1, (today - first).days + 1)]
    every = [midnight(day, terms.zone) for day in days]
    return every, [midnight(day, terms.zone) for day in days if day.day == 1]


def read_all(terms: Terms) -> tuple[Log, Flags]:
    """Everybody's deals, since what may happen is learnt from all, whoever asks; which of them are learnt from.

    Of a large account only those and all that are open.
    """
    start = learnt_since(terms)
    period = Period(
        start.astimezone(terms.zone), (terms.now + timedelta(seconds=1)).astimezone(terms.zone), "year"
    )
    every = Terms(terms.now, terms.zone, period, None, terms.pipeline)
    step = choose_step(count_deals(every, "alive"))
    log = read_log(every, "alive", step=step)
    return log, is_drawn(log.ids, step)


def read_days_ahead(terms: Terms) -> int:
    text = terms.options.get("days") or "30"
    if not text.isdecimal() or not 1 <= int(text[:6]) <= 180:
        raise BadQuestion(_("days: “%(value)s” must be a whole number from 1 to 180.") % {"value": text[:60]})
    return int(text)


def answer(terms: Terms) -> Answer:
    days = read_days_ahead(terms)
    log, studied = read_all(terms)
    known_of = read_past(log, terms, whole=bool(studied.all()))
    past = known_of if studied.all() else known_of.keep(studied)
    every, firsts = midnights(terms, past.log)
    over = [moment for moment in every if moment + days * DAY <= terms.at]
    lessons = gather_lessons(past, spread(past, over), days)
    present = take_snapshot(known_of, terms.at + SECOND)
    mine = of_owners(log, terms)[present.deals]
    deals, stage, age = present.deals[mine], present.stage[mine], present.age[mine]
    known = lessons.before(terms.at, days)
    enough = suffices(known)
    firsts = [first for first in firsts if first + days * DAY <= terms.at]
    firsts = firsts[-(TRIED_ON if studied.all() else TRIED_ON_SAMPLE) :]
    then = [(first, taught) for first in firsts if suffices(taught := lessons.before(first, days))]
    models = learn([known] * enough + [taught for _, taught in then])
    chances = models.pop(0).predict(present.rows[mine]) if enough else np.full(len(deals), np.nan)
    learnt = [(first, taught, model) for (first, taught), model in zip(then, models, strict=True)]
    tried = try_on_past(past, learnt, days)
    worth = np.where(np.isnan(chances), 0.0, chances) * log.price[deals]
    order = np.lexsort((log.ids[deals], -worth))[:MOST_SHOWN]
    rows = [
        {
            "deal": int(log.ids[deals[place]]),
            "stage": log.stages[int(stage[place])].id,
            "days_on_stage": int(age[place]) / DAY,
            "price": money(log.price[deals[place]]),
            "p": float(chances[place]) if enough else None,
            "expected": float(worth[place]) / 100 if enough else None,
            "n": len(known.won),
        }
        for place in order
    ]
    return {
        "rows": rows,
        "n": len(deals),
        "sum": money(log.price[deals].sum()),
        "expected": float(worth.sum()) / 100 if enough else None,
        "expected_won": float(chances.sum()) if enough else None,
        "days": days,
        "studied": len(past.log.ids),
        "learnt_from": {"rows": len(known.won), "wins": int(known.won.sum())},
        "calibration": tried,
    }


def spread(past: Past, moments: list[int]) -> list[int]:
    """As many midnights as a few times `MOST_ROWS` rows need: on a large account not every one is looked at."""
    if not moments:
        return []
    middle = moments[len(moments) // 2]
    open_then = int(((past.log.created < middle) & (past.log.closed >= middle)).sum())
    every = max(1, round(len(moments) * max(1, open_then) / (10 * MOST_ROWS)))
    firsts = {moment for moment in moments if (EPOCH + timedelta(microseconds=moment)).day == 1}
    return sorted({*moments[::-1][::every], *firsts} if every > 1 else moments)


register(
    Report(
        code="forecast",
        version=2,
        title=_("Forecast"),
        icon="telescope",
        about=_(
            "The chance of winning within so many days, by stage, ages, amount and what has happened on the deal: "
            "calls, tasks, hand-overs. Learnt from past midnights only; its record on past months stands beside it."
        ),
        chooses=NOW,
        answer=answer,
        options={"days": "within how many days (30)"},
    )
)
