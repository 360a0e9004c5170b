"""A list that turns no page ends with a sentence; how long an account's pages are is learnt, and nothing is lost."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
import stamina
from django.test import Client as Browser
from django.urls import reverse

from devtools.tests import factory
from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.amo.client import Client
from pipelines.amo.paging import Listing
from pipelines.mirror import coverage, sync
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.models import Cursor, Deal, Event, Pipeline, Stage
from pipelines.tests.altered import Altered, rewritten, through
from pipelines.tests.loads import everything, populate
from pipelines.tests.test_paging import Shelf, ids, listing
from sandbox.server import Handle
from sandbox.switches import Switches
from sandbox.world import World
from team.models import Role


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


class Deaf(Shelf):
    """Gives the first page whatever page is asked for, and always one more ``next``."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((int(request.url.params["page"]), int(request.url.params["limit"])))
        assert len(self.asked) < 50, "it is asked for ever"
        shown = self.items[: int(request.url.params["limit"])]
        return httpx2.Response(200, json={"_links": {"next": {}}, "_embedded": {"leads": shown}})


class Clamped(Shelf):
    """Beyond its end gives its last page again and again."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        last = -(-len(self.items) // 250)
        url = request.url.copy_set_param("page", min(last, int(request.url.params["page"])))
        assert len(self.asked) < 50, "it is asked for ever"
        self.always_next = True
        return super().__call__(httpx2.Request("GET", url))


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("count", [1, 7, 49, 249])
def test_a_list_that_ignores_page_ends_and_a_short_one_is_whole(count: int, parallel: bool) -> None:
    shelf = Deaf(count)
    with ThreadPoolExecutor(4) as pool:
        assert ids(listing(shelf), pool=pool if parallel else None) == list(range(1, count + 1))
    assert len(shelf.asked) <= 7


@pytest.mark.parametrize("count", [50, 250, 1000])
def test_a_full_page_that_comes_again_and_again_is_an_error_with_a_sentence(count: int) -> None:
    shelf = Deaf(count)
    with pytest.raises(
        errors.Endless, match="gives page 3 the rows of earlier pages: reading ended after .* rows, and"
    ):
        ids(listing(shelf))
    assert len(shelf.asked) == 3


@pytest.mark.parametrize("count", [251, 499, 500, 777])
def test_a_list_that_repeats_its_last_page_is_read_to_its_end(count: int) -> None:
    assert ids(listing(Clamped(count))) == list(range(1, count + 1))


def test_rows_that_come_in_at_the_front_are_not_taken_for_an_endless_list() -> None:
    shelf = Shelf(150)

    def moving(request: httpx2.Request) -> httpx2.Response:
        answer = shelf(request)
        if len(shelf.asked) == 1:
            shelf.items[:0] = [{"id": 1000 + number, "updated_at": 0} for number in range(50)]
        return answer

    assert set(range(1, 151)) <= set(ids(listing(moving, limit=50)))


def test_the_length_and_the_end_of_a_list_that_ignores_page_are_not_sought_for_ever() -> None:
    assert listing(Deaf(250)).estimate(4000) is None
    assert listing(Deaf(250)).last_page(3) <= 5


class Sparing(Shelf):
    """50 rows a page, whatever is asked for, and never a ``next``."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().__call__(request)
        if answer.status_code != 200:
            return answer
        return httpx2.Response(200, json=json.loads(answer.content) | {"_links": {"self": {}}})


