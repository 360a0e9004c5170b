"""Follow every link with a number to a list, and hold the number against what the list counts."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from django.test import Client

from core import formats

SINGLE = 3  # links to the findings of one deal that are followed on a page
LISTS = ("/deals/", "/tasks/", "/findings/")
SPACES = str.maketrans(dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\n\t", " "))
NUMBER = re.compile(r"(?<![\d.,:№\w])\d{1,3}(?:[ ,]\d{3})+(?![\d])|(?<![\d.,:№\w])\d+(?![\d:.%]|,\d)")
# a text with money in it speaks of a sum, unless it begins with how many
COUNTED = re.compile(r"\+?[\d ]+ (?:сдел|зада|случ|из |deal|task|find|of )")


class Link(NamedTuple):
    """``text``: what it says; of a link that covers its row, what the row's first figure says."""

    href: str
    text: str


class _Reader(HTMLParser):
    """Links with their texts; ``row-link`` covers a table row, whose first figure it stands for."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self._open: list[tuple[str, list[str]]] = []
        self._row: str | None = None
        self._figure: list[str] | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        css = (values.get("class") or "").split()
        if tag == "tr":
            self._row = None
        if tag == "a":
            self._open.append((values.get("href") or "", []))
            if "row-link" in css:
                self._row = values.get("href") or ""
        if self._row and (("num" in css and tag == "td") or "bar" in css):
            self._figure = []
        if tag in ("small", "option", "select", "script", "details"):
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open:
            href, parts = self._open.pop()
            self.links.append(Link(href, _plain(parts)))
        if tag == "td" and self._figure is not None and self._row:
            self.links.append(Link(self._row, _plain(self._figure)))
            self._row = self._figure = None
        if tag in ("small", "option", "select", "script", "details"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        for _href, parts in self._open:
            parts.append(data)
        if self._figure is not None and not self._hidden:
            self._figure.append(data)


def _plain(parts: list[str]) -> str:
    return " ".join(" ".join(parts).translate(SPACES).split())


def read_links(page: str) -> list[Link]:
    reader = _Reader()
    reader.feed(page)
    return reader.links


def differences(client: Client, pages: dict[str, str], locale: str) -> Iterator[str]:
    """One line for each number on these pages (address → HTML) that the list behind its link does not count."""
    asked: dict[str, Any] = {}
    for address, page in pages.items():
        single = 0
        for href, text in read_links(page):
            target = urljoin(address, href)
            if urlsplit(target).path not in LISTS or "%" in text or "page=" in target:
                continue
            single += "deal=" in target
            if "deal=" in target and single > SINGLE:  # the same number in each row: one of them is enough
                continue
            number, money = NUMBER.search(text), "₽" in text
            if number is None:
                continue
            if target not in asked:
                asked[target] = client.get(target)
            response = asked[target]
            if response.status_code != 200:
                yield f"{address}: «{text}» → {target} answers {response.status_code}"
                continue
            count, total = response.context["count"], response.context["totals"].get("sum") or 0
            sums = {_plain([form(total, locale)]) for form in (formats.money, formats.money_short)}
            told = int(re.sub(r"[ ,]", "", number[0]))
            is_sum = money and not COUNTED.match(text)
            if is_sum:
                if not any(one.lstrip("≈ ") in text for one in sums) and "≈" not in text:
                    yield f"{address}: «{text}» → {target} sums up to {' = '.join(sorted(sums))}"
            elif told != count:
                yield f"{address}: «{text}» → {target} counts {count}"
