"""What becomes of cards, people and stages in amoCRM: each done in the sandbox, learned by hooks alone, by increments
alone and by reconciliation alone, after which the mirror is compared row by row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import stamina

from core import moment
from pipelines.account import connection
from pipelines.account.source import Source
from pipelines.mirror import hooks
from pipelines.models import Account, CustomField, Deal, LossReason, Person, Pipeline, Stage, Task
from pipelines.tests.amo import NOW, source_of
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.loads import everything, populate, tick
from pipelines.tests.ways import WAYS, Bell, bell
from sandbox.account_rows import CustomField as Field
from sandbox.account_rows import Enum, RequiredStatus
from sandbox.server import Handle, serve_in_thread
from sandbox.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def ring() -> Iterator[Bell]:
    with bell() as one:
        yield one


@dataclass
class Stand:
    """A mirrored account, and one of the ways to learn what happens in it."""

    world: World
    learn: Callable[[], None]
    way: str
    pipeline: int
    work: list[int]

    def after(self, *deeds: Callable[[], object]) -> None:
        """Do these one after another; after each the mirror learns of it and is compared."""
        for deed in deeds:
            tick(self.world)
            deed()
            self.learn()
            assert_mirror_equals(self.world)


def open_account(world: World) -> None:
    """The same rows in every test: they are loaded once."""
    populate(world, 6)
    world.fields["leads"][77] = Field(
        id=77, name="Город", type="select", enums=[Enum(1, "Москва"), Enum(2, "Тверь")]
    )


@pytest.fixture(scope="module")
def mirrored(rows_of_module: None) -> None:
    """The account as it was loaded, once for all tests: each goes on from there with a stand-in of its own."""
    moment.fix(NOW.isoformat())
    amo = serve_in_thread(World.empty(now=NOW))
    try:
        open_account(amo.world)
        connection.connect_by_token(amo.url, amo.token)
        with source_of(amo) as source:
            everything(source)
    finally:
        amo.stop()
        moment.fix(None)


@pytest.fixture(params=WAYS)
def stand(
    request: pytest.FixtureRequest, mirrored: None, account: Account, amo: Handle, source: Source, ring: Bell
) -> Stand:
    world = amo.world
    open_account(world)
    assert_mirror_equals(world)
    if request.param == "hooks":
        world.subscribe(ring.address, hooks.SETTINGS)
    pipeline = next(iter(world.pipelines.values()))
    work = [status.id for status in pipeline.statuses if status.type == 0 and status.id not in (142, 143)]
    return Stand(world, lambda: WAYS[request.param](amo, source, ring), request.param, pipeline.id, work)


def deals(**where: object) -> list[int]:
    return list(Deal.objects.alive().filter(**where).order_by("id").values_list("id", flat=True))


def test_a_deal_is_deleted_and_its_tasks_go_with_it(stand: Stand) -> None:
    deal = deals()[1]
    stand.after(lambda: stand.world.delete_lead(lead_id=deal))
    assert Deal.objects.get(pk=deal).deleted_at is not None
    assert Task.objects.filter(deal_id=deal).exists()
    assert not Task.objects.filter(deal_id=deal, deleted_at=None).exists()


def test_a_deal_is_restored_and_its_tasks_come_back(stand: Stand) -> None:
    deal = deals()[1]
    stand.after(lambda: stand.world.delete_lead(lead_id=deal), lambda: stand.world.restore_lead(lead_id=deal))
    assert Deal.objects.get(pk=deal).deleted_at is None
    assert Task.objects.filter(deal_id=deal, deleted_at=None).exists()


def test_a_deal_is_deleted_and_restored_before_anybody_looks(stand: Stand) -> None:
    deal = deals()[1]

    def both() -> None:
        stand.world.delete_lead(lead_id=deal)
        stand.world.restore_lead(lead_id=deal)

    stand.after(both)
    assert Deal.objects.get(pk=deal).deleted_at is None


def test_deals_are_merged_and_all_that_was_theirs_goes_to_the_survivor(stand: Stand) -> None:
    survivor, *losers = deals()[:3]
    stand.after(lambda: stand.world.merge_leads(survivor_id=survivor, loser_ids=losers))
    assert set(Deal.objects.exclude(deleted_at=None).values_list("id", flat=True)) == set(losers)
    assert Task.objects.filter(deal_id=survivor, deleted_at=None).count() == 3


def test_the_loser_of_a_merge_is_taken_out_of_the_trash(stand: Stand) -> None:
    survivor, loser = deals()[:2]
    stand.after(
        lambda: stand.world.merge_leads(survivor_id=survivor, loser_ids=[loser]),
        lambda: stand.world.restore_lead(lead_id=loser),
        lambda: stand.world.edit_lead(lead_id=loser, price=5),
    )
    assert Deal.objects.get(pk=loser).price == 5


def test_a_task_is_deleted(stand: Stand) -> None:
    task = Task.objects.filter(is_completed=False).values_list("id", flat=True)[0]
    stand.after(lambda: stand.world.delete_task(task_id=task))
    assert Task.objects.get(pk=task).deleted_at is not None


def test_a_task_goes_to_another_deal(stand: Stand) -> None:
    one, two = deals()[:2]
    task = Task.objects.get(deal_id=one).pk
    stand.after(lambda: stand.world.edit_task(task_id=task, entity_id=two, entity_type="leads"))
    assert Task.objects.get(pk=task).deal_id == two


def test_a_task_is_done_and_opened_again(stand: Stand) -> None:
    task = Task.objects.filter(is_completed=False).values_list("id", flat=True)[0]
    stand.after(
        lambda: stand.world.complete_task(task_id=task), lambda: stand.world.reopen_task(task_id=task)
    )
    assert Task.objects.get(pk=task).completed_at is None


def test_a_user_is_switched_off_and_on(stand: Stand) -> None:
    user = deals() and Deal.objects.get(pk=deals()[0]).manager_id
    assert user
    stand.after(lambda: stand.world.deactivate_user(user_id=user))
    person = Person.objects.get(pk=user)
    assert (person.is_active, person.deleted_at) == (False, None)
    stand.after(lambda: stand.world.activate_user(user_id=user))
    assert Person.objects.get(pk=user).is_active


def test_a_user_vanishes_and_his_deals_keep_naming_him(stand: Stand) -> None:
    user = Deal.objects.get(pk=deals()[0]).manager_id
    assert user
    name = Person.objects.get(pk=user).name
    stand.after(lambda: stand.world.remove_user(user_id=user))
    person = Person.objects.get(pk=user)
    assert person.name == name and person.deleted_at is not None
    assert Deal.objects.filter(manager_id=user).exists()


def test_a_user_vanishes_and_an_heir_takes_over(stand: Stand) -> None:
    user, heir = sorted(set(Deal.objects.values_list("manager_id", flat=True)))[:2]
    assert user and heir
    stand.after(lambda: stand.world.remove_user(user_id=user, heir_id=heir))
    assert not Deal.objects.alive().filter(manager_id=user).exists()


def test_a_pipeline_is_renamed_archived_and_brought_back(stand: Stand) -> None:
    stand.after(
        lambda: stand.world.rename_pipeline(pipeline_id=stand.pipeline, name="Опт"),
        lambda: stand.world.archive_pipeline(pipeline_id=stand.pipeline),
    )
    pipeline = Pipeline.objects.get(pk=stand.pipeline)
    assert (pipeline.name, pipeline.is_archived, pipeline.deleted_at) == ("Опт", True, None)
    stand.after(lambda: stand.world.archive_pipeline(pipeline_id=stand.pipeline, archived=False))
    assert not Pipeline.objects.get(pk=stand.pipeline).is_archived


def test_a_deal_moves_to_a_new_pipeline_that_is_emptied_and_deleted(stand: Stand) -> None:
    deal = deals()[1]
    second = stand.world.create_pipeline(name="Сервис", stages=["Заявка", "Ремонт"])
    status = next(one.id for one in second.statuses if one.type == 0 and one.id not in (142, 143))
    stand.after(
        lambda: stand.world.move_lead(lead_id=deal, pipeline_id=second.id, status_id=status),
        lambda: stand.world.move_lead(lead_id=deal, pipeline_id=stand.pipeline, status_id=stand.work[0]),
        lambda: stand.world.delete_pipeline(pipeline_id=second.id),
    )
    assert Pipeline.objects.get(pk=second.id).deleted_at == moment.now()
    assert not Stage.objects.filter(pipeline_id=second.id, deleted_at=None).exists()


def test_a_stage_is_renamed(stand: Stand) -> None:
    stand.after(
        lambda: stand.world.rename_status(
            pipeline_id=stand.pipeline, status_id=stand.work[1], name="Счёт отправлен"
        ),
        lambda: stand.world.rename_status(pipeline_id=stand.pipeline, status_id=143, name="Отказ"),
    )
    assert Stage.objects.get(pk=f"{stand.pipeline}:143").name == "Отказ"


def test_a_stage_is_deleted_and_its_deals_go_to_the_first_one(stand: Stand) -> None:
    key = f"{stand.pipeline}:{stand.work[1]}"
    there = deals(stage=key)
    assert there
    stand.after(lambda: stand.world.delete_status(pipeline_id=stand.pipeline, status_id=stand.work[1]))
    assert Stage.objects.get(pk=key).deleted_at is not None
    assert set(there) <= set(deals(stage=f"{stand.pipeline}:{stand.work[0]}"))


def test_a_field_becomes_required_in_stages_and_stops_being_so(stand: Stand) -> None:
    field = stand.world.fields["leads"][77]

    def require(*statuses: int) -> None:
        field.required_statuses = [
            RequiredStatus(status_id=status, pipeline_id=stand.pipeline) for status in statuses
        ]

    stand.after(lambda: require(142, stand.work[1]))
    assert set(CustomField.objects.get(pk=77).required_stages) == {
        f"{stand.pipeline}:142",
        f"{stand.pipeline}:{stand.work[1]}",
    }
    stand.after(require)
    assert CustomField.objects.get(pk=77).required_stages == []


def test_a_field_is_filled_renamed_gets_a_choice_and_is_deleted(stand: Stand) -> None:
    deal, field = deals()[1], stand.world.fields["leads"][77]

    def rename() -> None:
        field.name, field.enums = "Город доставки", [*(field.enums or ()), Enum(3, "Псков")]

    stand.after(
        lambda: stand.world.edit_lead(
            lead_id=deal, custom_fields_values=[{"field_id": 77, "values": [{"value": "Тверь"}]}]
        ),
        rename,
        lambda: stand.world.fields["leads"].pop(77),
    )
    assert Deal.objects.get(pk=deal).fields == {"77": "Тверь"}
    known = CustomField.objects.get(pk=77)
    assert (known.name, known.enums["3"], known.deleted_at) == ("Город доставки", "Псков", moment.now())


def test_a_loss_reason_is_renamed_then_deleted_while_deals_refer_to_it(stand: Stand) -> None:
    (reason,) = stand.world.loss_reasons.values()
    stand.world.create_loss_reason(name="Нет денег")

    def rename() -> None:
        reason.name = "Слишком дорого"

    stand.after(rename, lambda: stand.world.loss_reasons.pop(reason.id))
    known = LossReason.objects.get(pk=reason.id)
    assert known.name == "Слишком дорого" and known.deleted_at is not None
    assert Deal.objects.filter(loss_reason_id=reason.id).exists()


def test_the_last_loss_reason_is_deleted(stand: Stand) -> None:
    (reason,) = stand.world.loss_reasons.values()
    stand.after(lambda: stand.world.loss_reasons.pop(reason.id))
    assert LossReason.objects.get(pk=reason.id).deleted_at is not None


def test_a_deal_is_lost_for_a_new_reason_and_opened_again(stand: Stand) -> None:
    deal = deals(closed_at=None)[0]
    reason = stand.world.create_loss_reason(name="Конкурент")
    stand.after(
        lambda: stand.world.move_lead(lead_id=deal, status_id=143, loss_reason_id=reason.id),
        lambda: stand.world.move_lead(lead_id=deal, status_id=stand.work[0]),
    )
    assert Deal.objects.get(pk=deal).closed_at is None


def test_an_incoming_deal_is_accepted_and_its_contact_is_known(stand: Stand) -> None:
    row = stand.world.create_unsorted(name="Заявка", contact={"name": "Гость"})
    deal, contact = row.embedded.leads[0].id, row.embedded.contacts[0].id
    stand.after(lambda: None, lambda: stand.world.accept_unsorted(uid=row.uid))
    assert Deal.objects.get(pk=deal).contact_id == contact
    assert Deal.objects.select_related("contact").get(pk=deal).contact.name == "Гость"


def test_an_incoming_deal_is_declined(stand: Stand) -> None:
    row = stand.world.create_unsorted(name="Заявка")
    stand.after(lambda: None, lambda: stand.world.decline_unsorted(uid=row.uid))
    assert Deal.objects.get(pk=row.embedded.leads[0].id).deleted_at is not None
