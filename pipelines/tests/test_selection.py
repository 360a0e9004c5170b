"""Deals of pipelines that were not chosen stay away, with all that belongs to them, by whatever door they come."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
import stamina
from django.db import DatabaseError, connection

from core import moment
from jobs import judgement_queue
from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.mirror import coverage, hooks, reconcile, selection, sync
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.models import Account, Cursor, Deal, Event, Hook, Stay, Task, Touch
from pipelines.tests.loads import pages_of, populate
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def other(world: World) -> int:
    """Another pipeline with three of the six deals."""
    populate(world, 6)
    made = world.create_pipeline(name="Опт", stages=["Новая", "Отгрузка"])
    stage = next(status.id for status in made.statuses if status.name == "Отгрузка")
    for lead in [lead for lead in world.leads.rows if lead % 2][:3]:
        world.move_lead(lead_id=lead, status_id=stage, pipeline_id=made.id)
    return made.id


@pytest.fixture
def main(account: Account, world: World, other: int) -> int:
    """The chosen one."""
    (chosen,) = (pipeline for pipeline in world.pipelines if pipeline != other)
    selection.choose_pipelines(account, [chosen])
    return chosen


def load(source: Source, full: bool = False) -> None:
    assert coverage.pull_entities(source, TABLE, full=full) == []
    judgement_queue.judge_waiting()


def leads(world: World, pipeline: int) -> set[int]:
    return {lead.id for lead in world.leads.rows.values() if lead.pipeline_id == pipeline}


def mirrored() -> set[int]:
    return set(Deal.objects.values_list("id", flat=True))


def belongings() -> set[int]:
    """The deals that tasks, touches, events and stays here belong to."""
    return (
        set(Task.objects.exclude(deal_id=None).values_list("deal_id", flat=True))
        | set(Touch.objects.exclude(deal_id=None).values_list("deal_id", flat=True))
        | set(Event.objects.filter(entity="deal").values_list("entity_id", flat=True))
        | set(Stay.objects.values_list("deal_id", flat=True))
    )


@pytest.mark.parametrize("ignored", [False, True], ids=["filtered by amoCRM", "amoCRM ignores the filter"])
def test_only_chosen_pipelines_are_loaded(
    world: World, source: Source, main: int, other: int, ignored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ignored:
        monkeypatch.setattr(selection, "asked", lambda entity: ())
    load(source)
    assert mirrored() == leads(world, main) == belongings() and leads(world, other)


def test_hooks_and_increments_bring_no_others(
    world: World, source: Source, account: Account, main: int, other: int
) -> None:
    load(source)
    stranger = min(leads(world, other))
    world.clock.advance(timedelta(minutes=5))
    world.edit_lead(lead_id=stranger, price=5)
    Hook.objects.create(body=f"leads[update][0][id]={stranger}&account[id]={account.pk}".encode())
    hooks.answer_hooks(source)
    load(source)
    assert mirrored() == leads(world, main) == belongings()


def test_a_deal_that_comes_over_brings_its_whole_story(
    world: World, source: Source, main: int, other: int
) -> None:
    load(source)
    comer = min(leads(world, other))
    stage = next(status.id for status in world.pipelines[main].statuses if status.type == 0)
    moment.fix((moment.now() + timedelta(hours=3)).isoformat())
    world.clock.advance(timedelta(hours=3))
    world.move_lead(lead_id=comer, status_id=stage, pipeline_id=main)
    load(source)
    assert comer in mirrored()
    kinds = set(Event.objects.filter(entity="deal", entity_id=comer).values_list("kind", flat=True))
    assert kinds >= {"created", "stage"}
    assert Task.objects.filter(deal_id=comer).exists() and Touch.objects.filter(deal_id=comer).exists()


def test_a_deal_that_goes_away_is_followed(world: World, source: Source, main: int, other: int) -> None:
    load(source)
    goer = min(leads(world, main))
    stage = next(status.id for status in world.pipelines[other].statuses if status.type == 0)
    moment.fix((moment.now() + timedelta(hours=3)).isoformat())
    world.clock.advance(timedelta(hours=3))
    world.move_lead(lead_id=goer, status_id=stage, pipeline_id=other)
    load(source)
    assert Deal.objects.get(pk=goer).pipeline_id == other, "not left standing in a stage it is not in"
    load(source, full=True)
    assert Deal.objects.get(pk=goer, deleted_at=None).pipeline_id == other


def test_a_wider_choice_brings_the_rest(
    world: World, source: Source, account: Account, main: int, other: int, amo: Handle
) -> None:
    load(source)
    account.refresh_from_db()
    assert selection.choose_pipelines(account, None) and not coverage.is_complete()
    load(source)
    assert coverage.is_complete() and mirrored() == leads(world, main) | leads(world, other) == belongings()


def test_the_same_or_a_narrower_choice_reads_nothing_again(
    source: Source, account: Account, main: int
) -> None:
    load(source)
    account.refresh_from_db()
    assert (
        not selection.choose_pipelines(account, [main])
        and not selection.choose_pipelines(account, [])
        and coverage.is_complete()
    )


def come_over(world: World, comer: int, main: int) -> None:
    stage = next(status.id for status in world.pipelines[main].statuses if status.type == 0)
    world.move_lead(lead_id=comer, status_id=stage, pipeline_id=main)


def later(world: World, **time: int) -> None:
    moment.fix((moment.now() + timedelta(**time)).isoformat())
    world.clock.advance(timedelta(**time))


def assert_whole_story(comer: int) -> None:
    kinds = set(Event.objects.filter(entity="deal", entity_id=comer).values_list("kind", flat=True))
    assert kinds >= {"created", "stage"}
    task = Task.objects.get(deal_id=comer)
    assert task.completed_at and not task.completed_inferred
    assert set(Touch.objects.filter(deal_id=comer).values_list("kind", flat=True)) == {
        "call_out",
        "message_in",
    }


def by_increment(source: Source, comer: int) -> None:
    coverage.pull_entities(source, TABLE)


def by_hook(source: Source, comer: int) -> None:
    Hook.objects.create(body=f"leads[update][0][id]={comer}".encode())
    with suppress(errors.AmoError):
        hooks.answer_hooks(source)
    Hook.objects.update(lease_until=None)


def by_comparison(source: Source, comer: int) -> None:
    with suppress(errors.AmoError):
        reconcile.compare_mirror(source)


@pytest.mark.parametrize("path", ["/notes$", "/tasks$", "/events$", ""])
@pytest.mark.parametrize("way", [by_increment, by_hook, by_comparison])
def test_the_story_of_a_deal_that_comes_over_is_not_lost_when_it_could_not_be_read_at_once(
    amo: Handle, world: World, source: Source, main: int, other: int, path: str, way: Callable[..., None]
) -> None:
    comer = min(leads(world, other))
    world.record("incoming_chat_message", "lead", comer, by=0, at=world.clock.timestamp())
    (task,) = (task for task in world.tasks if task.entity_id == comer)
    if not task.is_completed:
        world.complete_task(task_id=task.id)
    load(source)
    later(world, hours=3)
    load(source)
    come_over(world, comer, main)
    if path:
        amo.app.faults.add(Fault(path=path, status=402))
    way(source, comer)
    amo.app.faults.clear()
    assert path == "" or comer not in mirrored(), "both or neither"
    load(source)
    assert_whole_story(comer)


def test_what_the_token_may_not_read_does_not_keep_a_deal_from_coming_over(
    amo: Handle, world: World, source: Source, main: int, other: int
) -> None:
    load(source)
    comer = min(leads(world, other))
    later(world, hours=3)
    come_over(world, comer, main)
    Cursor.objects.filter(entity="notes").update(state=Cursor.State.DENIED)
    asked = ENTITIES["notes"].path
    amo.app.faults.add(Fault(path=asked, status=402, times=99))
    assert coverage.pull_entities(source, [ENTITIES["deals"]]) == []
    assert comer in mirrored() and Task.objects.filter(deal_id=comer).exists()


@pytest.mark.parametrize("into", [False, True], ids=["out of the chosen pipeline", "into it"])
def test_deals_that_move_during_the_first_load_hide_no_others(
    world: World, source: Source, main: int, other: int, into: bool
) -> None:
    """A filtered list shifts when a deal leaves it, though nothing was deleted."""
    stages = {
        pipeline: next(status.id for status in world.pipelines[pipeline].statuses if status.type == 0)
        for pipeline in (main, other)
    }
    home = other if into else main
    movers = [world.create_lead(name="x", pipeline_id=home, status_id=stages[home]).id for _ in range(6)]
    for _ in range(20):
        world.create_lead(name="y", pipeline_id=main, status_id=stages[main])
    later(world, hours=3)
    movers = iter(movers)
    away = main if into else other

    def meanwhile(run: sync.Pulled) -> None:
        if run.entity.name == "deals" and run.cursor.pages > 2 and (mover := next(movers, None)):
            world.move_lead(lead_id=mover, pipeline_id=away, status_id=stages[away])

    with pages_of(3):
        assert coverage.pull_entities(source, TABLE, progress=meanwhile) == []
    assert leads(world, main) <= mirrored()


def test_incoming_leads_of_other_pipelines_cost_no_requests(
    amo: Handle, world: World, source: Source, main: int, other: int
) -> None:
    def cost(way: Callable[[], object]) -> int:
        before = amo.app.counters["requests"]
        way()
        return amo.app.counters["requests"] - before

    load(source)
    later(world, minutes=30)
    increment, sweep = cost(lambda: load(source)), cost(lambda: reconcile.compare_mirror(source))
    for _ in range(12):
        world.create_unsorted(name="Чужая", pipeline_id=other)
    mine = world.create_unsorted(name="Своя", pipeline_id=main)
    later(world, minutes=30)
    load(source)
    later(world, minutes=30)
    assert cost(lambda: load(source)) == increment
    assert cost(lambda: reconcile.compare_mirror(source)) <= sweep + 2, "our own waiting deal"
    assert Deal.objects.filter(name="Своя").exists() and not Deal.objects.filter(name="Чужая").exists()
    assert mine.pipeline_id == main


def test_a_choice_is_saved_with_the_load_that_it_asks_for_or_not_at_all(
    source: Source, account: Account, main: int
) -> None:
    load(source)
    account.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE FUNCTION break_down() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN RAISE EXCEPTION 'killed'; END $$;
               CREATE TRIGGER killed BEFORE UPDATE ON pipelines_cursor EXECUTE FUNCTION break_down()"""
        )
    with pytest.raises(DatabaseError):
        selection.choose_pipelines(account, None)
    account.refresh_from_db()
    assert account.pipelines == [main]


def test_a_task_that_goes_over_to_a_deal_that_is_not_mirrored_is_followed(
    world: World, source: Source, main: int, other: int
) -> None:
    """Left as it was it would be overdue for ever with the deal it has left."""
    load(source)
    mine, strange = min(leads(world, main)), min(leads(world, other))
    (task,) = Task.objects.filter(deal_id=mine).values_list("id", flat=True)
    later(world, hours=3)
    world.edit_task(task_id=task, entity_id=strange, entity_type="leads")
    load(source)
    assert Task.objects.get(pk=task).deal_id == strange
    later(world, hours=3)
    world.delete_task(task_id=task)
    load(source)
    assert Task.objects.get(pk=task).deleted_at and strange not in mirrored()
