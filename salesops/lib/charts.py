"""Plotly figures from plain values.

A figure is a JSON-ready dict {"data", "layout"}. Colours are names of CSS variables («var(--chart-1)»); the
page's script puts in the theme's colours and the look shared by all charts, and opens `hrefs` on a click.
Values may be Decimal; None leaves a gap, because «not known» is not zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from salesops.lib.formats import Figure

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


def stacked_bars(labels: Sequence[Label], parts: Sequence[Series], *, suffix: str = "") -> Chart:
    """One bar per label, made of the parts in their order."""
    layout: Chart = {
        "barmode": "stack",
        "showlegend": True,
        "yaxis": {"rangemode": "tozero", "ticksuffix": suffix},
    }
    return {"data": [_bar(labels, part) for part in parts], "layout": layout | _time_axis(labels)}


def horizontal_bars(labels: Sequence[str], bars: Series) -> Chart:
    """Categories from top to bottom in the order given, each with its text at the end of the bar."""
    trace = {
        **_bar(labels, bars),
        "orientation": "h",
        "x": _values(bars.values),
        "y": list(labels),
        "text": list(bars.texts),
        "textposition": "auto",
        "cliponaxis": False,
    }
    layout = {
        "showlegend": False,
        "xaxis": {"rangemode": "tozero", "showgrid": True},
        "yaxis": {"autorange": "reversed", "showgrid": False, "type": "category", "automargin": True},
    }
    return {"data": [trace], "layout": layout}


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[Figure | None]],
    texts: Sequence[Sequence[str]],
) -> Chart:
    """Rows from top to bottom; the darker the cell, the higher its value; `texts` stand in the cells."""
    trace = {
        "type": "heatmap",
        "x": list(columns),
        "y": list(rows),
        "z": [_values(row) for row in values],
        "text": [list(row) for row in texts],
        "texttemplate": "%{text}",
        "hovertemplate": "%{y}<br>%{x}<br>%{text}<extra></extra>",
        "colorscale": [[0, _color("heat-low")], [1, _color("heat-high")]],
        "showscale": False,
        "xgap": 3,
        "ygap": 3,
        "hoverongaps": False,
    }
    layout = {
        "showlegend": False,
        "xaxis": {"side": "top", "showgrid": False, "type": "category"},
        "yaxis": {"autorange": "reversed", "showgrid": False, "type": "category", "automargin": True},
    }
    return {"data": [trace], "layout": layout}


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
