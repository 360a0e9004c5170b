"""Blocks of the desk that show a report of analytics: kept answers, counted by a worker where that is slow."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.urls import reverse

from core.periods import Period
from core.zone import portal_zone
from jobs import kept_reports
from jobs.analytics import ask_for_report
from metrics.analytics import Terms
from metrics.analytics.load import WEEKS
from metrics.weeks import list_last_weeks
from web.frame.scope import Scope

WIDE, HIGH, GROUND = 900, 260, 30  # of the bridge; the line on which its labels stand
SIDE, LINE = 360, 15  # of the square; of its names
# What the square shows at least, in full loads and in densities of the department, and at most: whoever is farther
# stands on its edge, with his own number beside him.
MOST_LOAD, MOST_DENSITY, FARTHEST = 1.6, 2.2, 3.0


def ask_report(
    code: str, scope: Scope, now: datetime, period: Period, **options: str
) -> tuple[Any, datetime]:
    """(the answer, or None while a worker counts it; as of when)."""
    people = None if scope.everybody else frozenset(scope.people)
    pipeline = scope.chosen.get("pipeline")
    terms = Terms(now, portal_zone(), period, people, int(pipeline) if pipeline else None, options)
    given = kept_reports.give_answer(code, terms, ask_for_report)
    return (None if given.answer is None else msgspec.json.decode(given.answer)), given.as_of


@dataclass(frozen=True)
class Step:
    """A bar of the bridge, from ``low`` to ``high``; ``tone`` is its colour."""

    what: str
    value: int
    tone: str
    x: float = 0.0
    y: float = 0.0
    wide: float = 0.0
    high: float = 0.0
    middle: float = 0.0


SIGNS = {
    "created": (1, "came"),
    "reopened": (1, "came"),
    "won": (-1, "won"),
    "lost": (-1, "lost"),
    "left": (-1, "gone"),
}
ALWAYS = ("created", "won", "lost")


def flow_block(scope: Scope, now: datetime, month: Period) -> dict[str, Any]:
    """The month's flow in deals and in money; both reconcile by themselves."""
    counted, as_of = ask_report("flow", scope, now, month)
    valued, _ = ask_report("flow", scope, now, month, value="price")
    if counted is None or valued is None or not counted["rows"]:
        return {"waiting": counted is None or valued is None, "month": month}
    row, money = counted["rows"][-1], valued["rows"][-1]
    return {
        "row": row,
        "money": money,
        "month": month,
        "as_of": as_of,
        "steps": draw_bridge(row),
        "wide": WIDE,
        "high": HIGH + GROUND,
        "ground": HIGH,
        "grown": row["end"] - row["start"],
    }


def draw_bridge(row: dict[str, Any]) -> list[Step]:
    """Start, what came, what went, end: bars that hang where the one before ended. An empty step is left out."""
    told = [name for name in SIGNS if row[name] or name in ALWAYS]
    parts = [(name, SIGNS[name][0] * row[name], SIGNS[name][1]) for name in told]
    most = max(row["start"] + row["created"] + row["reopened"], row["end"], 1)
    room, wide = WIDE / (len(parts) + 2), WIDE / (len(parts) + 2) * 0.7
    steps, level = [], 0
    bars = [("start", row["start"], "stock"), *parts, ("end", row["end"], "stock")]
    for place, (name, value, tone) in enumerate(bars):
        base = 0 if tone == "stock" else level
        low, high = min(base, base + value), max(base, base + value)
        level = base + value
        top = 24 + (HIGH - 24) * (1 - high / most)
        height = max(1.0, (HIGH - 24) * (high - low) / most)
        x = place * room + (room - wide) / 2
        steps.append(Step(name, value, tone, x, top, wide, height, x + wide / 2))
    return steps


def load_block(scope: Scope, now: datetime, month: Period) -> dict[str, Any]:
    """Who is overloaded and who is to be taught: the square, and those of whom one of the two is not known."""
    answer, as_of = ask_report("load", scope, now, month)
    if answer is None:
        return {"waiting": True}
    weeks = list_last_weeks(as_of, WEEKS + 1, portal_zone())[:-1]
    cases = {"since": weeks[0].first, "until": weeks[-1].last + timedelta(days=1), "cases": 1}
    known = [row for row in answer["rows"] if row["corner"] is not None]
    most = min(FARTHEST, max([MOST_LOAD, *(row["load"] * 1.1 for row in known)]))
    middle_density = answer["density"] or 1e-9
    dense = middle_density * min(
        FARTHEST, max([MOST_DENSITY, *(1.1 * row["density"] / middle_density for row in known)])
    )
    heaviest = max([row["deal_days"] for row in known] or [1])
    dots = [
        row
        | {
            "name": scope.name(row["manager"]),
            "href": f"{reverse('findings')}?{urlencode({'manager': row['manager'], **cases})}",
            "x": SIDE * 1.6 * min(1.0, row["density"] / dense),
            "y": SIDE * (1 - min(1.0, row["load"] / most)),
            "r": 5 + 9 * (row["deal_days"] / heaviest) ** 0.5,
        }
        for row in sorted(known, key=lambda row: -row["deal_days"])
    ]
    middle, full = SIDE * 1.6 * (answer["density"] or 0) / dense, SIDE * (1 - answer["full"] / most)
    return {
        "dots": place_labels(dots),
        "unknown": len(answer["rows"]) - len(known),
        "density": answer["density"],
        "touch": answer["touch_minutes"],
        "acts": answer["acts"],
        "wide": SIDE * 1.6,
        "outer_wide": SIDE * 1.6 + 44,
        "outer_high": SIDE + 66,
        "high": SIDE,
        "middle": middle,
        "right": SIDE * 1.6 - middle,
        "full": full,
        "below": SIDE - full,
        "as_of": as_of,
    }


def place_labels(dots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``label``: the height of each name, moved down so that none lies over another; ``left``: before its dot."""
    taken: list[tuple[float, float, float]] = []
    found = []
    for one in sorted(dots, key=lambda one: one["y"]):
        left, long = one["x"] > SIDE * 1.15, 7.2 * (len(one["name"]) + 6)
        begin = one["x"] - 16 - long if left else one["x"] + 16
        height = one["y"]
        for low, high, other in taken:
            if low < begin + long and begin < high and abs(height - other) < LINE:
                height = other + LINE
        taken.append((begin, begin + long, height))
        found.append(one | {"left": left, "label": height})
    return found
