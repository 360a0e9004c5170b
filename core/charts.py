"""Plotly figures from plain values.

A figure is a JSON-ready dict {"data", "layout"}. Colours are names of CSS variables («var(--chart-1)»); the
page's script puts in the theme's colours and the look shared by all charts, and opens `hrefs` on a click.
Values may be Decimal; None leaves a gap, because «not known» is not zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.formats import Figure

Chart = dict[str, Any]
Label = str | date


@dataclass(frozen=True)
class Series:
    """Values with a name; `color` is a token, `texts` what the pointer shows, `hrefs` where a click leads."""

    name: str
    values: Sequence[Figure | None]
    color: str = "chart-1"
    texts: Sequence[str] = field(default=())
    hrefs: Sequence[str] = field(default=())


def bars_and_line(
    labels: Sequence[Label], bars: Series, line: Series | None = None, *, suffix: str = ""
) -> Chart:
    """Bars over time or categories, and an optional dashed line such as the plan."""
    data = [_bar(labels, bars)]
    if line:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": line.name,
                "x": _labels(labels),
                "y": _values(line.values),
                "line": {"color": _color(line.color), "dash": "dot", "width": 2},
                **_hover(line),
            }
        )
    layout: Chart = {"showlegend": line is not None, "yaxis": {"rangemode": "tozero", "ticksuffix": suffix}}
    return {"data": data, "layout": layout | _time_axis(labels)}


def line_and_marks(places: Sequence[Figure], line: Series, marked: Sequence[Figure], marks: Series) -> Chart:
    """A line over numbers, and marks on it at other numbers; the marks are told in words, too."""
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": marks.name,
            "x": _values(marked),
            "y": _values(marks.values),
            "marker": {"color": _color(marks.color), "size": 10},
            **_hover(marks),
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": line.name,
            "x": _values(places),
            "y": _values(line.values),
            "line": {"color": _color(line.color), "width": 2},
            **_hover(line),
        },
    ]
    layout: Chart = {
        "showlegend": bool(marked),
        "xaxis": {"separatethousands": True, "exponentformat": "none", "nticks": 6},
        "yaxis": {"rangemode": "tozero"},
    }
    return {"data": data, "layout": layout}


def words(figure: Chart) -> list[tuple[str, str]]:
    """The texts of the bars that are known, each with where a click leads ("" = nowhere)."""
    bars = figure["data"][0]
    texts, links = bars.get("hovertext", []), bars.get("customdata") or [""] * len(bars["y"])
    return [
        (text, link) for text, link, value in zip(texts, links, bars["y"], strict=False) if value is not None
    ]


def _bar(labels: Sequence[Label], series: Series) -> Chart:
    trace: Chart = {
        "type": "bar",
        "name": series.name,
        "x": _labels(labels),
        "y": _values(series.values),
        "marker": {"color": _color(series.color)},
        **_hover(series),
    }
    if series.hrefs:
        trace["customdata"] = list(series.hrefs)
    return trace


def _hover(series: Series) -> Chart:
    """Ready texts instead of raw numbers, when the caller has them."""
    if not series.texts:
        return {}
    return {"hovertext": list(series.texts), "hovertemplate": "%{hovertext}<extra></extra>"}


def _labels(labels: Sequence[Label]) -> list[str]:
    return [label.isoformat() if isinstance(label, date) else label for label in labels]


def _time_axis(labels: Sequence[Label]) -> Chart:
    if labels and isinstance(labels[0], date):
        return {"xaxis": {"type": "date", "tickformat": "%-d %b"}}
    return {"xaxis": {"type": "category"}}


def _values(values: Sequence[Figure | None]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _color(token: str) -> str:
    return f"var(--{token})"
