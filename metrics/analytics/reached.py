"""How far deals have come, skips and returns included: the highest stage of each."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Ints
from metrics.analytics.curves import wilson
from metrics.analytics.log import LOST, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import Terms
from metrics.analytics.words import CREATED


def find_levels(log: Log, pipeline: int) -> tuple[list[int], Ints]:
    """(places of the pipeline's levels, won last; the number of the highest one of each deal, -1 for none).

    Lost is no level, whatever its sort.
    """
    mine = [
        place for place, stage in enumerate(log.stages) if stage.pipeline == pipeline and stage.kind != LOST
    ]
    mine.sort(key=lambda place: (log.stages[place].kind == WON, log.stages[place].sort))
    level = np.full(len(log.stages) + 1, -1)
    level[mine] = np.arange(len(mine))
    highest = np.full(len(log.ids), -1)
    np.maximum.at(highest, log.of, level[log.stage])
    return mine, highest


def find_reached(log: Log) -> Answer:
    """Shares are of the deals that came to the pipeline at all."""
    rows: list[dict[str, Any]] = []
    for pipeline in dict.fromkeys(stage.pipeline for stage in log.stages):
        places, highest = find_levels(log, pipeline)
        visited = [place for place, stage in enumerate(log.stages) if stage.pipeline == pipeline]
        came = np.zeros(len(log.ids), dtype=bool)
        came[log.of[np.isin(log.stage, visited)]] = True
        n, before = int(came.sum()), None
        for number, place in enumerate(places):
            reached = int((highest >= number).sum())
            share, low, high = wilson(reached, n)
            entered = len(np.unique(log.of[log.stage == place]))
            rows.append(
                {"stage": log.stages[place].id, "name": log.stages[place].name, "n": n, "reached": reached}
                | {"entered": entered, "share": share, "lo": low, "hi": high}
                | {"of_previous": reached / before if before else None}
            )
            before = reached
    return {"rows": rows}


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "created")
    place = log.place.get(cell.get("stage", ""))
    if place is None:
        return log.ids[:0]
    places, highest = find_levels(log, log.stages[place].pipeline)
    if place not in places:
        return log.ids[:0]
    if cell.get("what") == "entered":
        return log.ids[np.unique(log.of[log.stage == place])]
    return log.ids[highest >= places.index(place)]


register(
    Report(
        code="reached",
        title=_("Reached stages"),
        icon="milestone",
        about=_(
            "A deal has reached a stage when it stood on it or on a later one; won is above all, lost is no stage. A "
            "chain of step-to-step rates multiplied would be wrong where deals skip or return."
        ),
        chooses=CREATED,
        answer=lambda terms: find_reached(read_log(terms, "created")),
        behind=behind,
    )
)
