"""Moves from stage to stage, and what they make of a deal that stands on one: ``(I − Q)⁻¹R``."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Floats, Ints
from metrics.analytics.log import ELSEWHERE, LOST, WON, WORK, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms
from metrics.analytics.words import CREATED


def count_moves(log: Log) -> Ints:
    """How many visits of one stage (row) ended in another (column); the last column is «left the scope»."""
    size = len(log.stages)
    done = log.ended
    to = np.where(log.following[done] == ELSEWHERE, size, log.following[done])
    flat = np.bincount(log.stage[done] * (size + 1) + to, minlength=size * (size + 1))
    return flat.reshape(size, size + 1).astype(np.int64)


def find_transitions(log: Log) -> Answer:
    counts = count_moves(log)
    names = [stage.id for stage in log.stages] + [None]
    rows = [
        {"from": names[before], "to": names[after], "n": int(counts[before, after])}
        for before, after in zip(*np.nonzero(counts), strict=True)
    ]
    return {"rows": rows, "n": int(counts.sum())}


class Chances:
    """Of the stages in work: ``won`` and ``lost`` by place (NaN where a stage cannot end), ``visits`` still to come."""

    def __init__(self, log: Log) -> None:
        counts, size = count_moves(log).astype(float), len(log.stages)
        exits = counts.sum(axis=1)
        work = np.flatnonzero(log.kinds == WORK) if size else np.empty(0, dtype=np.int64)
        ways = np.divide(counts, exits[:, None], out=np.zeros_like(counts), where=exits[:, None] > 0)
        ends = self._that_end(log, counts, work)
        self.places = np.array([place for place in work if place in ends], dtype=np.int64)
        inside = ways[np.ix_(self.places, self.places)]
        self.visits: Floats = (
            np.linalg.inv(np.eye(len(self.places)) - inside) if len(self.places) else np.empty((0, 0))
        )
        self.won, self.lost = np.full(size, np.nan), np.full(size, np.nan)
        for kind, into in ((WON, self.won), (LOST, self.lost)):
            straight = ways[np.ix_(self.places, np.flatnonzero(log.kinds == kind))].sum(axis=1)
            into[self.places] = self.visits @ straight
            into[log.kinds == kind] = 1.0
            into[(log.kinds != kind) & (log.kinds != WORK)] = 0.0

    @staticmethod
    def _that_end(log: Log, counts: Floats, work: Ints) -> set[int]:
        """Stages from which a way that was gone leads to an end: won, lost, elsewhere or a stage nobody left yet."""
        exits = counts.sum(axis=1)
        closing = {int(place) for place in np.flatnonzero(log.kinds != WORK)} | {len(log.stages)}
        silent = {int(place) for place in work if exits[place] == 0}
        found, grown = closing | silent, True
        while grown:
            more = {
                int(place)
                for place in work
                if place not in found and any(counts[place, end] for end in found)
            }
            grown, found = bool(more), found | more
        return found - silent - closing


def find_expected(log: Log) -> Answer:
    """``standing``: the share of visits that have not ended and are in none of it."""
    chances, counts = Chances(log), count_moves(log)
    lengths = np.where(log.ended, log.until - log.since, 0)
    column = {int(place): number for number, place in enumerate(chances.places)}
    means = np.zeros(len(chances.places))
    for place, number in column.items():
        done = (log.stage == place) & log.ended
        means[number] = lengths[done].mean() if done.any() else 0.0
    rows: list[dict[str, Any]] = []
    for place, stage in enumerate(log.stages):
        if stage.kind != WORK:
            continue
        visits, exits = int((log.stage == place).sum()), int(counts[place].sum())
        lost_here = int(counts[place, :-1][log.kinds == LOST].sum())
        known = place in column
        own = chances.visits[column[place]] if known else np.empty(0)
        rows.append(
            {
                "stage": stage.id,
                "name": stage.name,
                "n": visits,
                "exits": exits,
                "won": float(chances.won[place]) if known else None,
                "lost": float(chances.lost[place]) if known else None,
                "standing": (visits - exits) / visits if visits else None,
                "standing_n": visits - exits,
                "lost_straight": lost_here,
                "leak": lost_here / exits if exits else None,
                "visits": {
                    log.stages[other].id: float(own[number]) for other, number in column.items() if known
                },
                "days_to_close": float(own @ means) / DAY if known else None,
            }
        )
    return {"rows": rows}


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "created")
    to = log.place.get(cell.get("to", ""), ELSEWHERE if not cell.get("to") else len(log.stages))
    mine = (log.stage == log.place.get(cell.get("from", ""), -1)) & (log.following == to) & log.ended
    return log.ids[log.of[mine]]


register(
    Report(
        code="transitions",
        title=_("Moves between stages"),
        icon="arrow-right-left",
        about=_(
            "How many visits of one stage ended in another. A deal that returns or skips is counted move by move."
        ),
        chooses=CREATED,
        answer=lambda terms: find_transitions(read_log(terms, "created")),
        behind=behind,
    )
)
register(
    Report(
        code="expected-win",
        title=_("Chance of winning from a stage"),
        icon="dice-5",
        about=_(
            "What a deal on this stage comes to by the moves that were made, (I − Q)⁻¹R: returns and skips included. "
            "Visits that have not ended are in none of it, so their share stands beside it."
        ),
        chooses=CREATED,
        answer=lambda terms: find_expected(read_log(terms, "created")),
    )
)
