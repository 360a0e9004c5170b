import pytest
import stamina

from core import moment
from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.mirror import coverage, cursors, readers
from pipelines.mirror.entities import ENTITIES, TABLE, Entity
from pipelines.models import Cursor, Deal, Event, Task
from pipelines.tests.loads import populate
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World

pytestmark = pytest.mark.django_db


def named(*names: str) -> list[Entity]:
    return [ENTITIES[name] for name in names]


def test_a_log_waits_for_what_its_history_begins_with(world: World, source: Source) -> None:
    populate(world, 3)
    ended: list[str] = []
    coverage.pull_entities(source, reversed(TABLE), ended=lambda run: ended.append(run.entity.name))
    assert sorted(ended) == sorted(ENTITIES)
    assert ended.index("events") > max(ended.index(name) for name in ("deals", "tasks", "notes"))


def test_without_its_parents_an_entity_is_not_read_at_all(amo: Handle, world: World, source: Source) -> None:
    populate(world, 3)
    amo.app.faults.add(Fault(path="/leads$", status=404))
    with stamina.set_testing(True, attempts=2, cap=True):
        failures = coverage.pull_entities(source, named("deals", "tasks", "events", "contacts"))
    assert [(entity.name, type(error)) for entity, error in failures] == [("deals", errors.NotFound)]
    assert Cursor.objects.get(entity="contacts").as_of is not None
    assert not Cursor.objects.filter(entity__in=("tasks", "events")).exists()


def test_several_entities_are_under_way_at_once(world: World, source: Source) -> None:
    populate(world, 3)
    with readers.Round(source, TABLE, full=False, progress=lambda run: None, ended=lambda run: None) as one:
        one.advance()
        assert Cursor.objects.count() == readers.AT_ONCE
        while one.advance():
            pass
    assert coverage.is_complete()


def test_what_another_worker_has_read_meanwhile_is_not_read_again(world: World, source: Source) -> None:
    populate(world, 2)
    held = cursors.claim_cursor("deals")
    assert held
    told: list[list[str]] = []

    def others(entities: list[Entity]) -> bool:
        told.append([entity.name for entity in entities])
        moment.fix(world.clock.now().replace(hour=10).isoformat())
        cursors.begin_load(held, full=True)
        cursors.finish_load(held, moment.now())
        cursors.release_cursor(held)
        return True

    coverage.pull_entities(source, named("deals", "tasks"), full=True, others=others)
    assert told == [["deals"]] and not Deal.objects.exists() and Task.objects.count() == 2


def test_what_others_are_reading_is_left_to_them_unless_somebody_wants_to_wait(
    world: World, source: Source
) -> None:
    populate(world, 2)
    held = cursors.claim_cursor("deals")
    assert held and coverage.pull_entities(source, TABLE) == []
    assert not Deal.objects.exists() and not Event.objects.exists()
    assert Cursor.objects.get(entity="contacts").as_of
    cursors.fail_load(held, RuntimeError("died"))
    cursors.release_cursor(held)
    assert coverage.pull_entities(source, coverage.unfinished()) == [] and coverage.is_complete()


def test_a_failure_of_the_account_gives_all_leases_back_with_its_reason(amo: Handle, source: Source) -> None:
    amo.app.faults.add(Fault(path="/api/", status=401, times=99))
    coverage.pull_entities(source, TABLE)
    cursors_ = list(Cursor.objects.all())
    assert len(cursors_) == readers.AT_ONCE
    assert all("401" in one.error and one.lease_until is None for one in cursors_)
