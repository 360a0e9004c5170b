"""Lists of amoCRM read page by page: the one place that knows where a list ends and what a page may hold."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from core import moment
from pipelines.amo.client import Client
from pipelines.amo.errors import BadAnswer, Endless, RequestRefused, TooHeavy

log = logging.getLogger(__name__)


class More(IntEnum):
    """Whether another page follows; ``PERHAPS``: no ``next`` is given, but the page has a length that accounts set."""

    NO = 0
    PERHAPS = 1
    YES = 2


Item = dict[str, Any]
Page = tuple[list[Item], More]
Answer = Future[Page]
SMALLEST_PAGE = 10
USUAL = 50  # rows, or a multiple: the length of pages where an account gives less than is asked for
SMALLER = (100, 50)  # what is asked for instead of a page that amoCRM refuses as too long
REPEATS = 2  # pages on end with nothing new; one alone may be made by rows that come in at the front
DEEPEST = 10**8  # no list is longer
IN_FLIGHT = (
    4  # of one list; several lists are read at once, so that a second of latency does not slow us down
)


@dataclass
class Listing:
    """One question that has pages.

    ``keep`` repeats the filter of the question on every item: amoCRM silently ignores filters that an account has not
    enabled and sends the whole list. ``identity`` names an item; one that moved to a later page while we read is
    given once, one without a name cannot be kept and is left out.
    """

    client: Client
    path: str
    key: str
    params: list[tuple[str, str | int]]
    limit: int = 250
    keep: Callable[[Item], bool] = lambda item: True
    identity: str = "id"
    _largest: int = field(init=False)  # that amoCRM manages at once
    _longest: int = field(init=False, default=0)  # page that has come
    _cap: int | None = field(init=False, default=None)  # where amoCRM gives less than is asked for

    def __post_init__(self) -> None:
        self._largest = self.limit

    def pages(self, start: int = 1, pool: Executor | None = None) -> Iterator[tuple[int, list[Item]]]:
        """(page number, its items) in order, from page ``start`` on."""
        reading = Pages(self, start, pool)
        while reading.ask():
            number = reading.number
            items = reading.take()
            if items is not None:
                yield number, items

    def items(self) -> Iterator[Item]:
        for _, items in self.pages():
            yield from items

    def last_page(self, guess: int) -> int:
        """The number of the last page, sought from ``guess`` on: not less than it."""
        number, before = guess, None
        while True:
            items, more = self.page(number, self.limit)
            names = [item[self.identity] for item in items]
            if not more or names == before:
                return number
            number, before = number + 1, names

    def backwards(self, start: int) -> Iterator[tuple[int, list[Item], datetime]]:
        """(page number, its items, when it was asked for) from page ``start`` to the first, one after another.

        What is deleted meanwhile moves later rows to earlier pages: read this way they come twice, not never.
        """
        for number in range(start, 0, -1):
            asked = moment.now()
            yield number, [item for item in self.page(number, self.limit)[0] if self.fits(item)], asked

    def estimate(self, known: int) -> int | None:
        """About how many items there are (to an eighth), given that there are ``known``; amoCRM does not count them.

        A few questions for one item each; None when they are too much for it.
        """
        low, high = known, known * 4
        try:
            while self._reaches(high):
                low, high = high, high * 4
                if high > DEEPEST:  # the page is not looked at
                    return None
            while high - low > high // 8:
                middle = (low + high) // 2
                low, high = (middle, high) if self._reaches(middle) else (low, middle)
        except TooHeavy:
            return None
        return (low + high) // 2

    def _reaches(self, count: int) -> bool:
        answer = self.client.get(self.path, [*self.params, ("page", count), ("limit", 1)])
        return bool(answer and self._items(answer))

    def fits(self, item: Item) -> bool:
        """Whether it is asked for; what `keep` cannot tell is given on, to be set aside where it is understood."""
        try:
            return self.keep(item)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return True

    def page(self, number: int, limit: int) -> Page:
        """One page and whether another may follow; in smaller portions when amoCRM cannot manage it at once."""
        length = self._length(limit)
        if length <= self._largest:
            try:
                return self._ask(number, limit)
            except TooHeavy:
                if length <= SMALLEST_PAGE:
                    raise
                self._largest = min(self._largest, length // 2)
        half = length // 2
        start = (number - 1) * length
        first, last = start // half + 1, (start + length - 1) // half + 1
        items: list[Item] = []
        more = More.YES
        for portion in range(first, last + 1):
            part, more = self.page(portion, half)
            if self._length(limit) != length:  # only now it shows where the page begins
                return self.page(number, limit)
            items += part
            if not more:
                break
        offset = start - (first - 1) * half
        return items[offset : offset + length], More.YES if len(items) > offset + length else more

    def _length(self, limit: int) -> int:
        """Rows on a page when ``limit`` are asked for."""
        return limit if self._cap is None else min(limit, self._cap)

    def _ask(self, number: int, limit: int) -> Page:
        answer = self._answer(number, limit)
        if answer is None:
            return [], More.NO
        items, links = self._items(answer), answer.get("_links")
        length = len(items)
        if isinstance(links, dict) and "next" in links:
            more = More.YES
        else:
            more = More.PERHAPS if 0 < length < limit and length % USUAL == 0 else More.NO
        if more and self._longest <= length < limit:  # a short last page may claim a next one, too
            self._cap = length
        self._longest = max(self._longest, length)
        named = [item for item in items if isinstance(item, dict) and self._named(item)]
        if len(named) < length:
            log.warning("%s: %d items without %s are left out", self.path, length - len(named), self.identity)
        return named, more

    def _answer(self, number: int, limit: int) -> dict[str, Any] | None:
        """Where amoCRM refuses so long a page, it is asked for shorter ones from then on."""
        known = self.client.page_limits.get(self.path, limit)
        sizes = [min(limit, known), *(size for size in SMALLER if size < min(limit, known))]
        for size in sizes:
            try:
                answer = self.client.get(self.path, [*self.params, ("page", number), ("limit", size)])
            except RequestRefused:
                if size == sizes[-1]:
                    raise
                continue
            if size < limit:
                self.client.page_limits[self.path] = size
            return answer
        raise AssertionError("unreachable")

    def _items(self, answer: dict[str, Any]) -> list[Any]:
        embedded = answer.get("_embedded") or {}
        items = embedded.get(self.key) or [] if isinstance(embedded, dict) else None
        if not isinstance(items, list):
            raise BadAnswer(f"the answer to {self.path} holds no list of {self.key}")
        return items

    def _named(self, item: Item) -> bool:
        return isinstance(item.get(self.identity), int | str)


@dataclass
class Pages:
    """A list on its way: ask for the next page, wait for it as you like, take it.

    A list ends with 204, with a page without ``next``, or with an empty page; and with pages that bring nothing new,
    which ``remark`` tells then. With a pool up to ``ahead`` pages are under way at once, never more than were already
    seen: a short list is not overrun. Several at once lose rows where rows can enter the list at its front. ``number``
    is the next page, ``asked`` when the last one taken was asked for.
    """

    listing: Listing
    number: int = 1
    pool: Executor | None = None
    ahead: int = IN_FLIGHT
    ended: bool = False
    remark: str = ""
    asked: datetime = field(init=False)
    _start: int = field(init=False)
    _seen: set[Any] = field(init=False, default_factory=set)
    _asked: deque[tuple[datetime, Answer]] = field(init=False, default_factory=deque)
    _repeats: int = field(init=False, default=0)
    _longest: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._start, self.asked = self.number, moment.now()

    def ask(self) -> Answer | None:
        """The answer to come for page ``number``; None after the end. Asking twice asks amoCRM once."""
        if self.ended:
            return None
        ahead = min(self.ahead, self.number - self._start + 1) if self.pool else 1
        while len(self._asked) < ahead:
            self._asked.append((moment.now(), self._submit(self.number + len(self._asked))))
        return self._asked[0][1]

    def take(self) -> list[Item] | None:
        """The items of page ``number`` that are new and fit; None where the list had ended before. Raises AmoError:
        Endless where page after page is the first one, and there may be others."""
        self.asked, answer = self._asked.popleft()
        items, more = answer.result()
        fresh = [item for item in items if item[self.listing.identity] not in self._seen]
        self._seen.update(item[self.listing.identity] for item in items)
        self._longest = max(self._longest, len(items))
        self._repeats = 0 if fresh or not items else self._repeats + 1
        repeated = self._repeats > 0 and (more is More.PERHAPS or self._repeats == REPEATS)
        self.ended = repeated or not (items and more)
        if self.ended:
            for _, other in self._asked:
                other.cancel()
        if repeated and more is More.YES:
            self._repeated()
        if not items:
            return None
        self.number += 1
        return [item for item in fresh if self.listing.fits(item)]

    def _repeated(self) -> None:
        """The first page alone, whatever page is asked for, may be all there is if it is not as long as pages get."""
        self.remark = (
            f"{self.listing.path} gives page {self.number} the rows of earlier pages: reading ended after "
            f"{len(self._seen)} rows"
        )
        if len(self._seen) == self._longest and self._longest % USUAL == 0:
            raise Endless(f"{self.remark}, and whether there are more is not known")
        log.warning("%s", self.remark)

    def _submit(self, number: int) -> Answer:
        if self.pool:
            return self.pool.submit(self.listing.page, number, self.listing.limit)
        answer: Answer = Future()
        answer.set_result(self.listing.page(number, self.listing.limit))
        return answer
