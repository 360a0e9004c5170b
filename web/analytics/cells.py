"""A figure of a report as a reader sees it, with the address of the deals behind it; tables are made of these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core import formats
from web.analytics.asking import Asked

Context = dict[str, Any]  # of a template


@dataclass(frozen=True)
class Figure:
    """A number of a table, which templates draw as it stands: with two thousand of them on a page a template for each
    took half of its time. ``n``: how many rows ``href`` leads to; None where the address does not list them one by one.
    """

    text: str
    href: str = ""
    note: str = ""
    n: int | None = None
    css: str = "num"

    def __str__(self) -> SafeString:
        shown = escape(self.text)
        if self.href:
            total = "" if self.n is None else format_html(' data-total="{}"', self.n)
            shown = format_html('<a class="quiet-link"{} href="{}">{}</a>', total, self.href, shown)
        return format_html('{} <small class="muted">{}</small>', shown, self.note) if self.note else shown


@dataclass(frozen=True)
class Table:
    heads: Sequence[str]
    rows: Sequence[Sequence[Figure]] = field(default=())

    @property
    def cells(self) -> Iterator[list[tuple[str, Figure]]]:
        """Each row with the head of every cell."""
        for row in self.rows:
            yield list(zip(self.heads, row, strict=True))


def locale() -> str:
    return get_language() or "en"


def number(value: Any, places: int = 0) -> str:
    return formats.number(value, locale(), places)


def percent(value: Any, places: int = 0) -> str:
    return formats.percent(value, locale(), places)


def money(value: Any) -> str:
    return formats.money(value, locale())


def days(value: Any) -> str:
    """«7,9 дн.»; below an hour the minutes matter, and a tenth of a day is too coarse."""
    if value is None:
        return formats.DASH
    if abs(value) < 1:
        return formats.duration(value * 86_400, locale(), 1)
    return _("%(days)s d.") % {"days": number(value, 1)}


def month(label: str) -> str:
    """«ноябрь 2026» for «2026-11», a day for a week's Monday."""
    if len(label) == 7:
        return formats.month(date.fromisoformat(f"{label}-01"), locale())
    return formats.day(date.fromisoformat(label), locale())


def deals(n: int) -> str:
    return ngettext("%(n)s deal", "%(n)s deals", n) % {"n": number(n)}


def whisker(row: dict[str, Any]) -> str:
    return "" if row["lo"] is None else f"{percent(row['lo'], 1)} – {percent(row['hi'], 1)}"


def words(text: Any, note: str = "") -> Figure:
    return Figure(str(text), note=note, css="")


def counted(asked: Asked, n: int, **cell: object) -> Figure:
    return Figure(number(n), asked.rows(**cell) if n else "", n=n)


def minutes(value: Any) -> str:
    return formats.DASH if value is None else formats.duration(value * 60, locale(), 2)
