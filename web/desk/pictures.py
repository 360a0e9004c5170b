"""Lines as SVG paths: small ones inside a figure, and the large one of «then and now». No queries here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from metrics.week_lines import Line
from web.desk.week_figures import Spark

WIDE, HIGH = 120, 30  # of a small line
LEFT, RIGHT = 2, 118
BIG_WIDE, BIG_HIGH = 900, 300
GAP = 16  # between two names at the end of their lines
STEPS = (0.5, 1, 2, 2.5, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


def spark_picture(spark: Spark) -> dict[str, Any] | None:
    """Paths and places of a small line; None where there is no line to draw."""
    known = [value for value in spark.values if value is not None]
    if len(known) < 2:
        return None
    top, bottom = max(known), min(0.0, min(known))
    height = (top - bottom) or 1.0
    step = (RIGHT - LEFT) / (len(spark.values) - 1)
    points = [
        None if value is None else (LEFT + step * place, 3 + (HIGH - 8) * (1 - (value - bottom) / height))
        for place, value in enumerate(spark.values)
    ]
    last = next((point for point in reversed(points) if point is not None), None)
    return {
        "path": draw_path(points),
        "last": last,
        "ups": [round(LEFT + (RIGHT - LEFT) * place, 1) for place in spark.ups],
        "bands": [
            (round(LEFT + (RIGHT - LEFT) * since, 1), round(max(1.0, (RIGHT - LEFT) * (until - since)), 1))
            for since, until in spark.bands
        ],
    }


def draw_path(points: Sequence[tuple[float, float] | None]) -> str:
    """A path through the known points, broken where one is not known."""
    words, pen_down = [], False
    for point in points:
        if point is not None:
            words.append(f"{'L' if pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen_down = point is not None
    return "".join(words)


@dataclass
class Drawn:
    """A line of the large picture with its name at the end. ``tone``: one of the told ones (1, 2, 3), or 0."""

    key: Any
    name: str
    tone: int
    path: str
    x: float
    y: float
    text_y: float
    rate: float
    href: str = ""
    gone: bool = False


@dataclass
class Picture:
    lines: list[Drawn]
    grid: list[tuple[float, float]]  # place, value
    ticks: list[tuple[float, Any]]  # place, week
    wide: int = BIG_WIDE
    high: int = BIG_HIGH
    marks: list[dict[str, Any]] = field(default_factory=list)
    bands: list[dict[str, Any]] = field(default_factory=list)


def draw_picture(
    lines: Sequence[Line],
    weeks: Sequence[Any],
    names: dict[Any, str],
    told: Sequence[Any],
    gone: frozenset[Any] = frozenset(),
) -> Picture:
    """The told lines last, so that they lie above the others."""
    values = [value for line in lines for value in line.points if value is not None]
    step, top = choose_step(max(values, default=1.0))
    across = BIG_WIDE / max(1, len(weeks) - 1)

    def put(place: int, value: float) -> tuple[float, float]:
        return place * across, BIG_HIGH * (1 - value / top)

    drawn = []
    for line in lines:
        points = line.points
        last = next((place for place in reversed(range(len(points))) if points[place] is not None), None)
        if last is None:
            continue
        value = points[last] or 0.0
        x, y = put(last, value)
        path = draw_path([None if one is None else put(place, one) for place, one in enumerate(points)])
        tone = told.index(line.key) + 1 if line.key in told else 0
        drawn.append(
            Drawn(line.key, names.get(line.key, ""), tone, path, x, y, y, value, gone=line.key in gone)
        )
    spread_names([one for one in drawn if one.x > BIG_WIDE - 2.5 * across])
    drawn.sort(key=lambda one: (one.tone > 0, -one.tone))
    grid = [(BIG_HIGH * (1 - number * step / top), number * step) for number in range(round(top / step) + 1)]
    every = max(1, round(len(weeks) / 9))
    ticks = [(place * across, week) for place, week in enumerate(weeks) if place % every == 0]
    return Picture(drawn, grid, ticks)


def choose_step(most: float, lines: int = 5) -> tuple[float, float]:
    """A round step of the axis and its end, at most ``lines`` steps away."""
    step = next((one for one in STEPS if one * lines >= most), STEPS[-1])
    return step, step * max(1, -(-most // step))


def spread_names(drawn: Sequence[Drawn]) -> None:
    """Put the names at the ends of lines apart, in the order of the lines, inside of the picture."""
    ordered = sorted(drawn, key=lambda one: one.y)
    for before, one in zip(ordered, ordered[1:], strict=False):
        one.text_y = max(one.text_y, before.text_y + GAP)
    floor = float(BIG_HIGH) + 4
    for one in reversed(ordered):
        one.text_y = min(one.text_y, floor)
        floor = one.text_y - GAP
