"""Follow every link with a number to a list, and hold the number against what the list counts."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import parse_qs, urljoin, urlsplit

from django.test import Client

from core import formats
from web.frame import listing

FEW = 5  # rows drawn of a list that is asked for what it counts: to draw all of them takes longer than all the rest
SINGLE = 3  # links to the findings of one deal that are followed on a page
COUNTING = re.compile(r"/(?:deals|tasks|findings|analytics/[\w-]+/rows)/")
PARTS = re.compile(r'hx-get="([^"]+)"[^>]*hx-trigger="[^"]*(?:load|revealed|intersect)')
# what is no page of ours, or another person's work
PASSED_BY = (
    "/admin/",
    "/api/",
    "/logout/",
    "/language/",
    "/login/",
    "/account/",
    "/static/",
    "/hooks/",
    "/connect",
)
NO_PAGE = re.compile(r"export=|/pdf/|/picture/|/decisions/new/")
NUMBERS = re.compile(r"\d[\d:]*")
SPACES = str.maketrans(dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\n\t", " "))
NUMBER = re.compile(r"(?<![\d.,:№\w])\d{1,3}(?:[ ,]\d{3})+(?![\d])|(?<![\d.,:№\w])\d+(?![\d:.%]|,\d)")
# a text with money in it speaks of a sum, unless it begins with how many
COUNTED = re.compile(r"\+?[\d ]+ (?:сдел|зада|случ|из |deal|task|find|of )")


class Link(NamedTuple):
    """``text``: what it says; of a link that covers its row, what the row's first figure says. ``total``: how many
    rows it promises in its mark-up."""

    href: str
    text: str
    total: int | None = None


class _Reader(HTMLParser):
    """Links with their texts; ``row-link`` covers a table row, whose first figure it stands for."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self._open: list[tuple[str, str | None, list[str]]] = []
        self._row: str | None = None
        self._figure: list[str] | None = None
        self._hidden = 0
        self._score = False  # points, which nothing adds up to

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        css = (values.get("class") or "").split()
        if tag == "tr":
            self._row = None
        if tag == "a":
            self._score = "data-score" in values
            self._open.append((values.get("href") or "", values.get("data-total"), []))
            if "row-link" in css:
                self._row = values.get("href") or ""
        if self._row and (("num" in css and tag == "td") or "bar" in css):
            self._figure = []
        if tag in ("small", "option", "select", "script", "details"):
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open:
            href, total, parts = self._open.pop()
            if not self._score:
                self.links.append(Link(href, _plain(parts), None if total is None else int(total)))
        if tag == "td" and self._figure is not None and self._row:
            self.links.append(Link(self._row, _plain(self._figure)))
            self._row = self._figure = None
        if tag in ("small", "option", "select", "script", "details"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        for _href, _total, parts in self._open:
            parts.append(data)
        if self._figure is not None and not self._hidden:
            self._figure.append(data)


def _plain(parts: list[str]) -> str:
    return " ".join(" ".join(parts).translate(SPACES).split())


@lru_cache(maxsize=500)  # a page that was walked over is held against its lists afterwards
def read_links(page: str) -> tuple[Link, ...]:
    reader = _Reader()
    reader.feed(page)
    return tuple(reader.links)


def walk(client: Client, alike: int = 1) -> dict[str, str]:
    """Address → HTML of the pages and of their parts that load by themselves, found by links from the menu on.

    Of addresses that differ in numbers or in the values of their queries alone so many as ``alike``; lists lead on to
    nothing here, they are asked by their numbers.
    """
    seen, taken = set[str](), Counter[tuple[str, ...]]()
    waiting, found = ["/"], dict[str, str]()
    while waiting:
        address = waiting.pop(0)
        parts = urlsplit(address)
        is_list = COUNTING.fullmatch(parts.path) is not None
        kind = NUMBERS.sub("#", parts.path), *(() if is_list else sorted(parse_qs(parts.query)))
        if parts.path.startswith(PASSED_BY) or taken[kind] >= alike:
            continue
        taken[kind] += 1
        answer = client.get(address, follow=True)
        if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
            continue
        page = answer.content.decode()
        found[answer.request["PATH_INFO"] if answer.redirect_chain else address] = page
        if is_list:
            continue
        for href in (*(link.href for link in read_links(page)), *map(unescape, PARTS.findall(page))):
            target = urljoin(address, href).partition("#")[0]
            if target.startswith("/") and target not in seen and not NO_PAGE.search(target):
                seen.add(target)
                waiting.append(target)
    return found


def differences(client: Client, pages: dict[str, str], locale: str, alike: int = 10_000) -> Iterator[str]:
    """One line for each number on these pages (address → HTML) that the list behind its link does not count.

    ``alike``: so many links of a page whose addresses differ in values alone.
    """
    asked: dict[str, Any] = {}
    for address, page in pages.items():
        taken = Counter[tuple[str, ...]]()
        for href, text, told in read_links(page):
            target = urljoin(address, href).partition("#")[0]
            parts = urlsplit(target)
            if not parts.path.startswith("/") or not COUNTING.fullmatch(parts.path) or "page=" in target:
                continue
            number = _told(text) if told is None else told
            if number is None or ("%" in text and told is None):
                continue
            kind = parts.path, *sorted(parse_qs(parts.query))
            taken[kind] += 1
            # the same number in each row: one of them is enough
            if taken[kind] > (min(alike, SINGLE) if "deal=" in target else alike):
                continue
            if target not in asked:
                with patch.object(listing, "PAGE_SIZE", FEW):
                    asked[target] = client.get(target)
            response = asked[target]
            if response.status_code != 200:
                yield f"{address}: «{text}» → {target} answers {response.status_code}"
                continue
            count = response.context["count"]
            if told is None and "₽" in text and not COUNTED.match(text):
                total = (response.context.get("totals") or {}).get("sum") or 0
                sums = {_plain([form(total, locale)]) for form in (formats.money, formats.money_short)}
                if not any(one.lstrip("≈ ") in text for one in sums) and "≈" not in text:
                    yield f"{address}: «{text}» → {target} sums up to {' = '.join(sorted(sums))}"
            elif number != count:
                yield f"{address}: «{text}» → {target} counts {count}, not {number}"


def _told(text: str) -> int | None:
    number = NUMBER.search(text)
    if number and text[number.end() :].startswith("+"):  # «999+» says that it has not counted
        return None
    return None if number is None else int(re.sub(r"[ ,]", "", number[0]))
