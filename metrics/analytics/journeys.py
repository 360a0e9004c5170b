"""Journeys across the pipelines of the account, those that sell and those that do not, and what is lost on the way."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.curves import describe, wilson
from metrics.analytics.log import FAR, LOST, OPEN, WON, WORK, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms
from metrics.analytics.words import CREATED

MOST_PATHS = 30


def find_hand_overs(log: Log) -> tuple[Ints, Ints, Ints]:
    """(the visit that began in another pipeline, the pipeline before it, its own)."""
    funnels = np.array([stage.pipeline for stage in log.stages], dtype=np.int64)
    own = funnels[log.stage] if len(log.stages) else log.stage
    moved = np.flatnonzero(log.continues & (own != own[log.earlier]))
    return moved, own[log.earlier[moved]], own[moved]


def lost_at_once(log: Log, visits: Ints) -> Flags:
    """Whether the deal was lost from the very stage that it was handed over to, or arrived lost."""
    following = log.following[visits]
    to = np.where(following >= 0, log.kinds[np.maximum(following, 0)], WORK)
    found: Flags = (log.kind[visits] == LOST) | ((log.kind[visits] == WORK) & (to == LOST))
    return found


def find_journeys(log: Log, now: int) -> Answer:
    """A hand-over is a move from a stage of one pipeline to a stage of another; its wait is the first visit there."""
    visits, before, after = find_hand_overs(log)
    at_once, result = lost_at_once(log, visits), log.result[log.of[visits]]
    until = np.where(log.until[visits] == FAR, now, log.until[visits])
    rows: list[dict[str, Any]] = []
    pairs = (
        np.unique(np.column_stack((before, after)), axis=0)
        if len(visits)
        else np.empty((0, 2), dtype=np.int64)
    )
    for one, other in pairs.tolist():
        mine = (before == one) & (after == other)
        n, lost = int(mine.sum()), int((mine & at_once).sum())
        share, low, high = wilson(lost, n)
        ended = mine & (log.following[visits] != -1) & (log.kind[visits] == WORK)
        rows.append(
            {
                "from": one,
                "to": other,
                "n": n,
                "deals": len(np.unique(log.of[visits[mine]])),
                "lost_at_once": lost,
                "lost_share": share,
                "lo": low,
                "hi": high,
                "won": int((result[mine] == WON).sum()),
                "lost": int((result[mine] == LOST).sum()),
                "open": int((result[mine] == OPEN).sum()),
                "standing": int((mine & (log.following[visits] == -1) & (log.kind[visits] == WORK)).sum()),
                "median_days": describe((until - log.since[visits])[ended], DAY)["median"],
            }
        )
    rows.sort(key=lambda row: -row["n"])
    paths = list_paths(log)
    counted: dict[tuple[int, ...], int] = {}
    for path in paths:
        counted[path] = counted.get(path, 0) + 1
    most = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_PATHS]
    n = len(log.ids)
    return {
        "rows": rows,
        "n": n,
        "paths": [{"path": list(path), "n": count, "share": count / n} for path, count in most],
        "paths_in_all": len(counted),
        "crossed": len(np.unique(log.of[visits])),
    }


def list_paths(log: Log) -> list[tuple[int, ...]]:
    """The pipelines of each deal in order; one that it comes back to stands again."""
    visits, _before, after = find_hand_overs(log)
    found = [[log.stages[stage].pipeline] for stage in log.stage[log.first].tolist()]
    for deal, pipeline in zip(log.of[visits].tolist(), after.tolist(), strict=True):
        found[deal].append(pipeline)
    return [tuple(path) for path in found]


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "created", every=True)
    if "path" in cell:
        wanted = tuple(int(part) for part in cell["path"].split("-")[:50] if part.isdecimal())
        return log.ids[np.array([path == wanted for path in list_paths(log)], dtype=bool)]
    visits, before, after = find_hand_overs(log)
    mine = np.ones(len(visits), dtype=bool)
    for column, name in ((before, "from"), (after, "to")):
        if name in cell:
            mine &= column == (int(cell[name][:18]) if cell[name].isdecimal() else -1)
    result = log.result[log.of[visits]]
    results = {"won": WON, "lost": LOST, "open": OPEN}
    if cell.get("what") == "lost_at_once":
        mine &= lost_at_once(log, visits)
    elif cell.get("what") in results:
        mine &= result == results[cell["what"]]
    return log.ids[log.of[visits[mine]]]


register(
    Report(
        code="journeys",
        version=2,
        title=_("Journeys across pipelines"),
        icon="route",
        about=_(
            "Moves from one pipeline to another. Lost at once: the deal was lost from the very stage that it was "
            "handed over to, so nobody has taken it on. The wait is the first visit there."
        ),
        chooses=CREATED,
        answer=lambda terms: find_journeys(read_log(terms, "created", every=True), terms.at),
        behind=behind,
    )
)
