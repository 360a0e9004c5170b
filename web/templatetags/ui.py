"""What templates draw with: icons, pills, bars and figures in the reader's language.

Loaded everywhere (a built-in of the template engine). Lengths inside a bar, a ribbon or a scale are SVG
percentages, because the content security policy forbids inline styles.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from zipfile import ZipFile

import lucide
from django import template
from django.core.paginator import Page
from django.forms import BoundField
from django.shortcuts import resolve_url
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import charts, formats, moment
from core.formats import Figure
from pipelines.models import Stage

register = template.Library()

TONE_ICONS = {"good": "check", "warn": "triangle-alert", "bad": "x", "info": "info", "neutral": "minus"}
HEAT_LEVELS = 5
PALE = "#99a0b0"  # the dot of a stage without a colour
ICON = (
    '<svg width="18" height="18" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
    ' stroke-linecap="round" stroke-linejoin="round" class="icon" aria-hidden="true">'
)


def _locale() -> str:
    return get_language() or "en"


@cache
def _icons() -> ZipFile:
    """Opened once: the package reads the directory of its archive anew for each icon, which takes 15 ms."""
    return ZipFile(str(resources.files("lucide") / "lucide.zip"))


@lru_cache(maxsize=512)
def _svg(name: str) -> SafeString:
    try:
        drawing = _icons().read(f"{name}.svg").decode().partition(">")[2].strip()
    except KeyError:
        raise lucide.IconDoesNotExist(f"The icon {name!r} does not exist.") from None
    return mark_safe(f"{ICON}\n  {drawing}")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A lucide icon; raises when there is no such icon, so a wrong name is seen at once."""
    return _svg(str(name))


@register.simple_tag
def pill(tone: str, text: object, icon: str = "") -> SafeString:
    """A status: colour, icon and word together. Tones: good, warn, bad, info, neutral."""
    return format_html('<span class="pill {}">{}{}</span>', tone, _svg(icon or TONE_ICONS[tone]), text)


@register.simple_tag
def mark(tone: str, icon: str = "") -> SafeString:
    """A square tinted icon, the head of a feed or timeline row."""
    return format_html('<span class="mark {}">{}</span>', tone, _svg(icon or TONE_ICONS[tone]))


@register.simple_tag(takes_context=True)
def left_badge(context: Context, person: int | None) -> SafeString | str:
    """Beside the name of an amoCRM user who no longer works here, wherever it stands; nothing beside others."""
    if person is None or person not in (context.get("leavers") or ()):
        return ""
    return format_html('<span class="left-badge">{}{}</span>', _svg("user-x"), _("has left"))


@register.simple_tag
def stage_name(stage: Stage | None) -> SafeString:
    """A stage with its colour in amoCRM; a dash where a deal has none."""
    if stage is None:
        return mark_safe('<span class="stage">—</span>')
    return format_html(
        '<span class="stage"><svg class="dot" viewBox="0 0 10 10" aria-hidden="true">\n'
        '  <circle cx="5" cy="5" r="4.5" fill="{}"/></svg><span>{}</span></span>',
        stage.color or PALE,
        stage.name,
    )


@register.simple_tag
def avatar(name: str) -> SafeString:
    return format_html('<span class="avatar" aria-hidden="true">{}</span>', formats.initials(str(name)))


@register.simple_tag
def bar(value: Figure | None, maximum: Figure = 100, text: object = None, tone: str = "") -> SafeString:
    """A bar in a table cell with its number; unknown draws an empty track and a dash."""
    share = _share(value, maximum) if value is not None else 0.0
    shown = text if text is not None else formats.number(value, _locale())
    return format_html(
        '<span class="bar {}"><svg aria-hidden="true"><rect width="{}%" height="100%" rx="3.5"/></svg>'
        "<span>{}</span></span>",
        tone,
        share,
        shown,
    )


@register.filter
def heat(share: Figure | None) -> str:
    """The class of a heat-table cell for a share from 0 to 1; unknown and zero stay pale."""
    if not share:
        return "heat-0"
    return f"heat-{min(HEAT_LEVELS, 1 + int(float(share) * HEAT_LEVELS))}"


@register.inclusion_tag("parts/chart.html")
def chart(figure: charts.Chart, key: str, label: object, size: str = "") -> dict[str, object]:
    """A plotly chart from a figure of `core.charts`; `label` says in words what it shows.

    Its numbers stand below in words, with the links that a click on the picture opens: for whoever has no mouse.
    """
    return {
        "key": key,
        "label": label,
        "size": size,
        "json": json_script(figure, f"figure-{key}"),
        "numbers": charts.words(figure),
    }


@register.inclusion_tag("parts/breadcrumbs.html")
def crumbs(*pairs: object) -> dict[str, object]:
    """The way here: titles, each with its address or the name of its route (or "": no link). None is left out."""
    named = zip(pairs[::2], pairs[1::2], strict=True)
    return {
        "crumbs": [(title, resolve_url(str(url)) if url else "") for title, url in named if title is not None]
    }


