"""The picture of a stage's dwell times as SVG in percentages: who moved on above the axis, who stands there below."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core import formats
from qc.dwell import BARS, Picture

ABOVE, BELOW, TOP = 170, 60, 18  # pixels


@dataclass(frozen=True)
class Bar:
    """``x`` and ``width`` are percentages of the picture, ``y`` and ``height`` pixels."""

    x: str
    y: float
    width: str
    height: float
    tone: str
    title: str


@dataclass(frozen=True)
class Limit:
    """A norm: ``x`` percent from the left; ``anchor`` is how its words stand there."""

    x: str
    text: str
    tone: str
    anchor: str


@dataclass(frozen=True)
class Drawing:
    bars: list[Bar]
    limits: list[Limit]
    band: tuple[str, str] | None
    ticks: list[tuple[str, str]]
    height: int
    axis: int
    beyond: int  # deals that stand longer than the norm
    within: int


def draw(picture: Picture, norm: timedelta | None, before: timedelta | None) -> Drawing | None:
    """``norm`` is the draft's, ``before`` the one in force; both by the calendar, as the bars are. None: nothing to
    draw."""
    if not (picture.number or picture.number_standing):
        return None
    step, axis = 100 / (BARS + 1), TOP + ABOVE
    highest, deepest = max([1, *picture.moved]), max([1, *picture.standing])
    limit = norm or before
    bars = []
    for place in range(BARS + 1):
        x, width = percent(place * step + step * 0.08), percent(step * 0.84)
        words = {"length": _range(place, picture.width)}
        if number := picture.moved[place]:
            height = max(2, ABOVE * number / highest)
            late = limit is not None and place * picture.width >= limit
            visits = ngettext("%(n)s visit", "%(n)s visits", number) % {"n": number}
            title = f"{words['length']}: {visits}"
            bars.append(Bar(x, axis - height, width, height, "late" if late else "moved", title))
        if number := picture.standing[place]:
            height = max(3, BELOW * number / deepest)
            late = limit is not None and place * picture.width >= limit
            deals = ngettext("%(n)s deal stands here now", "%(n)s deals stand here now", number) % {
                "n": number
            }
            bars.append(
                Bar(x, axis + 1, width, height, "over" if late else "stands", f"{words['length']}: {deals}")
            )
    beyond = sum(
        number
        for place, number in enumerate(picture.standing)
        if limit is not None and place * picture.width >= limit
    )
    return Drawing(
        bars,
        _limits(picture, norm, before),
        _band(picture, norm, before),
        _ticks(picture.width, step),
        axis + BELOW + 24,
        axis,
        beyond,
        picture.number_standing - beyond,
    )


def _limits(picture: Picture, norm: timedelta | None, before: timedelta | None) -> list[Limit]:
    found = []
    if before is not None and before != norm:
        found.append(_limit(picture, before, _("in force"), "before"))
    if norm is not None:
        found.append(_limit(picture, norm, _("draft") if norm != before else _("norm"), "norm"))
    return found


def _limit(picture: Picture, norm: timedelta, words: str, tone: str) -> Limit:
    place = _place(picture, norm)
    text = f"{formats.duration(norm, _locale())}, {words}"
    return Limit(percent(place), text, tone, "end" if place > 60 else "start")


def _band(picture: Picture, norm: timedelta | None, before: timedelta | None) -> tuple[str, str] | None:
    if norm is None or before is None or norm == before:
        return None
    ends = sorted((_place(picture, norm), _place(picture, before)))
    return percent(ends[0]), percent(ends[1] - ends[0])


def _place(picture: Picture, length: timedelta) -> float:
    return min(100.0, 100 / (BARS + 1) * (length / picture.width))


def _ticks(width: timedelta, step: float) -> list[tuple[str, str]]:
    return [
        (percent(place * step), formats.duration(place * width, _locale()) if place else "0")
        for place in range(0, BARS, 8)
    ]


def _range(place: int, width: timedelta) -> str:
    start = formats.duration(place * width, _locale())
    if place == BARS:
        return _("%(length)s and longer") % {"length": start}
    return _("from %(start)s to %(end)s") % {
        "start": start,
        "end": formats.duration((place + 1) * width, _locale()),
    }


def percent(value: float) -> str:
    return f"{value:.3f}%"


def _locale() -> str:
    return get_language() or "en"
