from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
import stamina

from pipelines.amo import errors
from pipelines.amo.client import Client
from pipelines.amo.paging import Listing


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


class Shelf:
    """A list of items in pages, as amoCRM keeps it; ``heaviest`` is the largest page it manages before 504."""

    def __init__(self, count: int, *, always_next: bool = False, heaviest: int = 250, cap: int = 250) -> None:
        self.items = [{"id": key, "updated_at": key} for key in range(1, count + 1)]
        self.always_next, self.heaviest, self.cap = always_next, heaviest, cap
        self.asked: list[tuple[int, int]] = []
        self.stumbles: set[int] = set()  # pages that are too heavy once

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        page, limit = int(request.url.params["page"]), min(int(request.url.params["limit"]), self.cap)
        self.asked.append((page, limit))
        if limit > self.heaviest or page in self.stumbles:
            self.stumbles.discard(page)
            return httpx2.Response(504, html="<html>504</html>")
        shown = self.items[(page - 1) * limit : page * limit]
        if not shown:
            return httpx2.Response(204)
        links = {"self": {"href": "x"}}
        if self.always_next or page * limit < len(self.items):
            links["next"] = {"href": "x"}
        return httpx2.Response(200, json={"_page": page, "_links": links, "_embedded": {"leads": shown}})


def listing(shelf: Any, limit: int = 250, **more: Any) -> Listing:
    one = Client("https://example.amocrm.ru", lambda: "T", transport=httpx2.MockTransport(shelf))
    return Listing(one, "/api/v4/leads", "leads", [("order[id]", "asc")], limit, **more)


def ids(found: Listing, **more: Any) -> list[int]:
    return [item["id"] for _, items in found.pages(**more) for item in items]


@pytest.mark.parametrize("count", [0, 1, 249, 250, 251, 500, 1234])
@pytest.mark.parametrize("always_next", [False, True])
@pytest.mark.parametrize("parallel", [False, True])
def test_a_list_is_read_to_its_end_in_order(count: int, always_next: bool, parallel: bool) -> None:
    shelf = Shelf(count, always_next=always_next)
    with ThreadPoolExecutor(4) as pool:
        assert ids(listing(shelf), pool=pool if parallel else None) == list(range(1, count + 1))


def test_a_page_without_next_is_the_last_and_no_other_is_asked_for() -> None:
    shelf = Shelf(750)
    ids(listing(shelf))
    assert shelf.asked == [(1, 250), (2, 250), (3, 250)]


def test_a_short_list_is_not_overrun_in_parallel() -> None:
    shelf = Shelf(99)
    with ThreadPoolExecutor(4) as pool:
        ids(listing(shelf), pool=pool)
    assert shelf.asked == [(1, 250)]


def test_reading_goes_on_at_the_page_where_it_stopped() -> None:
    assert ids(listing(Shelf(600)), start=3) == list(range(501, 601))


@pytest.mark.parametrize("heaviest", [249, 125, 100, 62, 30, 15])
def test_after_504_smaller_portions_give_the_same_pages(heaviest: int) -> None:
    shelf = Shelf(777, heaviest=heaviest)
    pages = [(number, [item["id"] for item in items]) for number, items in listing(shelf).pages()]
    assert pages == [
        (number, list(range(number * 250 - 249, min(number * 250, 777) + 1))) for number in (1, 2, 3, 4)
    ]
    too_much = [limit for _, limit in shelf.asked if limit > heaviest]
    assert len(too_much) == len(set(too_much)), "a size that failed is not tried again"


def test_a_list_too_heavy_even_in_small_portions_is_an_error() -> None:
    with pytest.raises(errors.TooHeavy):
        ids(listing(Shelf(10, heaviest=1)))


def test_a_server_that_gives_smaller_pages_than_asked_for_loses_nothing() -> None:
    assert ids(listing(Shelf(350, cap=100), limit=250)) == list(range(1, 351))


@pytest.mark.parametrize("page", range(1, 10))
@pytest.mark.parametrize("always_next", [False, True])
def test_smaller_pages_than_asked_for_and_504_together_lose_nothing(page: int, always_next: bool) -> None:
    shelf = Shelf(810, cap=100, always_next=always_next)
    shelf.stumbles.add(page)
    assert ids(listing(shelf, limit=250)) == list(range(1, 811))


def test_a_load_that_goes_on_at_a_heavy_page_of_a_server_with_smaller_pages_loses_nothing() -> None:
    shelf = Shelf(810, cap=100)
    shelf.stumbles.add(3)
    found = ids(listing(shelf, limit=250), start=3)
    assert found == list(range(201, 811))


def test_a_filter_that_amocrm_ignores_is_applied_here() -> None:
    assert ids(listing(Shelf(300), keep=lambda item: item["updated_at"] >= 260)) == list(range(260, 301))


def test_an_item_that_moved_to_a_later_page_while_we_read_is_given_once() -> None:
    shelf = Shelf(500)

    def moving(request: httpx2.Request) -> httpx2.Response:
        answer = shelf(request)
        shelf.items.insert(
            0, {"id": 1000 + len(shelf.asked), "updated_at": 0}
        )  # newest first: all others move on
        return answer

    found = ids(listing(moving))
    assert len(found) == len(set(found))
    assert set(range(1, 501)) <= set(found)


@pytest.mark.parametrize("count", [4001, 5000, 15_000, 16_000, 90_000])
def test_the_length_of_a_long_list_is_estimated_with_a_few_small_questions(count: int) -> None:
    shelf = Shelf(count)
    found = listing(shelf).estimate(4000)
    assert found and abs(found - count) <= count / 6
    assert len(shelf.asked) <= 8 and {limit for _, limit in shelf.asked} == {1}


def test_a_list_too_deep_to_look_into_is_of_unknown_length() -> None:
    assert listing(Shelf(500, heaviest=0)).estimate(100) is None