@register.inclusion_tag("parts/ribbon.html")
def ribbon(segments: Iterable[Mapping[str, object]], label: object) -> dict[str, object]:
    """Stages in order, each as long as its time.

    A segment: `name`, `seconds`, `tone` (good, warn, bad or empty), `text` (the time in words), `inferred`
    (drawn dashed), `title` (who moved it, how the time is counted) and `gap` (a break before it).
    """
    known = [dict(segment) for segment in segments]
    # Even a stage of one minute stays visible and clickable.
    floor = sum(float(str(segment["seconds"])) for segment in known) * 0.012
    widths = [max(float(str(segment["seconds"])), floor) for segment in known]
    total, start = sum(widths) or 1.0, 0.0
    for segment, width in zip(known, widths, strict=True):
        segment["x"], segment["width"] = f"{start / total * 100:.2f}%", f"{width / total * 100:.2f}%"
        start += width
    return {"segments": known, "label": label}


@register.inclusion_tag("parts/scale.html")
def scale(
    value: Figure,
    ticks: Iterable[tuple[Figure, object]],
    pace: Figure | None = None,
    pace_label: object = "",
    label: object = "",
) -> dict[str, object]:
    """A bar with tier ticks `(where, caption)` and a marker of the pace, all in the unit of `value`."""
    tiers = [(float(where), caption) for where, caption in ticks]
    top = max([float(value), float(pace or 0), *(where for where, _ in tiers)]) * 1.06 or 1.0
    return {
        "fill": f"{_share(value, top)}%",
        "ticks": [
            {
                "x": f"{_share(where, top)}%",
                "label": caption,
                "reached": where <= float(value),
                "anchor": _anchor(where / top),
            }
            for where, caption in tiers
        ],
        "pace": None if pace is None else f"{_share(pace, top)}%",
        "pace_anchor": _anchor(float(pace or 0) / top),
        "pace_label": pace_label,
        "label": label,
    }


def _share(value: Figure, maximum: Figure) -> float:
    top = float(maximum)
    return round(min(max(float(value) / top, 0.0), 1.0) * 100, 2) if top else 0.0


def _anchor(place: float) -> str:
    """Captions near an edge grow inwards, so none is cut."""
    return "start" if place < 0.12 else "end" if place > 0.88 else "middle"


@register.filter
def money(value: Figure | None) -> str:
    return formats.money(value, _locale())


@register.filter
def kopecks(value: Figure | None) -> str:
    return formats.money(value, _locale(), kopecks=True)


@register.filter
def money_short(value: Figure | None) -> str:
    return formats.money_short(value, _locale())


@register.filter
def number(value: Figure | None, places: int = 0) -> str:
    return formats.number(value, _locale(), places)


@register.filter
def percent(ratio: Figure | None, places: int = 0) -> str:
    """A ratio: `0.124|percent:1` → «12,4 %»."""
    return formats.percent(ratio, _locale(), places)


@register.filter
def signed(text: str) -> str:
    """`change|percent|signed` → «+12 %»."""
    return formats.signed(text)


@register.filter
def duration(length: timedelta | Figure | None, parts: int = 2) -> str:
    return formats.duration(length, _locale(), parts)


@register.filter
def hours(length: timedelta | None) -> str:
    return formats.hours(length, _locale())


@register.filter
def ago(value: datetime | None) -> str:
    return formats.ago(value, moment.now(), _locale())


@register.filter
def day(value: date | None) -> str:
    return formats.day(_local_day(value), _locale())


@register.filter
def full_day(value: date | None) -> str:
    return formats.day(_local_day(value), _locale(), year=True)


@register.filter
def just_before(value: datetime | None) -> datetime | None:
    """Of the end of a half-open span the last moment in it: `until|just_before|day` is its last day."""
    return value and value - timedelta(microseconds=1)


@register.filter
def clock(value: datetime | None) -> str:
    return formats.clock(_local(value), _locale())


@register.filter
def stamp(value: datetime | None) -> str:
    return formats.stamp(_local(value), timezone.localtime(moment.now()), _locale())


@register.filter
def month(value: date | None) -> str:
    return formats.month(_local_day(value), _locale())


def _local(value: datetime | None) -> datetime | None:
    return value and timezone.localtime(value)


def _local_day(value: date | None) -> date | None:
    """The reader's day of an aware moment; a plain date as it is."""
    return timezone.localtime(value).date() if isinstance(value, datetime) else value


@register.filter
def page_range(page: Page) -> Iterable[int | str]:
    """Page numbers around the present one, with «…» for what is left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return field.widget_type == "checkbox"


@register.filter
def message_tone(level: str) -> str:
    return {"error": "bad", "warning": "warn", "success": "good"}.get(level, "info")


@register.filter
def message_icon(level: str) -> str:
    icons = {"error": "circle-alert", "warning": "triangle-alert", "success": "circle-check"}
    return icons.get(level, "info")
