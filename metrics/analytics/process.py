"""The process as it is: real moves with their waiting times, the ways deals have gone, and what was done twice."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.curves import describe
from metrics.analytics.log import ELSEWHERE, LEFT, LOST, OPEN, WON, WORK, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms
from metrics.analytics.transitions import find_expected
from metrics.analytics.words import CREATED

MOST_VARIANTS = 50
_PRIME = np.uint64(1_099_511_628_211)


def find_process(log: Log) -> Answer:
    """A path is the stages in order, the closing one included; a stage visited twice is rework."""
    done = log.ended & (log.kind == WORK)
    lengths = log.until - log.since
    size = len(log.stages) + 1
    keys = np.where(
        done, log.stage * size + np.where(log.following == ELSEWHERE, size - 1, log.following), -1
    )
    edges: list[dict[str, Any]] = []
    for key in np.unique(keys[done]):
        before, after = divmod(int(key), size)
        told = describe(lengths[keys == key], DAY)
        edges.append(
            {
                "from": log.stages[before].id,
                "to": log.stages[after].id if after < size - 1 else None,
                "n": told["n"],
                "median_days": told["median"],
                "mean_days": told["mean"],
                "p75_days": told["p75"],
                "p90_days": told["p90"],
                "min_days": told["min"],
                "max_days": told["max"],
            }
        )
    edges.sort(key=lambda edge: -edge["n"])
    paths = hash_paths(log)
    found, first, counts = np.unique(paths, return_index=True, return_counts=True)
    order = np.lexsort((found, -counts))
    n = len(log.ids)
    variants = [
        {
            "path": [log.stages[stage].id for stage in log.stage[log.first[at] : log.last[at] + 1]],
            "n": int(counts[place]),
            "share": int(counts[place]) / n,
            "key": f"{int(found[place]):016x}",
        }
        for place in order[:MOST_VARIANTS]
        for at in [int(first[place])]
    ]
    twice = reworked(log)
    return {
        "rows": edges,
        "edges": edges,
        "variants": variants,
        "variants_in_all": len(found),
        "n": n,
        "chances": find_expected(log)["rows"],
        "rework": {"deals": int(twice.sum()), "share": int(twice.sum()) / n if n else None, "n": n},
        "results": {
            name: int((log.result == kind).sum())
            for name, kind in (("won", WON), ("lost", LOST), ("open", OPEN), ("left", LEFT))
        },
    }


def hash_paths(log: Log) -> Ints:
    """A number for the order of stages of each deal; equal ways have equal numbers."""
    found = np.full(len(log.ids), 14_695_981_039_346_656_037, dtype=np.uint64)
    step = np.arange(len(log.of)) - log.first[log.of] if len(log.of) else log.of
    with np.errstate(over="ignore"):
        for number in range(int(step.max()) + 1 if len(step) else 0):
            mine = np.flatnonzero(step == number)
            found[log.of[mine]] = (found[log.of[mine]] ^ (log.stage[mine] + 1).astype(np.uint64)) * _PRIME
    return found  # type: ignore[return-value]  # of the same width


def reworked(log: Log) -> Flags:
    """Deals that have come to a stage in work more than once."""
    work = log.kind == WORK
    keys = log.of[work] * len(log.stages) + log.stage[work]
    values, counts = np.unique(keys, return_counts=True)
    found = np.zeros(len(log.ids), dtype=bool)
    found[values[counts > 1] // max(1, len(log.stages))] = True
    return found


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "created")
    if cell.get("variant"):
        return log.ids[hash_paths(log) == np.uint64(int(cell["variant"][:16], 16))]
    if cell.get("what") == "rework":
        return log.ids[reworked(log)]
    if cell.get("what") in ("won", "lost", "open", "left"):
        return log.ids[log.result == {"won": WON, "lost": LOST, "open": OPEN, "left": LEFT}[cell["what"]]]
    if "from" not in cell:
        return log.ids
    to = log.place.get(cell["to"], -9) if cell.get("to") else ELSEWHERE
    return log.ids[log.of[(log.stage == log.place.get(cell["from"], -9)) & (log.following == to)]]


register(
    Report(
        code="process",
        title=_("Process map"),
        icon="workflow",
        about=_(
            "Every move that was made, how many, and how long the deal had waited before it; a return counts again. "
            "A way is the order of stages of one deal."
        ),
        chooses=CREATED,
        answer=lambda terms: find_process(read_log(terms, "created")),
        behind=behind,
    )
)
