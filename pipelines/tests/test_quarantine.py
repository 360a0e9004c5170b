"""A row of amoCRM that cannot be stored stands aside with its reason; the rows around it, and time, go on."""

from collections.abc import Iterator
from typing import Any

import pytest
import stamina
from django.test import Client
from django.urls import reverse

from core import moment
from devtools.tests import factory
from pipelines.account.source import Source
from pipelines.mirror import hooks, reconcile
from pipelines.models import Account, Cursor, Deal, Hook, QuarantinedRow, Stage, Task
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.loads import everything, populate, tick
from sandbox.world import World
from team.models import Role

pytestmark = pytest.mark.django_db
TOO_MUCH = 10**18  # one digit more than the column holds


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def aside() -> dict[tuple[str, str], str]:
    return {(one.entity, one.remote_id): one.reason for one in QuarantinedRow.objects.all()}


def spoil_deal(world: World, lead: int) -> None:
    world.leads.rows[lead].price = TOO_MUCH
    world.leads.rows[lead].updated_at = world.clock.timestamp()
    world.leads.put(world.leads.rows[lead])


def spoil_task(world: World, task: int) -> None:
    """As clients do that count in milliseconds."""
    world.tasks.rows[task].complete_till = world.clock.timestamp() * 1000
    world.tasks.rows[task].updated_at = world.clock.timestamp()
    world.tasks.put(world.tasks.rows[task])


def ids(world: World) -> tuple[list[int], list[int]]:
    return sorted(world.leads.rows), sorted(world.tasks.rows)


def test_a_first_load_goes_past_rows_that_cannot_be_stored(world: World, source: Source) -> None:
    populate(world, 8)
    leads, tasks = ids(world)
    spoil_deal(world, leads[3])
    spoil_task(world, tasks[5])
    world.edit_lead(lead_id=leads[0], name="C:\\u0000", price=10**18 - 1)
    everything(source)
    assert aside() == {
        ("deals", str(leads[3])): "numeric field overflow",
        ("tasks", str(tasks[5])): next(iter(QuarantinedRow.objects.filter(entity="tasks"))).reason,
    }
    assert set(leads) - {leads[3]} == set(Deal.objects.values_list("id", flat=True))
    assert set(tasks) - {tasks[5]} == set(Task.objects.values_list("id", flat=True))
    assert Deal.objects.get(pk=leads[0]).name == "C:\\u0000"
    assert Deal.objects.get(pk=leads[0]).price == 10**18 - 1
    assert not Cursor.objects.exclude(state=Cursor.State.READY).exists()


def test_increments_and_the_comparison_go_past_them_and_take_them_in_when_they_are_well(
    world: World, source: Source
) -> None:
    populate(world, 8)
    everything(source)
    leads, tasks = ids(world)
    tick(world)
    spoil_deal(world, leads[3])
    spoil_task(world, tasks[5])
    world.edit_lead(lead_id=leads[4], price=5)
    everything(source)
    assert set(aside()) == {("deals", str(leads[3])), ("tasks", str(tasks[5]))}
    assert Deal.objects.get(pk=leads[4]).price == 5
    assert Cursor.objects.get(entity="tasks").as_of == moment.now()
    compared = reconcile.compare_mirror(source)
    assert compared and compared.finished_at and len(aside()) == 2
    tick(world)
    world.edit_lead(lead_id=leads[3], price=7)
    world.reschedule_task(task_id=tasks[5], complete_till=world.clock.timestamp() + 60)
    everything(source)
    assert not aside()
    assert_mirror_equals(world)


def test_a_row_set_aside_is_forgotten_when_it_is_deleted_or_all_is_read_again(
    world: World, source: Source
) -> None:
    populate(world, 4)
    one, other, *_ = ids(world)[0]
    spoil_deal(world, one)
    spoil_deal(world, other)
    everything(source)
    assert len(aside()) == 2
    tick(world)
    world.delete_lead(lead_id=one)
    everything(source)
    assert set(aside()) == {("deals", str(other))}
    world.leads.rows.pop(other)
    world.leads.rearrange()
    everything(source, full=True)
    assert not aside()


def test_a_hook_about_such_a_row_is_done_with_and_so_are_those_beside_it(
    account: Account, world: World, source: Source
) -> None:
    populate(world, 4)
    everything(source)
    one, other, *_ = ids(world)[0]
    tick(world)
    spoil_deal(world, one)
    world.edit_lead(lead_id=other, price=9)
    for lead in (one, other):
        Hook.objects.create(body=f"leads[update][0][id]={lead}&account[id]={account.pk}".encode())
    hooks.answer_hooks(source)
    assert not Hook.objects.filter(handled_at=None).exists() and len(aside()) == 1
    assert Deal.objects.get(pk=other).price == 9


def test_a_dictionary_with_a_row_without_sense_buries_nobody(world: World, source: Source) -> None:
    everything(source)
    pipeline = next(iter(world.pipelines.values()))
    name, pipeline.name = pipeline.name, None  # type: ignore[assignment]  # what amoCRM must not send
    everything(source)
    assert ("pipelines", str(pipeline.id)) in aside() and not Stage.objects.exclude(deleted_at=None).exists()
    pipeline.name = name
    everything(source)
    assert not aside()


def login(role: str = Role.DIRECTOR) -> Client:
    client = Client()
    employee = factory.make_employee(role)
    employee.language = "en"
    employee.save()
    client.force_login(employee)
    return client


def test_the_sync_page_and_the_monitor_tell_how_many_and_why(now: Any) -> None:
    client = login()
    assert "could not be stored" not in client.get(reverse("sync")).content.decode()
    for key in range(30):
        QuarantinedRow.objects.create(
            entity="deals", remote_id=str(key), reason="numeric field overflow", at=now
        )
    text = client.get(reverse("sync")).content.decode()
    assert "30 rows could not be stored" in text and text.count("numeric field overflow") == 20
    assert Client().get("/readyz").json()["refused"] == {"deals": 30}


def test_a_deal_that_left_for_a_pipeline_nobody_mirrors_stands_aside_no_longer(
    world: World, source: Source
) -> None:
    populate(world, 2)
    other = world.create_pipeline(name="Опт", stages=["Заявка"])
    Account.objects.create(
        pk=world.account.id, base_url="https://x.amocrm.ru", pipelines=[next(iter(world.pipelines))]
    )
    lead = sorted(world.leads.rows)[0]
    spoil_deal(world, lead)
    everything(source)
    assert ("deals", str(lead)) in aside()
    tick(world)
    world.move_lead(lead_id=lead, pipeline_id=other.id, status_id=other.statuses[1].id)
    everything(source)
    assert aside() == {}