class Strict(Shelf):
    """Refuses a page longer than its own."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if int(request.url.params["limit"]) > self.cap:
            self.asked.append((0, int(request.url.params["limit"])))
            return httpx2.Response(400, json={"detail": f"Limit must be at most {self.cap}"})
        return super().__call__(request)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 249, 250, 251, 1234])
@pytest.mark.parametrize(("kind", "cap"), [(Sparing, 50), (Sparing, 100), (Shelf, 250), (Shelf, 100), (Strict, 100),
                                           (Strict, 50)])  # fmt: skip
def test_whatever_page_an_account_gives_nothing_is_lost(kind: type[Shelf], cap: int, count: int) -> None:
    shelf = kind(count, cap=cap)
    assert ids(listing(shelf)) == list(range(1, count + 1))
    needed = max(1, -(-count // cap))
    assert len(shelf.asked) <= needed + 3, "little more than its pages is asked for"


def test_a_limit_that_was_refused_once_is_not_tried_again_by_the_same_client() -> None:
    shelf = Strict(300, cap=100)
    one = Client("https://example.amocrm.ru", lambda: "T", transport=httpx2.MockTransport(shelf))
    for _ in range(2):
        assert len(list(Listing(one, "/api/v4/leads", "leads", []).items())) == 300
    assert [asked for asked in shelf.asked if asked[1] > 100] == [(0, 250)]


def test_a_question_that_is_refused_for_another_reason_stays_refused() -> None:
    with pytest.raises(errors.RequestRefused):
        ids(listing(lambda request: httpx2.Response(400, json={"detail": "filter"})))


def without_next(request: httpx2.Request, data: dict[str, Any]) -> None:
    if request.url.path == "/api/v4/events":
        data["_links"].pop("next", None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cap", "silent"), [(250, False), (100, False), (50, False), (100, True), (50, True)]
)
def test_events_of_every_account_are_all_read(serve: Any, now: Any, cap: int, silent: bool) -> None:
    amo = serve(World.empty(now=now, switches=Switches(events_page_cap=cap)))
    populate(amo.world, 120)
    assert len(amo.world.events.by_id) > 500
    with through(amo, rewritten(without_next if silent else lambda request, data: None)) as source:
        everything(source)
    mirrored = set(Event.objects.filter(entity="deal").values_list("pk", flat=True))
    there = {key for key, event in amo.world.events.by_id.items() if event.entity_type == "lead"
             and event.type in ("lead_added", "lead_status_changed", "entity_responsible_changed")}  # fmt: skip
    assert there and there <= mirrored


@pytest.mark.django_db
def test_an_account_that_refuses_long_pages_of_events_loses_none(serve: Any, now: Any) -> None:
    amo = serve(World.empty(now=now, switches=Switches(over_limit="error")))
    populate(amo.world, 60)
    with through(amo, rewritten(lambda request, data: None)) as source:
        everything(source)
    assert Event.objects.filter(kind="stage").count() == sum(
        event.type == "lead_status_changed" for event in amo.world.events.by_id.values()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("cap", "questions"), [(250, 3), (100, 7), (50, 13)])
def test_events_are_asked_for_by_the_longest_page(serve: Any, now: Any, cap: int, questions: int) -> None:
    """What it is for: the first load is mostly events."""
    amo = serve(World.empty(now=now, switches=Switches(events_page_cap=cap)))
    populate(amo.world, 183)
    log = ENTITIES["events"]
    with through(amo, rewritten(lambda request, data: None)) as source:
        found = list(Listing(source.client, log.path, log.key, [*log.params], log.limit).items())
        transport = source.client._http._transport
    assert isinstance(transport, Altered)
    assert len(found) == 609 and len(transport.asked) == questions


@pytest.mark.django_db
def test_a_load_that_broke_off_with_shorter_pages_reads_its_windows_again(
    amo: Handle, world: World, source: Source
) -> None:
    """A page number says nothing where pages have become longer: the seventh page of 100 is not the seventh of 250."""
    populate(world, 120)
    for name in ("users", "pipelines", "stages", "contacts", "deals", "tasks", "notes"):
        sync.pull_entity(source, ENTITIES[name])
    first = int(Deal.objects.order_by("created_at").first().created_at.timestamp())
    place = {"first": first, "next": first + 10**8, "width": 10**8, "open": [(first, first + 10**8, 3)]}
    Cursor.objects.create(
        entity="events", state=Cursor.State.LOADING, position=place, started_at=world.clock.now()
    )
    sync.pull_entity(source, ENTITIES["events"])
    moved = sum(event.type == "lead_status_changed" for event in world.events.by_id.values())
    assert Event.objects.filter(kind="stage").count() == moved


class Stuck(Altered):
    """Asks amoCRM for the first page of one list, whatever page it is asked for."""

    def __init__(self, path: str) -> None:
        super().__init__(rewritten(self.more))
        self.path = path

    def more(self, request: httpx2.Request, data: dict[str, Any]) -> None:
        if request.url.path == self.path and "only_deleted" not in str(request.url):
            data.setdefault("_links", {})["next"] = {"href": "x"}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert self.asked.count(self.path) < 60, "it is asked for ever"
        if request.url.path == self.path and "page" in request.url.params:
            request.url = request.url.copy_set_param("page", 1)
        return super().handle_request(request)


def stuck(amo: Handle, path: str) -> Source:
    client = Client(amo.url, lambda: amo.token, attempts=2, transport=Stuck(path))
    return Source(client, ZoneInfo("Europe/Moscow"))


def page(role: str = Role.DIRECTOR) -> str:
    browser = Browser()
    browser.force_login(factory.make_employee(role, language="en"))
    return " ".join(browser.get(reverse("sync")).content.decode().split())


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v4/leads/pipelines", "/api/v4/leads", "/api/v4/events"])
def test_what_a_list_that_turns_no_page_has_brought_is_kept_and_the_page_says_so(
    amo: Handle, world: World, path: str
) -> None:
    populate(world, 7)
    with stuck(amo, path) as source:
        everything(source)
    assert Deal.objects.count() == 7 and Event.objects.count() > 10 and Pipeline.objects.exists()
    strange = Cursor.objects.exclude(error="")
    assert strange and all(path in one.error and one.state == Cursor.State.READY for one in strange)
    assert "without an end" in page()


@pytest.mark.django_db
def test_a_list_that_may_hold_more_fails_alone_and_is_begun_anew(
    amo: Handle, world: World, source: Source
) -> None:
    populate(world, 300)
    with stuck(amo, "/api/v4/leads") as deaf_one:
        failures = coverage.pull_entities(deaf_one, TABLE, full=True)
    assert [entity.name for entity, _ in failures] == ["deals"]
    assert Deal.objects.count() >= 250 and Stage.objects.exists()
    cursor = Cursor.objects.get(entity="deals")
    assert cursor.state == Cursor.State.FAILED and "whether there are more is not known" in cursor.error
    assert "whether there are more is not known" in page()
    everything(source)
    assert Deal.objects.count() == 300
