"""Every quirk of amoCRM that a reader of it meets, done for real in the sandbox; then the mirror is compared.

The numbers are those of the fact sheet's list of quirks for a sync client. Two are not here, for they concern whoever
holds the keys, not whoever reads, and are tested in `test_access`: 11, two workers that renew one token
(``test_two_workers_renew_once``), and 22, a renamed account (``test_quirk_22_…``).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import stamina
from msgspec.structs import replace as switched

from core import moment, redis
from jobs import judgement_queue
from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.amo.client import Client
from pipelines.amo.pace import Pace
from pipelines.mirror import coverage, hooks, reconcile, refetch, sync
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.models import Account, Contact, CustomField, Deal, LossReason, Person, Stage, Stay, Task
from pipelines.tests.amo import Serve, source_of
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.loads import everything, pages_of, populate, tick
from pipelines.tests.ways import Bell, bell, by_hooks, by_reconciliation
from sandbox.account_rows import CustomField as Field
from sandbox.account_rows import Enum
from sandbox.auth import Grant
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World

pytestmark = pytest.mark.django_db
NAMES = ["🚗 «Лада» & Ко", "a=b&c[d]=e", "50% + НДС", "Тест\u2028конец", "C:\\dir\\'; --", "👩‍👩‍👧 семья"]


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def ring() -> Iterator[Bell]:
    with bell() as one:
        yield one


def switch(world: World, **switches: Any) -> None:
    world.set_switches(switched(world.switches, **switches))


def alive(**where: object) -> list[int]:
    return list(Deal.objects.alive().filter(**where).order_by("id").values_list("id", flat=True))


def work_statuses(world: World) -> list[int]:
    statuses = next(iter(world.pipelines.values())).statuses
    return [status.id for status in statuses if status.type == 0 and status.id not in (142, 143)]


@pytest.mark.parametrize("full", [True, False], ids=["first load", "increment"])
def test_quirk_01_offset_paging_over_a_moving_list(world: World, source: Source, full: bool) -> None:
    """Deleted rows move all later ones up, over a page boundary that we have passed; edited ones jump to the end of an
    order by update time. Rows that slip so are lost for good when they have not changed lately."""
    populate(world, 30)
    if not full:
        everything(source)
        tick(world)
        for lead in list(world.leads.rows):
            world.edit_lead(lead_id=lead, price=5)
        tick(world, 3600)
    ids = sorted(world.leads.rows)
    doomed, edited = iter(ids[:12]), iter(ids[::-1])

    def meanwhile(run: sync.Pulled) -> None:
        if run.entity.name == "deals" and run.cursor.pages <= 12 and (lead := next(doomed, None)) is not None:
            world.delete_lead(lead_id=lead)
            world.edit_lead(lead_id=next(edited), price=7)

    with pages_of(2):
        assert coverage.pull_entities(source, TABLE, progress=meanwhile) == []
    tick(world, 7200)
    everything(source)
    assert_mirror_equals(world)


def test_quirk_02_update_times_have_whole_seconds_and_both_ends_count(world: World, source: Source) -> None:
    populate(world, 4)
    everything(source)
    tick(world, 3600)
    everything(source)
    for price in (1, 2, 3):
        world.edit_lead(lead_id=alive()[0], price=price)  # in the very second that has been read
        everything(source)
        assert Deal.objects.get(pk=alive()[0]).price == price
    assert_mirror_equals(world)


@pytest.mark.parametrize("bumps", [False, True])
def test_quirk_03_not_every_change_moves_the_update_time(
    amo: Handle, world: World, source: Source, ring: Bell, bumps: bool
) -> None:
    switch(world, task_bumps_lead=bumps, note_bumps_lead=bumps)
    populate(world, 4)
    everything(source)
    tick(world, 86_400)
    everything(source)
    deal = alive()[0]
    task = world.create_task(text="x", complete_till=moment.now(), entity_id=deal, entity_type="leads")
    world.add_call(entity_id=deal, direction="inbound", duration=9)
    world.edit_contact(contact_id=Deal.objects.get(pk=deal).contact_id, name="Новое имя")
    world.rename_status(
        pipeline_id=next(iter(world.pipelines)), status_id=work_statuses(world)[0], name="Иначе"
    )
    tick(world)
    everything(source)
    assert_mirror_equals(world)
    world.complete_task(task_id=task.id)
    contact = world.create_contact(name="Второй")
    world.link(
        entity_type="leads",
        entity_id=deal,
        to_entity_type="contacts",
        to_entity_id=contact.id,
        metadata={"is_main": True},
    )
    tick(world)
    everything(source)
    by_reconciliation(amo, source, ring)
    assert_mirror_equals(world)
    assert Deal.objects.get(pk=deal).contact_id == contact.id


@pytest.mark.parametrize("log", [True, False], ids=["with an event", "without an event"])
def test_quirk_04_an_import_may_write_any_update_time(
    amo: Handle, world: World, source: Source, ring: Bell, log: bool
) -> None:
    populate(world, 4)
    everything(source)
    tick(world, 86_400)
    everything(source)
    long_ago = int((moment.now() - timedelta(days=30)).timestamp())
    known = list(world.events)
    made = world.create_lead(name="Из таблицы", created_at=long_ago, updated_at=long_ago)
    if log:
        tick(world)
        everything(source)
    else:
        world.events.__init__()  # type: ignore[misc]  # made anew
        world.events.fill(known)
        by_reconciliation(amo, source, ring)
    assert Deal.objects.filter(pk=made.id).exists()
    world.edit_lead(lead_id=alive()[0], price=3, updated_at=long_ago)
    by_reconciliation(amo, source, ring)
    assert_mirror_equals(world)


@pytest.mark.parametrize("trashed_lead", ["204", "deleted"])
def test_quirk_05_deletions_and_merges_are_told_in_passing(
    world: World, source: Source, trashed_lead: str
) -> None:
    switch(world, trashed_lead=trashed_lead)
    populate(world, 8)
    everything(source)
    first, survivor, loser, other, *_ = alive()
    for deed in (
        lambda: world.delete_lead(lead_id=first),
        lambda: world.merge_leads(survivor_id=survivor, loser_ids=[loser, other]),
        lambda: world.restore_lead(lead_id=first),
    ):
        tick(world)
        deed()
        everything(source)
        assert_mirror_equals(world)
    assert alive()[:2] == [first, survivor]


def test_quirk_06_removed_users_live_on_in_ids_and_a_robot_is_nobody(world: World, source: Source) -> None:
    populate(world, 6)
    off, gone = sorted({lead.responsible_user_id for lead in world.leads})[:2]
    robot = world.create_lead(name="Робот", by=0, responsible_user_id=off).id
    world.move_lead(lead_id=robot, status_id=142, by=0)
    world.deactivate_user(user_id=off)
    world.remove_user(user_id=gone)
    everything(source)
    assert_mirror_equals(world)
    assert Person.objects.get(pk=off).is_active is False and Person.objects.get(pk=off).deleted_at is None
    assert Person.objects.get(pk=gone).deleted_at and Deal.objects.filter(manager_id=gone).exists()
    assert not Person.objects.filter(pk=0).exists() and Deal.objects.get(pk=robot).created_by == 0


def test_quirk_07_won_and_lost_repeat_and_an_opened_deal_keeps_its_reason(
    world: World, source: Source
) -> None:
    populate(world, 4)
    second = world.create_pipeline(name="Сервис", stages=["Заявка"])
    everything(source)
    keys = set(Stage.objects.filter(status__in=(142, 143)).values_list("id", flat=True))
    assert keys == {f"{pipeline}:{status}" for pipeline in world.pipelines for status in (142, 143)}
    deal, (reason,) = alive(closed_at=None)[0], world.loss_reasons
    tick(world)
    world.move_lead(lead_id=deal, pipeline_id=second.id, status_id=143, loss_reason_id=reason)
    everything(source)
    assert Deal.objects.get(pk=deal).closed_at == moment.now()
    assert Deal.objects.get(pk=deal).stage_id == f"{second.id}:143"
    tick(world)
    world.move_lead(lead_id=deal, pipeline_id=second.id, status_id=second.statuses[1].id)
    everything(source)
    opened = Deal.objects.get(pk=deal)
    assert (opened.closed_at, opened.loss_reason_id) == (None, reason)
    assert_mirror_equals(world)


def test_quirk_08_empty_is_no_error(amo: Handle, world: World, source: Source, ring: Bell) -> None:
    everything(source)
    everything(source)
    by_reconciliation(amo, source, ring)
    assert_mirror_equals(world)
    lead = world.create_lead(name="Без полей")
    world.create_task(text="", complete_till=moment.now(), entity_id=lead.id, entity_type="leads")
    world.create_task(text="ничья", complete_till=moment.now())
    tick(world)
    everything(source)
    assert_mirror_equals(world)
    assert Deal.objects.get().fields == {} and Task.objects.filter(deal=None, contact=None).count() == 1


def test_quirk_09_an_embedded_contact_is_a_number(world: World, source: Source) -> None:
    one, two = (world.create_contact(name=name).id for name in ("Жена", "Муж"))
    lead = world.create_lead(
        name="Семья", contacts=[{"id": one, "is_main": False}, {"id": two, "is_main": True}]
    )
    everything(source)
    assert_mirror_equals(world)
    deal = Deal.objects.select_related("contact").get(pk=lead.id)
    assert deal.contact and deal.contact.name == "Муж"
    assert Contact.objects.count() == 2


@pytest.mark.parametrize("rows", [7, 1000], ids=["smaller", "larger than amoCRM's"])
def test_quirk_10_pages_are_as_long_as_amocrm_likes(world: World, source: Source, rows: int) -> None:
    """Fields come by fifty unless more are asked for; a limit over 250 is clamped; the log gives a hundred."""
    populate(world, 260 if rows > 250 else 30)
    switch(world, events_page_cap=9)
    for number in range(120):
        world.fields["leads"][9000 + number] = Field(
            id=9000 + number, name=f"Поле {number}", type="select", enums=[Enum(1, "да"), Enum(2, "нет")]
        )
    with pages_of(rows):
        everything(source)
    assert_mirror_equals(world)
    assert CustomField.objects.filter(enums={"1": "да", "2": "нет"}).count() == 120


def test_quirk_12_a_token_without_rights_sees_less_and_nothing_is_gone(
    amo: Handle, world: World, source: Source, ring: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refetch, "DOUBTFUL_ROWS", 2)
    populate(world, 12)
    everything(source)
    user = Deal.objects.order_by("id").values_list("manager_id", flat=True)[0]
    assert user
    world.users[user].rights["leads"]["view"] = "M"
    admin, amo.app.tokens.access[amo.token] = (
        amo.app.tokens.access[amo.token],
        Grant(user, is_admin=False),
    )
    tick(world)
    assert [entity.name for entity, _ in coverage.pull_entities(source, TABLE)] == ["users"], (
        "what is forbidden is said"
    )
    assert coverage.pull_entities(source, [ENTITIES["deals"]], full=True) == []
    reconcile.compare_mirror(source)
    assert len(alive()) == 12 and not Person.objects.exclude(deleted_at=None).exists()
    amo.app.tokens.access[amo.token] = admin
    tick(world)
    everything(source)
    assert_mirror_equals(world)


def test_quirk_13_after_a_ban_nobody_calls(serve: Serve, now: datetime) -> None:
    amo = serve(World.empty(now=now), rate=1)
    switch(amo.world, ban_after=1, ban_seconds=60)
    pace = Pace(redis.client(), f"quirk-{uuid4()}", 0)
    with Source(Client(amo.url, lambda: amo.token, pace=pace), ZoneInfo("Europe/Moscow")) as source:
        failures = coverage.pull_entities(source, TABLE)
        assert {type(error) for _, error in failures} == {errors.Blocked}
        before = amo.app.counters["requests"]
        failures = coverage.pull_entities(source, TABLE)
        assert {type(error) for _, error in failures} == {errors.Blocked}
        assert amo.app.counters["requests"] == before, "calling on would prolong it"
    switch(amo.world, ban_after=0, rate_window=0.001)
    amo.app.limiter.__init__(0)  # type: ignore[misc]  # made anew
    with source_of(amo) as source:
        everything(source)
    assert_mirror_equals(amo.world)


def test_quirk_14_a_heavy_list_is_asked_for_in_smaller_portions(
    amo: Handle, world: World, source: Source
) -> None:
    populate(world, 30)
    for path in ("/leads$", "/tasks$", "/contacts$"):
        amo.app.faults.add(Fault(path=path, status=504, times=2))
        amo.app.faults.add(Fault(path=path, status=502))
    with source_of(amo, attempts=3) as patient:
        everything(patient)
    assert_mirror_equals(world)


def test_quirk_15_names_may_hold_anything(
    account: Account, amo: Handle, world: World, source: Source, ring: Bell
) -> None:
    for name in NAMES:
        world.create_contact(name=name)
        world.create_lead(name=name, tags=[name])
        world.create_loss_reason(name=name)
        world.create_pipeline(name=name, stages=[name])
    everything(source)
    assert_mirror_equals(world)
    world.subscribe(ring.address, hooks.SETTINGS)
    tick(world)
    for deal, name in zip(alive(), reversed(NAMES), strict=True):
        world.edit_lead(lead_id=deal, name=f"{name}{name}", tags_to_add=[f"+{name}"])
    by_hooks(amo, source, ring)
    assert_mirror_equals(world)


@pytest.mark.parametrize("task_hook_dates", ["strings", "unix"])
def test_quirk_16_hooks_and_date_fields_speak_the_accounts_local_time(
    account: Account, amo: Handle, world: World, source: Source, ring: Bell, task_hook_dates: str
) -> None:
    switch(world, task_hook_dates=task_hook_dates)
    world.account.embedded.datetime_settings["timezone"] = "Asia/Vladivostok"
    far_east = replace(source, zone=ZoneInfo("Asia/Vladivostok"))
    world.fields["leads"][1] = Field(id=1, name="Доставка", type="date")
    populate(world, 2)
    everything(far_east)
    world.subscribe(ring.address, hooks.SETTINGS)
    tick(world)
    midnight = datetime(2026, 11, 5, tzinfo=far_east.zone)
    deal = alive()[0]
    world.edit_lead(
        lead_id=deal,
        custom_fields_values=[{"field_id": 1, "values": [{"value": int(midnight.timestamp())}]}],
    )
    due = datetime(2026, 11, 4, 13, 59, tzinfo=UTC)  # 23:59 there
    task = world.create_task(text="x", complete_till=due, entity_id=deal, entity_type="leads")
    by_hooks(amo, far_east, ring)
    assert_mirror_equals(world)
    assert Deal.objects.get(pk=deal).fields["1"] == "2026-11-05"
    assert Task.objects.get(pk=task.id).due_at == due


def test_quirk_17_a_filter_that_is_not_enabled_is_ignored_in_silence(
    account: Account, amo: Handle, world: World, source: Source, ring: Bell
) -> None:
    world.account.is_api_filter_enabled = False
    switch(world, filter_without_flag=False)
    populate(world, 9)
    everything(source)
    assert_mirror_equals(world)
    world.subscribe(ring.address, hooks.SETTINGS)
    one, two, three, four, *_ = alive()
    tick(world, 3600)
    world.edit_lead(lead_id=one, name="Иначе")
    world.delete_lead(lead_id=two)
    world.merge_leads(survivor_id=three, loser_ids=[four])
    by_hooks(amo, source, ring)
    assert_mirror_equals(world)
    tick(world)
    world.restore_lead(lead_id=two)
    ring.bodies.clear()
    everything(source)
    assert_mirror_equals(world)
    world.edit_lead(lead_id=one, price=1)
    by_reconciliation(amo, source, ring)
    assert_mirror_equals(world)


def test_quirk_18_one_save_rings_three_times_and_is_read_once(
    account: Account, amo: Handle, world: World, source: Source, ring: Bell
) -> None:
    populate(world, 4)
    everything(source)
    world.subscribe(ring.address, hooks.SETTINGS)
    tick(world)
    deal = Deal.objects.filter(closed_at=None).order_by("id")[0]
    heir = next(user for user in world.users if user != deal.manager_id)
    world.move_lead(lead_id=deal.id, status_id=142, responsible_user_id=heir)
    amo.wait_for_hooks()
    assert len(ring.bodies) == 3
    before = amo.app.counters["requests"]
    ring.answer(amo, source)
    assert amo.app.counters["requests"] - before == 2, "the deal and its events"
    judgement_queue.judge_waiting()
    assert_mirror_equals(world)


def test_quirk_19_a_robot_acts_within_the_same_second(world: World, source: Source) -> None:
    first, second, *_ = work_statuses(world)
    lead = world.create_lead(name="Быстрая", status_id=first)
    tick(world)
    world.move_lead(lead_id=lead.id, status_id=second)
    world.move_lead(lead_id=lead.id, status_id=142, by=0)
    world.move_lead(lead_id=lead.id, status_id=first, by=0)
    everything(source)
    stays = Stay.objects.filter(deal_id=lead.id).order_by("visit")
    assert [int(stay.stage_id.split(":")[1]) for stay in stays] == [first, second, 142, first]
    assert not stays.filter(inferred=True).exists()
    assert {stay.entered_at for stay in stays[1:]} == {moment.now()}
    assert_mirror_equals(world)


@pytest.mark.parametrize("price_type", ["int", "float"])
def test_quirk_20_a_price_may_be_large_or_broken(
    account: Account, amo: Handle, world: World, source: Source, ring: Bell, price_type: str
) -> None:
    switch(world, price_type=price_type)
    populate(world, 2)
    everything(source)
    world.subscribe(ring.address, hooks.SETTINGS)
    tick(world)
    large = 9_876_543_210_123
    broken = 1234.56 if price_type == "float" else 1234
    world.edit_lead(lead_id=alive()[0], price=large)
    world.edit_lead(lead_id=alive()[1], price=broken)
    by_hooks(amo, source, ring)
    assert_mirror_equals(world)
    prices = Deal.objects.order_by("id").values_list("price", flat=True)
    assert list(prices) == [Decimal(large), Decimal(str(broken))]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("account_position", ["first", "last"])
def test_quirk_21_what_the_documents_print_and_what_comes(
    account: Account,
    amo: Handle,
    world: World,
    source: Source,
    ring: Bell,
    nested: bool,
    account_position: str,
) -> None:
    """One more level in the hooks of tasks, and a loss reason that is a list: we take its number from the deal."""
    switch(world, task_hook_nested=nested, account_position=account_position)
    populate(world, 4)
    everything(source)
    world.subscribe(ring.address, hooks.SETTINGS)
    tick(world)
    deal, (reason,) = alive(closed_at=None)[0], world.loss_reasons
    task = world.create_task(text="x", complete_till=moment.now(), entity_id=deal, entity_type="leads")
    world.complete_task(task_id=task.id, result="Готово")
    world.delete_task(task_id=Task.objects.filter(is_completed=False).values_list("id", flat=True)[0])
    world.move_lead(lead_id=deal, status_id=143, loss_reason_id=reason)
    by_hooks(amo, source, ring)
    assert_mirror_equals(world)
    assert Deal.objects.get(pk=deal).loss_reason_id == LossReason.objects.get().pk


def test_quirk_23_a_lapsed_subscription_stops_reading_and_loses_nothing(
    amo: Handle, world: World, source: Source
) -> None:
    populate(world, 4)
    everything(source)
    tick(world)
    world.edit_lead(lead_id=alive()[0], price=1)
    amo.app.faults.add(Fault(path="/api/", status=402, times=999))
    before = amo.app.counters["requests"]
    failures = coverage.pull_entities(source, TABLE)
    assert {type(error) for _, error in failures} == {errors.PaymentRequired}
    assert amo.app.counters["requests"] - before <= len(TABLE), "it is not asked for again and again"
    with pytest.raises(errors.PaymentRequired):
        reconcile.compare_mirror(source)
    assert not Deal.objects.exclude(deleted_at=None).exists()
    amo.app.faults.clear()
    tick(world, 40 * 86_400)
    everything(source)
    assert_mirror_equals(world)
