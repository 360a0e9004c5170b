"""Where the marks of a report's charts stand: the same for the page and the PDF. Lengths are units of the drawing."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core import formats
from notices.reports.document import Document, Part
from notices.reports.pictures import comparable, top
from notices.reports.reading import STAGES
from notices.reports.wording import language, local, rate_tone
from notices.telegram.markup import cut

WIDTH = 300
ROW = 26
COLORS = {"good": "#12805a", "bad": "#cf3a2f", "neutral": "#7a8195"}
LEFT, RIGHT = 104, 262  # of the rates' axis
PLOT = (10.0, 24.0, 240.0, 150.0)  # of the line: left, top, right, bottom


@dataclass(frozen=True)
class Bar:
    name: str
    y: int
    width: float
    n: int
    href: str = ""


@dataclass(frozen=True)
class Dot:
    name: str
    y: int
    x: float
    before: float | None
    rate: str
    color: str
    tone: str
    gone: bool


def draw_bars(document: Document, rows_of: Callable[[str | None], str]) -> dict[str, Any]:
    """New findings by stage; what is left over is one row, and the last is the sum. ``rows_of``: the address of the
    findings of a stage, or (None) of all; empty where there is none."""
    stages, others = top([one for one in document.stages if one.n], STAGES)
    most = max([one.n for one in stages] + [others, 1])
    rows = [
        Bar(cut(one.name, 22), ROW * place + 16, _share(one.n, most), one.n, rows_of(one.key))
        for place, one in enumerate(stages)
    ]
    y = ROW * len(rows) + 16
    if others:
        rows.append(Bar("", y, _share(others, most), others))
        y += ROW
    return {"rows": rows, "y": y, "height": y + 16, "total": document.opened, "href": rows_of(None)}


def _share(n: int, most: int) -> float:
    return round(max(90 * n / most, 2), 2)


def draw_dots(document: Document) -> dict[str, Any]:
    """Findings per 100 deal-days of each person, against the period before."""
    persons = comparable(document.persons)
    most = max([float(max(one.rate or 0, one.rate_before or 0)) for one in persons] + [0.0001])
    dots = [_dot(one, place, most) for place, one in enumerate(persons)]
    return {"rows": dots, "height": ROW * max(len(dots), 1) + 26, "left": LEFT, "right": RIGHT}


def _dot(one: Part, place: int, most: float) -> Dot:
    tone = rate_tone(one)

    def where(rate: Decimal | None) -> float | None:
        return None if rate is None else round(LEFT + (RIGHT - LEFT) * float(rate) / most, 2)

    return Dot(
        cut(one.name, 16),
        ROW * place + 16,
        where(one.rate) or LEFT,
        where(one.rate_before),
        formats.number(one.rate, language(), 1),
        COLORS[tone],
        tone,
        one.gone,
    )


def draw_line(document: Document) -> dict[str, Any]:
    """Frozen money over thirteen weeks, with times without control as bands."""
    weeks, (left, above, right, below) = document.standing.weeks, PLOT
    sums = [float(week.money) for week in weeks]
    low, high = min(sums), max(sums)
    room = (high - low) * 0.15 or max(high * 0.05, 1.0)
    low, high = max(low - room, 0.0), high + room
    first, last = weeks[0].at, weeks[-1].at
    whole = (last - first).total_seconds() or 1.0

    def x(at: Any) -> float:
        part = (at - first).total_seconds() / whole
        return round(left + (right - left) * min(max(part, 0.0), 1.0), 2)

    def y(money: float) -> float:
        return round(below - (below - above) * (money - low) / (high - low), 2)

    points = [(x(week.at), y(total)) for week, total in zip(weeks, sums, strict=True)]
    bands = [
        (x(since), round(max(x(until or last) - x(since), 2.0), 2))
        for _kind, since, until in document.marks
        if (until or last) > first
    ]
    tongue = language()
    return {
        "points": " ".join(f"{at},{money}" for at, money in points),
        "last": points[-1],
        "label": formats.money_short(weeks[-1].money, tongue),
        "ticks": [
            (y(value), formats.money_short(value, tongue))
            for value in (low + (high - low) * k / 3 for k in range(4))
        ],
        "bands": bands,
        "dates": [(x(weeks[k].at), formats.day(local(weeks[k].at).date(), tongue)) for k in (0, 4, 8, 12)],
        "above": above,
        "below": below,
        "depth": below - above,
        "left": left,
        "right": right,
    }
