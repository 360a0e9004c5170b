"""What happens in amoCRM between two pages, two entities or two readings, and after a long silence."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from core import moment
from pipelines.account.source import Source
from pipelines.mirror import coverage, sync
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.models import Cursor, Deal, Event, Task, Touch
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.loads import everything, pages_of, populate, tick
from sandbox.server import Handle
from sandbox.switches import Switches
from sandbox.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def when_page_two_is_late(amo: Handle, path: str, deed: Callable[[], object]) -> None:
    """The third page of a list, if it is asked for at once, is answered before the second; in between is a deed."""
    gate, third = amo.app._gate, threading.Event()

    def slow(request: Any) -> Any:
        page = request.args.get("page") if request.path.endswith(path) else None
        if page == "2" and not third.is_set():
            third.wait(0.7)
            third.set()
            deed()
        answer = gate(request)
        if page == "3":
            third.set()
        return answer

    amo.app._gate = slow  # type: ignore[method-assign]  # a test’s hand


def test_an_edit_between_two_pages_hides_nothing_after_an_outage(
    amo: Handle, world: World, source: Source
) -> None:
    """An edited deal with a low id enters the front of the list of changes and moves all others on."""
    populate(world, 24)
    everything(source)
    tick(world, 3600)
    first, *others = sorted(world.leads.rows)
    for lead in others:
        world.edit_lead(lead_id=lead, price=5)
    tick(world, 3600)
    when_page_two_is_late(amo, "/leads", lambda: world.edit_lead(lead_id=first, price=7))
    with pages_of(4):
        everything(source)
    assert Deal.objects.filter(price=5).count() == len(others)
    tick(world)
    everything(source)
    assert_mirror_equals(world)


def test_notes_deleted_during_a_load_hide_no_others(world: World, source: Source) -> None:
    populate(world, 20)
    notes, entity = world.notes["leads"], ENTITIES["notes"]
    doomed = iter(sorted(notes.rows)[:6])
    tick(world, 3600)

    def meanwhile(run: sync.Pulled) -> None:
        if run.entity is entity and (note := next(doomed, None)):
            card = notes.rows.pop(note).entity_id
            notes.rearrange()
            world.record("common_note_deleted", "lead", card, by=0, at=world.clock.timestamp())

    kept = entity.limit
    object.__setattr__(entity, "limit", 3)
    try:
        assert coverage.pull_entities(source, TABLE, progress=meanwhile) == []
    finally:
        object.__setattr__(entity, "limit", kept)
    assert set(Touch.objects.values_list("id", flat=True)) >= {str(note) for note in notes.rows}


@pytest.mark.parametrize("after", ["deals", "tasks", "notes"])
def test_what_is_deleted_or_merged_while_others_are_loaded_is_settled(
    world: World, source: Source, after: str
) -> None:
    """The lists that show it are read already, and the log is read long after it happened."""
    populate(world, 8)
    survivor, loser, gone, *_ = sorted(world.leads.rows)
    task = sorted(world.tasks.rows)[5]

    def meanwhile(run: sync.Pulled) -> None:
        if run.entity.name == after:
            tick(world, 60)
            world.merge_leads(survivor_id=survivor, loser_ids=[loser])
            world.delete_lead(lead_id=gone)
            world.delete_task(task_id=task)
            tick(world, 1800)

    assert coverage.pull_entities(source, TABLE, ended=meanwhile) == []
    everything(source)
    assert_mirror_equals(world)
    assert Touch.objects.filter(deal_id=survivor).count() == 2


def test_a_merge_takes_chat_messages_along(world: World, source: Source) -> None:
    populate(world, 4)
    survivor, loser, *_ = sorted(world.leads.rows)
    world.record("incoming_chat_message", "lead", loser, by=0, at=world.clock.timestamp())
    tick(world, 86_400)
    everything(source)
    tick(world, 86_400)
    everything(source)
    world.merge_leads(survivor_id=survivor, loser_ids=[loser])
    tick(world)
    everything(source)
    assert Touch.objects.get(kind="message_in").deal_id == survivor
    assert_mirror_equals(world)


@pytest.fixture
def silence(serve: Any, now: Any) -> Handle:
    """An account whose log comes in pages of two."""
    return serve(World.empty(now=now, switches=Switches(events_page_cap=2)))


def weeks_of_work(world: World) -> None:
    first, second, *_ = [one.id for one in next(iter(world.pipelines.values())).statuses if one.type == 0]
    for number in range(40):
        tick(world, 12 * 3600)
        lead = sorted(world.leads.rows)[number % 4]
        world.move_lead(lead_id=lead, status_id=second if number % 8 < 4 else first)


def broken_off(source: Source, entity: str, pages: int) -> bool:
    """Read on, and die after so many pages; whether the end came before."""
    left = iter(range(pages))

    def count(run: sync.Pulled) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    try:
        run = sync.pull_entity(source, ENTITIES[entity], progress=count)
    except KeyboardInterrupt:
        return False
    assert run and not run.full
    return True


def test_a_log_after_a_long_outage_goes_on_where_it_broke_off(silence: Handle) -> None:
    from pipelines.tests.amo import source_of

    world = silence.world
    populate(world, 4)
    with source_of(silence) as source:
        everything(source)
        rows = Cursor.objects.get(entity="events").rows
        weeks_of_work(world)
        began = moment.now()
        tries = 1
        while not broken_off(source, "events", 6):
            tick(world)
            tries += 1
            assert tries < 20, "it never catches up"
        assert tries > 2
        cursor = Cursor.objects.get(entity="events")
        assert (cursor.as_of, cursor.position, cursor.state) == (began, None, "ready")
        assert cursor.rows > rows and Event.objects.filter(kind="stage").count() >= 40
        everything(source)
        assert_mirror_equals(world)


def test_a_full_reading_is_not_taken_for_the_rest_of_an_increment(silence: Handle) -> None:
    from pipelines.tests.amo import source_of

    world = silence.world
    populate(world, 4)
    with source_of(silence) as source:
        everything(source)
        weeks_of_work(world)
        assert not broken_off(source, "events", 6)
        Event.objects.all().delete()
        run = sync.pull_entity(source, ENTITIES["events"], full=True)
        assert run and run.full
        everything(source)
        assert_mirror_equals(world)


def test_a_short_increment_keeps_no_place(world: World, source: Source) -> None:
    populate(world, 4)
    everything(source)
    tick(world, 3600)
    assert not broken_off(source, "events", 0)
    assert Cursor.objects.get(entity="events").position is None
    assert Task.objects.exists()
