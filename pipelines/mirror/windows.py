"""A log without an order, cut into windows of time: how many are under way, how wide they are, where a load stands."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from pipelines.amo.client import Client
from pipelines.amo.paging import Listing, Pages
from pipelines.mirror.entities import Entity
from pipelines.mirror.rows import Item

WINDOW_PAGES = 30
FIRST_WINDOW, SHORTEST_WINDOW = 86_400, 60  # seconds
UNDER_WAY = 8  # windows, each with one page on its way


@dataclass
class Window:
    """The seconds from ``since`` until before ``until``; the last one is open, for new rows can only repeat others."""

    since: int
    until: int
    pages: Pages


@dataclass
class Windows:
    """All rows from the beginning to ``end`` (Unix seconds) and later, in any order.

    Closed windows lie in the past, so their pages stay where they are, and a load goes on at the page of every window
    where it was interrupted.
    """

    client: Client
    entity: Entity
    pool: Executor
    end: int
    first: int = 0
    edge: int = 0
    width: int = FIRST_WINDOW
    under_way: list[Window] = field(default_factory=list)
    remark: str = ""

    def begin(self, first: int, *, whole: bool) -> None:
        """From ``first`` on: in many windows, or in one when there will be little."""
        self.first = self.edge = first
        if not whole:
            self.width = max(1, self.end + 1 - first)

    def resume(self, position: dict[str, Any]) -> None:
        """Go on at the pages where it ended; where these had another length, at the beginning of their windows."""
        self.first, self.edge, self.width = position["first"], position["next"], position["width"]
        same = position.get("limit") == self.entity.limit
        self.under_way = [
            self.window(since, until, page if same else 1) for since, until, page in position["open"]
        ]

    def position(self) -> dict[str, Any]:
        """As JSON, for `resume`."""
        places = [(window.since, window.until, window.pages.number) for window in self.under_way]
        place = {"first": self.first, "next": self.edge, "width": self.width, "open": places}
        return place | {"limit": self.entity.limit}

    def share(self) -> float:
        """0–1 of the time that is read already."""
        waiting = sum(window.until - window.since for window in self.under_way)
        return min(1.0, (self.edge - self.first - waiting) / max(1, self.end - self.first))

    def ask(self) -> list[Future[Any]]:
        """The answers to come, one a window; nothing when all is read."""
        while len(self.under_way) < UNDER_WAY and self.edge <= self.end:
            until = self.edge + self.width
            self.under_way.append(self.window(self.edge, until))
            self.edge = until
        return [answer for window in self.under_way if (answer := window.pages.ask())]

    def take(self) -> Iterator[list[Item]]:
        """The items of every page that has come, after which `position` stands behind it. Raises AmoError."""
        for window in list(self.under_way):
            answer = window.pages.ask()
            if answer is None or not answer.done():
                continue
            items = window.pages.take() or []
            self.remark = self.remark or window.pages.remark
            if window.pages.ended:
                self.under_way.remove(window)
                self.width = next_width(window.until - window.since, window.pages.number - 1)
            elif self.too_wide(window):
                self.halve(window)
            yield items

    def too_wide(self, window: Window) -> bool:
        """Deep pages cost amoCRM much."""
        closed = window.until <= self.end
        return (
            closed
            and window.pages.number > 4 * WINDOW_PAGES
            and window.until - window.since > SHORTEST_WINDOW
        )

    def halve(self, window: Window) -> None:
        middle = (window.since + window.until) // 2
        place = self.under_way.index(window)
        self.under_way[place : place + 1] = [
            self.window(window.since, middle),
            self.window(middle, window.until),
        ]

    def window(self, since: int, until: int, page: int = 1) -> Window:
        asked = [*self.entity.params, ("filter[created_at][from]", since)]
        last: float = float("inf")
        if until <= self.end:
            last = until - 1
            asked.append(("filter[created_at][to]", until - 1))
        listing = Listing(
            self.client,
            self.entity.path,
            self.entity.key,
            asked,
            self.entity.limit,
            keep=lambda item: since <= item["created_at"] <= last,
        )
        return Window(since, until, Pages(listing, page, self.pool, ahead=1))


def next_width(width: int, pages: int) -> int:
    """Seconds of a window that should hold about the right number of pages, when one of ``width`` held ``pages``."""
    change = min(4.0, max(0.25, WINDOW_PAGES / max(1, pages)))
    return max(SHORTEST_WINDOW, int(width * change))
