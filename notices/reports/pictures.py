"""The report's charts as one picture for a chat: the same values give the same bytes."""

from io import BytesIO
from typing import Any

from django.utils.translation import gettext

from core import formats
from notices.reports.document import Document, Part
from notices.reports.reading import PEOPLE, STAGES
from notices.reports.wording import language, rate_tone
from notices.telegram.markup import cut

INK, MUTED, LINE, ACCENT, PALE = "#11131a", "#575e72", "#e4e6ee", "#4338ca", "#eff1f6"
TONES = {"good": "#12805a", "bad": "#cf3a2f", "neutral": "#7a8195"}
WIDTH = 780  # pixels: twice the width of a message on a phone
ROW = 46
DAYS = 30  # deal-days: a rate of fewer would stretch the axis and say nothing


def top(parts: list[Part], most: int) -> tuple[list[Part], int]:
    """The first rows, and how many findings the others have together."""
    return parts[:most], sum(one.n for one in parts[most:])


def comparable(persons: list[Part]) -> list[Part]:
    """Those with enough deal-days behind their rate, the highest first."""
    rows = [one for one in persons if one.rate is not None]
    rows = [one for one in rows if not one.n or not one.rate or 100 * one.n / one.rate >= DAYS]
    return sorted(rows, key=lambda one: (-(one.rate or 0), one.name))[:PEOPLE]


def draw_charts(document: Document) -> bytes:
    """PNG: new findings by stage, and rates by person against the period before."""
    from matplotlib.backends.backend_agg import (
        FigureCanvasAgg,
    )  # costs a second that most processes need not spend
    from matplotlib.figure import Figure

    stages, others = top([one for one in document.stages if one.n], STAGES)
    persons = comparable(document.persons)
    rows = len(stages) + bool(others) + 1
    height = 110 + rows * ROW + 110 + max(len(persons), 1) * ROW + 90
    figure = Figure(figsize=(WIDTH / 100, height / 100), dpi=100, facecolor="#f5f6fa")
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(height, 0)
    ax.axis("off")
    y = _bars(ax, stages, others, document.opened, 46.0)
    _dots(ax, persons, y + 56)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _bars(ax: Any, stages: list[Part], others: int, total: int, y: float) -> float:
    say = ax.text
    say(40, y, gettext("New findings by stage"), fontsize=20, weight="bold", color=INK, va="center")
    y += 54
    most = max([one.n for one in stages] + [others, 1])
    rows = [(one.name, one.n) for one in stages] + ([(gettext("Others"), others)] if others else [])
    for name, n in rows:
        say(40, y, cut(name, 27), fontsize=17, color=INK, va="center")
        _bar(ax, 400, y, 260, PALE)
        _bar(ax, 400, y, max(260 * n / most, 6), ACCENT)
        say(
            740,
            y,
            formats.number(n, language()),
            fontsize=18,
            weight="bold",
            color=INK,
            va="center",
            ha="right",
        )
        y += ROW
    ax.plot([40, 740], [y - ROW / 2, y - ROW / 2], color=LINE, linewidth=1.5)
    say(40, y, gettext("New in all"), fontsize=17, weight="bold", color=INK, va="center")
    say(
        740,
        y,
        formats.number(total, language()),
        fontsize=18,
        weight="bold",
        color=INK,
        va="center",
        ha="right",
    )
    return y


def _bar(ax: Any, x: float, y: float, width: float, color: str) -> None:
    ax.barh([y], [width], left=[x], height=16, color=color)


def _dots(ax: Any, persons: list[Part], y: float) -> None:
    say = ax.text
    say(40, y, gettext("Findings per 100 deal-days"), fontsize=20, weight="bold", color=INK, va="center")
    y += 54
    if not persons:
        say(40, y, gettext("Nobody had deals in work."), fontsize=17, color=MUTED, va="center")
        return
    most = max(float(max(one.rate or 0, one.rate_before or 0)) for one in persons) or 1.0
    for one in persons:
        color = TONES[rate_tone(one)]
        rate, before = float(one.rate or 0), one.rate_before
        here = 300 + 340 * rate / most
        say(40, y, cut(one.name, 21), fontsize=17, color=INK, va="center")
        ax.plot([300, 640], [y, y], color=LINE, linewidth=1.5, zorder=1)
        if before is not None:
            was = 300 + 340 * float(before) / most
            ax.plot([was, here], [y, y], color=color, linewidth=2.5, zorder=2)
            ax.plot([was], [y], "o", ms=11, mfc="white", mec=color, mew=2, zorder=3)
        ax.plot([here], [y], "o", ms=12, color=color, zorder=4)
        text = formats.number(one.rate, language(), 1)
        say(740, y, text, fontsize=18, weight="bold", color=INK, va="center", ha="right")
        y += ROW
    say(40, y, gettext("circle: the period before, dot: this one"), fontsize=14, color=MUTED, va="center")
