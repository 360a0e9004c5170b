"""Deals of pipelines that were not chosen stay away, with all that belongs to them, by whatever door they come."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina

from pipelines import hooks, mirror, selection, touched
from pipelines.entities import TABLE
from pipelines.models import Account, Deal, Event, Hook, Stay, Task, Touch
from pipelines.source import Source
from pipelines.tests.test_sync import populate
from salesops.lib import moment
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
    selection.choose(account, [chosen])
    return chosen


def load(source: Source, full: bool = False) -> None:
    assert mirror.pull(source, TABLE, full=full) == []
    touched.deliver(judge=lambda deals: None)


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
    hooks.answer(source)
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
    assert selection.choose(account, None) and not mirror.complete()
    load(source)
    assert mirror.complete() and mirrored() == leads(world, main) | leads(world, other) == belongings()


def test_the_same_or_a_narrower_choice_reads_nothing_again(
    source: Source, account: Account, main: int
) -> None:
    load(source)
    account.refresh_from_db()
    assert not selection.choose(account, [main]) and not selection.choose(account, []) and mirror.complete()
