"""Lists of amoCRM read page by page: the one place that knows where a list ends and what a page may hold."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from pipelines.amo.client import Client
from pipelines.amo.errors import TooHeavy

Item = dict[str, Any]
SMALLEST_PAGE = 10
IN_FLIGHT = 4  # enough for seven calls a second at half a second each


@dataclass
class Listing:
    """One question that has pages.

    ``keep`` repeats the filter of the question on every item: amoCRM silently ignores filters that an account has not
    enabled and sends the whole list. ``identity`` names an item; one that moved to a later page while we read is
    given once.
    """

    client: Client
    path: str
    key: str
    params: list[tuple[str, str | int]]
    limit: int = 250
    keep: Callable[[Item], bool] = lambda item: True
    identity: str = "id"
    _largest: int = field(init=False)

    def __post_init__(self) -> None:
        self._largest = self.limit

    def pages(self, start: int = 1, pool: Executor | None = None) -> Iterator[tuple[int, list[Item]]]:
        """(page number, its items) in order, from page ``start`` on.

        A list ends with 204, with a page without ``next``, or with an empty page. With a pool a few pages are under
        way at once, never more than were already seen: a short list is not overrun.
        """
        seen: set[Any] = set()
        waiting: deque[tuple[int, Future[tuple[list[Item], bool]]]] = deque()
        number, more = start, True
        while more:
            if pool:
                ahead = min(IN_FLIGHT, number - start + 1)
                while len(waiting) < ahead:
                    following = waiting[-1][0] + 1 if waiting else number
                    waiting.append((following, pool.submit(self.page, following, self.limit)))
                items, more = waiting.popleft()[1].result()
            else:
                items, more = self.page(number, self.limit)
            if not items:
                break
            fresh = [item for item in items if item[self.identity] not in seen and self.keep(item)]
            seen.update(item[self.identity] for item in items)
            yield number, fresh
            number += 1
        for _, future in waiting:
            future.cancel()

    def items(self) -> Iterator[Item]:
        for _, items in self.pages():
            yield from items

    def estimate(self, known: int) -> int | None:
        """About how many items there are (to an eighth), given that there are ``known``; amoCRM does not count them.

        A few questions for one item each; None when they are too much for it.
        """
        low, high = known, known * 4
        try:
            while self._reaches(high):
                low, high = high, high * 4
            while high - low > high // 8:
                middle = (low + high) // 2
                low, high = (middle, high) if self._reaches(middle) else (low, middle)
        except TooHeavy:
            return None
        return (low + high) // 2

    def _reaches(self, count: int) -> bool:
        answer = self.client.get(self.path, [*self.params, ("page", count), ("limit", 1)])
        return bool(answer and answer["_embedded"][self.key])

    def page(self, number: int, limit: int) -> tuple[list[Item], bool]:
        """One page and whether another may follow; in smaller portions when amoCRM cannot manage it at once."""
        if limit <= self._largest:
            try:
                return self._ask(number, limit)
            except TooHeavy:
                if limit <= SMALLEST_PAGE:
                    raise
                self._largest = limit // 2
        half = limit // 2
        start = (number - 1) * limit
        first, last = start // half + 1, (start + limit - 1) // half + 1
        items: list[Item] = []
        more = True
        for portion in range(first, last + 1):
            part, more = self.page(portion, half)
            items += part
            if not more:
                break
        offset = start - (first - 1) * half
        return items[offset : offset + limit], more or len(items) > offset + limit

    def _ask(self, number: int, limit: int) -> tuple[list[Item], bool]:
        answer = self.client.get(self.path, [*self.params, ("page", number), ("limit", limit)])
        if answer is None:
            return [], False
        items = answer.get("_embedded", {}).get(self.key) or []
        return items, "next" in answer.get("_links", {})
