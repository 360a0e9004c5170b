"""Sales velocity: what comes out of a pipeline a day, by its four factors."""

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from metrics.analytics.columns import Flags, Ints
from metrics.analytics.curves import describe
from metrics.analytics.cycle import closed_in
from metrics.analytics.log import OPEN, WON, Log, read_log
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import DAY, Terms
from metrics.analytics.words import CLOSED


def find_velocity(log: Log, closed: Flags) -> Answer:
    """Open deals × share won × average won ÷ cycle in days, each pipeline by itself; ``velocity`` is their sum."""
    funnels = np.array([stage.pipeline for stage in log.stages], dtype=np.int64)
    own = funnels[log.stage[log.last]] if len(log.ids) else np.empty(0, dtype=np.int64)
    rows: list[dict[str, Any]] = []
    for pipeline in dict.fromkeys(stage.pipeline for stage in log.stages):
        mine = own == pipeline
        won, over = mine & closed & (log.result == WON), mine & closed
        standing, wins, n = int((mine & (log.result == OPEN)).sum()), int(won.sum()), int(over.sum())
        if not standing and not n:
            continue
        rate = wins / n if n else None
        size = float(log.price[won].sum()) / 100 / wins if wins else None
        lives = describe((log.closed - log.created)[won], DAY)
        row: dict[str, Any] = {
            "pipeline": pipeline,
            "n": n,
            "open": standing,
            "rate": rate,
            "average": size,
            "median_price": float(np.percentile(log.price[won], 50)) / 100 if wins else None,
            "without_price": float((log.price[won] == 0).mean()) if wins else None,
            "cycle_median": lives["median"],
            "cycle_mean": lives["mean"],
        }
        for name in ("median", "mean"):
            cycle = row[f"cycle_{name}"]
            unknown = rate is None or size is None or not cycle
            row[f"velocity_{name}"] = None if unknown else standing * (rate or 0) * (size or 0) / cycle
        rows.append(row)
    return {
        "rows": rows,
        "n": int(closed.sum()),
        "velocity": sum(row["velocity_median"] or 0 for row in rows) if rows else None,
    }


def answer(terms: Terms) -> Answer:
    log = read_log(terms, "alive")
    return find_velocity(log, closed_in(log, terms))


def behind(terms: Terms, cell: Cell) -> Ints:
    log = read_log(terms, "alive")
    funnels = np.array([stage.pipeline for stage in log.stages], dtype=np.int64)
    mine = funnels[log.stage[log.last]] == (
        int(cell["pipeline"][:18]) if cell.get("pipeline", "").isdecimal() else -1
    )
    what = cell.get("what", "")
    return log.ids[mine & ((log.result == OPEN) if what == "open" else closed_in(log, terms))]


register(
    Report(
        code="velocity",
        title=_("Sales velocity"),
        icon="zap",
        about=_(
            "Open deals × share won × average won deal ÷ sales cycle: money a day. Of each pipeline by itself, since a "
            "mixture of their cycles and sizes would be a number about nothing."
        ),
        chooses=CLOSED,
        answer=answer,
        behind=behind,
    )
)
