"""What people do in amoCRM is learnt: deleting, restoring, merging, removing users; and filters that it ignores."""

from datetime import datetime
from typing import Any

import pytest

from core import moment
from pipelines.account.source import Source
from pipelines.mirror.refetch import refetch
from pipelines.models import (
    Contact,
    Deal,
    Event,
    Person,
    Stage,
    Task,
    Touch,
)
from pipelines.tests.amo import source_of
from pipelines.tests.loads import everything, populate, snapshot, tick
from pipelines.tests.loads import without_pauses as without_pauses
from sandbox.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("trashed_lead", ["204", "deleted"])
def test_a_deleted_deal_is_learned_and_a_restored_one_comes_back(
    serve: Any, now: datetime, trashed_lead: str
) -> None:
    from sandbox.switches import Switches

    amo = serve(World.empty(now=now, switches=Switches(trashed_lead=trashed_lead)))
    with source_of(amo) as source:
        populate(amo.world, 4)
        everything(source)
        deal = Deal.objects.order_by("id")[1].id
        tick(amo.world)
        amo.world.delete_lead(lead_id=deal)
        everything(source)
        assert Deal.objects.get(pk=deal).deleted_at == moment.now()
        assert Deal.objects.alive().count() == 3
        tick(amo.world, 3600)
        amo.world.restore_lead(lead_id=deal)
        everything(source)
        assert Deal.objects.get(pk=deal).deleted_at is None


def test_a_deal_that_vanished_without_a_word_is_found_by_a_full_round(world: World, source: Source) -> None:
    populate(world, 4)
    everything(source)
    deal = Deal.objects.order_by("id")[1].id
    world.leads.rows.pop(deal)
    world.leads.rearrange()
    everything(source, full=True)
    assert list(Deal.objects.exclude(deleted_at=None).values_list("id", flat=True)) == [deal]


def test_the_loser_of_a_merge_is_deleted_and_its_tasks_move(world: World, source: Source) -> None:
    populate(world, 3)
    everything(source)
    survivor, loser = Deal.objects.order_by("id").values_list("id", flat=True)[:2]
    tick(world)
    world.merge_leads(survivor_id=survivor, loser_ids=[loser])
    everything(source)
    assert Deal.objects.get(pk=loser).deleted_at is not None
    assert Task.objects.filter(deal_id=survivor).count() == 2
    assert Touch.objects.filter(deal_id=survivor).count() == 2
    assert not Event.objects.filter(entity="deal", entity_id=loser).exclude(kind="deleted").exists()


def test_a_deleted_task_is_learned_from_its_event(world: World, source: Source) -> None:
    populate(world, 3)
    everything(source)
    task = Task.objects.filter(is_completed=False).first()
    assert task
    tick(world)
    world.delete_task(task_id=task.id)
    everything(source)
    assert Task.objects.get(pk=task.id).deleted_at is not None


def test_a_removed_user_stays_with_the_moment_and_his_deals(world: World, source: Source) -> None:
    populate(world, 3)
    everything(source)
    gone = Deal.objects.order_by("id")[0].manager_id
    assert gone
    world.users.pop(gone)
    tick(world)
    everything(source)
    assert Person.objects.get(pk=gone).deleted_at == moment.now()
    assert Deal.objects.filter(manager_id=gone).exists()


def test_a_user_removed_before_the_first_load_is_noted(world: World, source: Source) -> None:
    populate(world, 3)
    gone = next(lead.responsible_user_id for lead in world.leads.rows.values())
    world.users.pop(gone)
    everything(source)
    assert (Person.objects.get(pk=gone).name, Person.objects.get(pk=gone).deleted_at) == (
        f"#{gone}",
        moment.now(),
    )


@pytest.mark.parametrize("in_list", [False, True])
def test_incoming_leads_are_mirrored_too(serve: Any, now: datetime, in_list: bool) -> None:
    from sandbox.switches import Switches

    amo = serve(World.empty(now=now, switches=Switches(incoming_in_leads=in_list)))
    row = amo.world.create_unsorted(name="Заявка с сайта", contact={"name": "Клиент"})
    with source_of(amo) as source:
        everything(source)
        deal = Deal.objects.get(name="Заявка с сайта")
        assert Stage.objects.get(pk=deal.stage_id).kind == "incoming"
        tick(amo.world)
        amo.world.edit_lead(lead_id=deal.pk, price=500)  # in no list of changes where it is hidden
        everything(source)
        deal.refresh_from_db()
        assert deal.price == 500
        tick(amo.world)
        amo.world.accept_unsorted(uid=row.uid)
        everything(source)
        Contact.objects.all().delete()  # as if the worker had been killed before it looked for the client
        everything(source)
        assert Contact.objects.filter(pk=deal.contact_id).exists()
        assert Stage.objects.get(pk=Deal.objects.get(pk=deal.pk).stage_id).kind == "work"
        tick(amo.world)
        second = amo.world.create_unsorted(name="Вторая")
        everything(source)
        assert Deal.objects.alive().filter(name="Вторая").exists()
        tick(amo.world)
        amo.world.decline_unsorted(uid=second.uid)
        everything(source)
        assert not Deal.objects.alive().filter(name="Вторая").exists()
        third = amo.world.create_unsorted(name="Третья", contact={"name": "Третий"})
        tick(amo.world, 3600)
        everything(source)
        assert not Contact.objects.filter(name="Третий").exists(), "hidden with its deal"
        tick(amo.world)
        amo.world.accept_unsorted(uid=third.uid)
        amo.world.delete_lead(lead_id=Deal.objects.get(name="Третья").pk)
        everything(source)
        assert not Deal.objects.alive().filter(name="Третья").exists()
        assert Contact.objects.filter(name="Третий", deleted_at=None).exists(), "it came out of hiding before"


def test_filters_that_amocrm_ignores_cost_time_and_nothing_else(serve: Any, now: datetime) -> None:
    from sandbox.switches import Switches

    amo = serve(World.empty(now=now, switches=Switches(filter_without_flag=False)))
    amo.world.account.is_api_filter_enabled = False
    with source_of(amo) as source:
        populate(amo.world, 6)
        everything(source)
        before = snapshot()
        tick(amo.world, 3600)
        deal = min(Deal.objects.values_list("id", flat=True))
        amo.world.edit_lead(lead_id=deal, name="Новое имя")
        everything(source)
        after = snapshot()
        assert [row["name"] for row in after["Deal"]][0] == "Новое имя"
        assert after["Deal"][1:] == before["Deal"][1:] and after["Task"] == before["Task"]
        refetch(source, {"deals": [deal]})


def test_a_dictionary_follows_amocrm(world: World, source: Source) -> None:
    everything(source)
    pipeline = next(iter(world.pipelines.values()))
    status = world.create_status(pipeline_id=pipeline.id, name="Договор", sort=35)
    everything(source)
    world.rename_status(pipeline_id=pipeline.id, status_id=status.id, name="Договор подписан")
    everything(source)
    stage = Stage.objects.get(status=status.id)
    assert (stage.name, stage.deleted_at) == ("Договор подписан", None)
    world.delete_status(pipeline_id=pipeline.id, status_id=status.id)
    everything(source)
    assert Stage.objects.get(status=status.id).deleted_at == moment.now()
