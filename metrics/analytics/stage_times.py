"""How long deals stand on each stage, those that still stand there counted as «longer than until now»."""

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Flags, Ints, group_places
from metrics.analytics.curves import describe, median_survival
from metrics.analytics.log import ELSEWHERE, FAR, LOST, WON, WORK, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms
from metrics.analytics.words import CREATED


def find_times(log: Log, now: int) -> Answer:
    """Lengths are calendar days: seconds ÷ 86,400."""
    until = np.where(log.until == FAR, now, log.until)
    lengths, forward = np.maximum(until - log.since, 0), moves_forward(log)
    rows = []
    visits = {int(log.stage[mine[0]]): mine for mine in group_places(log.stage, np.arange(len(log.of)))}
    for place, stage in enumerate(log.stages):
        if stage.kind != WORK:
            continue
        mine = visits.get(place, np.empty(0, dtype=np.int64))
        done = mine[log.ended[mine]]
        told, ahead = describe(lengths[done], DAY), describe(lengths[done[forward[done]]], DAY)
        km = median_survival(lengths[mine], log.ended[mine])
        # Visits stand in the order of deals.
        first = np.concatenate(([True], np.diff(log.of[mine]) != 0)) if len(mine) else np.empty(0, dtype=bool)
        deals = int(first.sum())
        repeated = int((first[:-1] & ~first[1:]).sum())
        rows.append(
            {
                "stage": stage.id,
                "name": stage.name,
                "n": len(mine),
                "visits": len(mine),
                "deals": deals,
                "returned": repeated,
                "ended": told["n"],
                "instant": int((lengths[done] == 0).sum()),
                "open": len(mine) - len(done),
                **{name: told[name] for name in ("mean", "median", "p75", "p90", "min", "max")},
                "km_median": None if km is None else km / DAY,
                "forward": {
                    name: ahead[name] for name in ("n", "mean", "median", "p75", "p80", "p90", "min", "max")
                },
            }
        )
    return {"rows": rows}


def moves_forward(log: Log) -> Flags:
    """Visits that ended in a win or on a later stage of the same pipeline."""
    sorts, pipelines = stage_order(log)
    after = np.where(log.following >= 0, log.following, log.stage)
    ahead: Flags = (log.following >= 0) & (
        (log.kinds[after] == WON)
        | (
            (log.kinds[after] == WORK)
            & (pipelines[after] == pipelines[log.stage])
            & (sorts[after] > sorts[log.stage])
        )
    )
    return ahead


def stage_order(log: Log) -> tuple[Ints, Ints]:
    """(sort, pipeline) of each stage by place."""
    return (
        np.array([stage.sort for stage in log.stages], dtype=np.int64),
        np.array([stage.pipeline for stage in log.stages], dtype=np.int64),
    )


def pick_visits(log: Log, stage: str, what: str) -> Ints:
    """Deals of the visits to a stage: all, ended, open, moved (to a stage in work), won, lost or left."""
    mine = log.stage == log.place.get(stage, -1)
    following = np.where(log.following >= 0, log.following, 0)
    to = np.where(log.following >= 0, log.kinds[following] if len(log.stages) else 0, -1)
    chosen = {
        "ended": log.ended,
        "open": ~log.ended,
        "moved": log.ended & (to == WORK),
        "won": to == WON,
        "lost": to == LOST,
        "left": log.following == ELSEWHERE,
    }.get(what, np.ones(len(log.of), dtype=bool))
    return log.ids[log.of[mine & chosen]]


def answer(terms: Terms) -> Answer:
    return find_times(read_log(terms, "created"), terms.at)


def behind(terms: Terms, cell: Cell) -> Ints:
    return pick_visits(read_log(terms, "created"), cell.get("stage", ""), cell.get("what", ""))


register(
    Report(
        code="stage-times",
        version=2,
        title=_("Time on stages"),
        icon="hourglass",
        about=_(
            "Calendar days of finished visits; a deal that returns is counted again. KM is the Kaplan–Meier median "
            "with the deals that still stand there: without them a stage looks faster than it is."
        ),
        chooses=CREATED,
        answer=answer,
        behind=behind,
    )
)
