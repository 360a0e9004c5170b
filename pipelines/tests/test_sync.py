"""Loads and increments: whole, broken off, changed meanwhile, read by one worker at a time."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from core import locks, moment
from jobs import judgement_queue
from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.mirror import coverage, cursors, leases, sync, windows
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.mirror.refetch import refetch
from pipelines.models import (
    Contact,
    Cursor,
    CustomField,
    Deal,
    Event,
    JudgementRequest,
    LossReason,
    Person,
    Stage,
    Stay,
    Task,
    TaskType,
    Touch,
)
from pipelines.tests.amo import source_of
from pipelines.tests.loads import everything, populate, snapshot, tick
from pipelines.tests.loads import without_pauses as without_pauses
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World
from timeline import folding

pytestmark = pytest.mark.django_db


def test_a_full_load_brings_the_whole_account(world: World, source: Source) -> None:
    populate(world, 30)
    everything(source)
    assert Person.objects.count() == len(world.users)
    assert Contact.objects.count() == 30
    assert Deal.objects.filter(closed_at=None).count() == 20
    assert Deal.objects.exclude(loss_reason_id=None).count() == 10
    assert Deal.objects.filter(contact_id=None).count() == 0
    assert (
        Task.objects.filter(
            is_completed=True,
            completed_inferred=False,
            completed_at=F("created_at") + timedelta(seconds=1740),
        ).count()
        == 15
    )
    assert Touch.objects.filter(kind="call_out", seconds=60).count() == 30
    assert Counter(Event.objects.values_list("kind", flat=True))["stage"] == 40
    assert not Stay.objects.filter(inferred=True).exists()
    assert Stay.objects.filter(left_at=None).count() == 30
    assert coverage.is_complete() and not JudgementRequest.objects.exists()


def test_a_second_round_finds_nothing_new(world: World, source: Source) -> None:
    populate(world, 10)
    everything(source)
    before = snapshot()
    for full in (False, True):
        runs = [sync.pull_entity(source, entity, full=full) for entity in TABLE]
        assert [(run.new, run.changed, run.deals) for run in runs if run] == [(0, 0, set())] * len(TABLE)
    assert snapshot() == before


def test_changes_are_brought_and_name_their_deals(world: World, source: Source) -> None:
    populate(world, 10)
    everything(source)
    deals = list(Deal.objects.filter(closed_at=None).order_by("id"))
    tick(world)
    world.edit_lead(lead_id=deals[0].id, price=777)
    task = world.create_task(text="x", complete_till=moment.now(), entity_id=deals[1].id, entity_type="leads")
    world.add_call(entity_id=deals[2].id, duration=5)
    moved = {run.entity.name: run.deals for entity in TABLE if (run := sync.pull_entity(source, entity))}
    assert moved["deals"] >= {deals[0].id}
    assert moved["tasks"] == {deals[1].id}
    assert moved["notes"] == {deals[2].id}
    assert deals[0].id in moved["events"]
    assert Deal.objects.get(pk=deals[0].id).price == 777
    assert Task.objects.get(pk=task.id).deal_id == deals[1].id


def test_increments_end_where_a_fresh_full_load_ends(world: World, source: Source) -> None:
    populate(world, 8)
    everything(source)
    for number, deal in enumerate(Deal.objects.filter(closed_at=None).order_by("id")[:4]):
        tick(world, 45)
        world.move_lead(lead_id=deal.id, status_id=142 if number % 2 else 143)
        everything(source)
    steps = snapshot()
    for table in (
        Person,
        Stage,
        CustomField,
        LossReason,
        TaskType,
        Contact,
        Deal,
        Task,
        Event,
        Touch,
        Stay,
        Cursor,
        JudgementRequest,
    ):
        table._default_manager.all().delete()
    everything(source)
    assert snapshot() == steps


def test_a_load_broken_off_goes_on_at_its_page(
    amo: Handle, world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    populate(world, 25)
    deals = ENTITIES["deals"]
    object.__setattr__(deals, "limit", 5)
    try:
        amo.app.faults.add(Fault(path="/leads$", latency=0))  # the first page passes
        amo.app.faults.add(Fault(path="/leads$", latency=0))
        amo.app.faults.add(Fault(path="/leads$", status=402, times=99))
        with pytest.raises(errors.PaymentRequired):
            sync.pull_entity(source, deals)
        broken = Cursor.objects.get(entity="deals")
        assert (
            broken.state == "failed"
            and "402" in broken.error
            and broken.as_of is None
            and broken.lease_until is None
        )
        stored = Deal.objects.count()
        assert 5 <= stored <= 10 and broken.position == {"page": stored // 5 + 1}
        amo.app.faults.clear()
        asked: list[int] = []
        page = sync.Listing.page
        monkeypatch.setattr(
            sync.Listing,
            "page",
            lambda self, number, limit: asked.append(number) or page(self, number, limit),
        )
        run = sync.pull_entity(source, deals)
    finally:
        object.__setattr__(deals, "limit", 250)
    assert run and run.full and Deal.objects.count() == 25 and run.cursor.rows == 25
    assert min(asked[:1]) == stored // 5 + 1
    assert Cursor.objects.get(entity="deals").state == "ready"


def test_what_changes_during_a_load_is_not_lost(amo: Handle, world: World, source: Source) -> None:
    populate(world, 12)
    deals = ENTITIES["deals"]
    first = Deal.objects
    started = moment.now()

    def meanwhile(run: sync.Pulled) -> None:
        if first.exists():
            tick(world, 900)
            world.edit_lead(lead_id=min(first.values_list("id", flat=True)), price=55)

    sync.pull_entity(source, deals, progress=meanwhile)
    assert Cursor.objects.get(entity="deals").as_of == started
    sync.pull_entity(source, deals)
    assert Deal.objects.filter(price=55).count() == 1


def test_only_one_worker_reads_an_entity_until_its_lease_runs_out(source: Source) -> None:
    held = cursors.claim_cursor("deals")
    assert held and cursors.claim_cursor("deals") is None
    assert sync.pull_entity(source, ENTITIES["deals"]) is None
    Cursor.objects.update(lease_until=locks.lease_now() - timedelta(seconds=1))
    assert cursors.claim_cursor("deals") is not None
    with pytest.raises(leases.LostLease):
        cursors.save_cursor(held, rows=1)


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_windows_of_events_lose_nothing_however_they_are_cut(
    serve: Any, now: datetime, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.switches import Switches

    monkeypatch.setattr(windows, "WINDOW_PAGES", 1)
    monkeypatch.setattr(windows, "FIRST_WINDOW", 10 * 86400)
    amo = serve(World.empty(now=now, switches=Switches(events_order=order, events_page_cap=7)))
    populate(amo.world, 40)
    with source_of(amo) as source:
        everything(source)
    wanted = {
        event.id
        for event in amo.world.events.by_id.values()
        if event.type in ("lead_added", "lead_status_changed", "task_completed", "entity_responsible_changed")
    }
    assert set(Event.objects.values_list("id", flat=True)) >= wanted


def test_an_entity_that_may_not_be_read_does_not_stop_the_others(
    amo: Handle, world: World, source: Source
) -> None:
    populate(world, 2)
    amo.app.faults.add(Fault(path="/contacts$", status=403, times=1))
    failures = coverage.pull_entities(source, TABLE)
    assert [entity.name for entity, _ in failures] in (["contacts"], ["contacts", "deals"])
    assert Cursor.objects.get(entity="contacts").state == "failed"


def test_a_revoked_token_ends_the_round(amo: Handle, source: Source) -> None:
    amo.app.faults.add(Fault(path="/api/", status=401, times=99))
    failures = coverage.pull_entities(source, TABLE)
    assert [(entity.name, type(error)) for entity, error in failures] == [("users", errors.AuthError)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=502),
        Fault(status=504),
        Fault(status=429),
        Fault(cut=True),
        Fault(hang=0.01),
    ],
    ids=["500", "502", "504", "429", "cut", "hang"],
)
def test_a_stumble_on_every_kind_of_page_changes_nothing(
    amo: Handle, world: World, source: Source, fault: Fault
) -> None:
    populate(world, 6)
    everything(source)
    before = snapshot()
    for table in (Deal, Task, Event, Touch, Stay, Cursor, JudgementRequest, Contact):
        table._default_manager.all().delete()
    for path in ("/leads$", "/tasks$", "/events$", "/notes$", "/contacts$", "/users$"):
        from msgspec.structs import replace

        amo.app.faults.add(replace(fault, path=path))
    with source_of(amo, attempts=3) as patient:
        everything(patient)
    assert snapshot() == before


def test_refetch_reads_items_with_their_events(world: World, source: Source) -> None:
    populate(world, 14)
    everything(source)
    ids = list(Deal.objects.filter(closed_at=None).order_by("id").values_list("id", flat=True))
    tick(world)
    for deal in ids:
        world.move_lead(lead_id=deal, status_id=142)
    stored = refetch(source, {"deals": ids})
    assert stored.deals == set(ids)
    folding.fold_deals(ids)
    assert Stay.objects.filter(
        deal_id__in=ids, left_at=None, stage__status=142, inferred=False
    ).count() == len(ids)


def test_orphans_are_asked_for_once_and_adopted(world: World, source: Source) -> None:
    populate(world, 3)
    everything(source)
    lost = Deal.objects.order_by("id")[1].id
    Deal.objects.filter(pk=lost).delete()
    Event.objects.create(id="old", at=moment.now(), kind="stage", entity="deal", entity_id=999999)
    coverage.adopt_orphans(source)
    assert Deal.objects.filter(pk=lost).exists()
    assert not Deal.objects.filter(pk=999999).exists()


def test_a_worker_killed_between_storing_and_judging_leaves_a_request(world: World, source: Source) -> None:
    populate(world, 2)
    for entity in TABLE:
        sync.pull_entity(source, entity)
    asked = set(JudgementRequest.objects.values_list("deal_id", flat=True))
    assert asked == set(Deal.objects.values_list("id", flat=True))
    judgement_queue.judge_waiting()
    assert Stay.objects.exists() and not JudgementRequest.objects.exists()


def test_a_full_load_reports_how_far_it_is(world: World, source: Source) -> None:
    populate(world, 6)
    seen: list[tuple[str, int, int]] = []
    coverage.pull_entities(
        source, TABLE, progress=lambda run: seen.append((run.entity.name, run.cursor.pages, run.cursor.rows))
    )
    assert ("deals", 1, 6) in seen and ("tasks", 1, 6) in seen
    assert Cursor.objects.get(entity="deals").expected_rows == 6


def test_ctrl_c_gives_the_lease_back_at_once(world: World, source: Source) -> None:
    populate(world, 20)
    everything(source)
    Cursor.objects.filter(entity="events").delete()

    def interrupt(run: sync.Pulled) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync.pull_entity(source, ENTITIES["events"], progress=interrupt)
    broken = Cursor.objects.get(entity="events")
    assert (broken.state, broken.lease_until, broken.error) == ("failed", None, "KeyboardInterrupt")
    assert broken.position and sync.pull_entity(source, ENTITIES["events"])
