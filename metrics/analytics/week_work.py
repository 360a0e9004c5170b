"""Pieces of lives on stages in work, and what was done meanwhile, as arrays: the work of weeks, whoever asks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from core.periods import Period
from metrics.analytics.columns import Ints, read_columns
from metrics.analytics.terms import DAY, SECOND, moment_number
from pipelines.models import Stage

LONGEST_GAP = timedelta(minutes=30)  # between two acts that still tell how long one takes
SHORTEST_GAP = timedelta(seconds=30)
PIECE = {
    "deal": ("s.deal_id", "int8"),
    "person": ("coalesce(s.manager_id, 0)", "int8"),
    "stage": ("stage.number", "int2"),
    "begin": ("s.entered_at", "timestamptz"),
    "end": ("coalesce(s.left_at, 'infinity')", "timestamptz"),
    "gone": (
        "(s.deal_id in (select d.id from pipelines_deal d where d.deleted_at is not null))::int",
        "int2",
    ),
}
PIECES = """
    from pipelines_stay s join unnest(%(stages)s::text[]) with ordinality stage (id, number) on stage.id = s.stage_id
    where s.entered_at < %(now)s and (s.left_at is null or s.left_at > %(start)s)"""
TOUCH = {"deal": ("t.deal_id", "int8"), "at": ("t.at", "timestamptz")}
TOUCHES = """
    from pipelines_touch t
    where t.at >= %(start)s and t.at < %(now)s and t.manager_id is not null and t.deal_id is not null"""
ACT = {"person": ("act.person", "int8"), "at": ("act.at", "timestamptz")}
ACTS = """
    from (select manager_id as person, at from pipelines_touch where at >= %(recent)s and at < %(now)s
          union all
          select author_id, at from pipelines_event where at >= %(recent)s and at < %(now)s and author_id <> 0) act
    where act.person is not null"""
NOBODY = 0


class WeekWork:
    """What stood on stages in work from the first week's start until ``now``. Three statements."""

    def __init__(self, weeks: Sequence[Period], now: datetime) -> None:
        self.weeks, self.now = weeks, moment_number(now)
        kinds = (Stage.Kind.INCOMING, Stage.Kind.WORK)
        self.stages = list(Stage.objects.filter(kind__in=kinds).order_by("pk").values_list("pk", flat=True))
        self.start = moment_number(weeks[0].start)
        values: dict[str, Any] = {"stages": self.stages, "start": weeks[0].start, "now": now}
        self.pieces = read_columns(PIECE, PIECES, values)
        self.pieces["stage"] -= 1
        self.touches = read_columns(TOUCH, TOUCHES, values)

    def list_days(self, people: Sequence[int] | None) -> list[tuple[int, int, str, float]]:
        """(number of the week from 1 on, person, stage, days that deals stood there in his hands) of these people."""
        own = (self.pieces["person"] != NOBODY) & (self.pieces["gone"] == 0)
        if people is not None:
            own &= np.isin(self.pieces["person"], np.array(people, dtype=np.int64))
        mine = {name: column[own] for name, column in self.pieces.items()}
        persons, place = np.unique(mine["person"], return_inverse=True)
        key = place * len(self.stages) + mine["stage"]
        rows: list[tuple[int, int, str, float]] = []
        for number, week in enumerate(self.weeks, 1):
            begin, end = moment_number(week.start), min(moment_number(week.end), self.now)
            here = (mine["begin"] < end) & (mine["end"] > begin)
            times = _clip(mine["begin"][here], mine["end"][here], begin, end)
            size = len(persons) * len(self.stages)
            n, days = np.bincount(key[here], minlength=size), np.bincount(key[here], times / DAY, size)
            for cell in np.flatnonzero(n).tolist():
                person, stage = divmod(cell, len(self.stages))
                rows.append((number, int(persons[person]), self.stages[stage], float(days[cell])))
        return rows

    def rate_touches(self) -> dict[str, float]:
        """How often a deal is touched a day on each stage where any was."""
        pieces, touches, size = self.pieces, self.touches, len(self.stages)
        n_pieces = len(pieces["deal"])
        deal = np.concatenate((pieces["deal"], touches["deal"]))
        is_touch = np.arange(len(deal)) >= n_pieces
        ends = np.concatenate((pieces["end"], touches["at"]))
        order = np.lexsort((ends, is_touch, np.concatenate((pieces["begin"], touches["at"])), deal))
        # Pieces of a deal follow one another, one of no length before the one that begins with it: a touch lies in the
        # last one that had begun, or in none.
        begun = np.maximum.accumulate(np.where(is_touch[order], -1, np.arange(len(order))))
        places = np.flatnonzero(is_touch[order] & (begun >= 0))
        touch, piece = order[places], order[begun[places]]
        inside = (deal[touch] == deal[piece]) & (touches["at"][touch - n_pieces] < pieces["end"][piece])
        n = np.bincount(pieces["stage"][piece[inside]], minlength=size)
        times = _clip(pieces["begin"], pieces["end"], self.start, self.now)
        days = np.bincount(pieces["stage"], times / DAY, size)
        return {
            self.stages[stage]: int(n[stage]) / float(days[stage])
            for stage in np.flatnonzero(n).tolist()
            if days[stage]
        }


def _clip(begins: Ints, ends: Ints, begin: int, end: int) -> Ints:
    found: Ints = np.minimum(ends, end) - np.maximum(begins, begin)
    return found


def measure_touch(now: datetime, recent: datetime) -> tuple[float | None, int]:
    """(minutes of one touch: the median between two acts of a person, how many such pairs). One statement."""
    rows = read_columns(ACT, ACTS, {"recent": recent, "now": now})
    order = np.lexsort((rows["at"], rows["person"]))
    person, at = rows["person"][order], rows["at"][order]
    gaps = np.diff(at)[np.diff(person) == 0]
    least, most = (length // timedelta(microseconds=1) for length in (SHORTEST_GAP, LONGEST_GAP))
    told = gaps[(gaps >= least) & (gaps <= most)]
    return (float(np.median(told)) / SECOND / 60 if len(told) else None), len(told)
