from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import stamina

from core import locks, moment
from jobs import judgement_queue
from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.amo.paging import Listing
from pipelines.mirror import comparisons, coverage, leases, reconcile, refetch
from pipelines.mirror.entities import ENTITIES
from pipelines.models import Cursor, Deal, Event, Stay, Sweep, Task
from pipelines.tests.amo import source_of
from pipelines.tests.equal import assert_mirror_equals
from pipelines.tests.loads import everything, populate, tick
from sandbox.auth import Grant
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World

pytestmark = pytest.mark.django_db
EQUAL = {"missing": 0, "outdated": 0, "vanished": 0, "repaired": 0}


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
def mirrored(world: World, source: Source) -> Source:
    populate(world, 12)
    everything(source)
    return source


@pytest.fixture
def small_pages() -> Iterator[None]:
    limits = {name: ENTITIES[name].limit for name in reconcile.SWEPT}
    for name in limits:
        object.__setattr__(ENTITIES[name], "limit", 5)
    yield
    for name, limit in limits.items():
        object.__setattr__(ENTITIES[name], "limit", limit)


def later(world: World) -> None:
    """So much later that no increment looks at what has happened before."""
    tick(world, 86_400)
    Cursor.objects.update(as_of=moment.now())


def sweep(source: Source) -> Sweep:
    done = reconcile.compare_mirror(source)
    assert done
    judgement_queue.judge_waiting()
    return done


def found(done: Sweep, entity: str = "deals") -> dict[str, int]:
    return {name: done.found[entity][name] for name in EQUAL}


def test_an_equal_mirror_has_not_drifted(mirrored: Source, world: World) -> None:
    done = sweep(mirrored)
    assert done.found == {"deals": {"checked": 12, **EQUAL}, "tasks": {"checked": 12, **EQUAL}}
    assert (done.finished_at, done.position, done.lease_until, done.error) == (moment.now(), None, None, "")


@pytest.mark.parametrize("small", [False, True])
def test_what_is_missing_outdated_and_vanished_is_told_apart_and_repaired(
    mirrored: Source, world: World, small: bool, request: pytest.FixtureRequest
) -> None:
    if small:
        request.getfixturevalue("small_pages")
    first, second, third, fourth, *_, last = Deal.objects.order_by("id").values_list("id", flat=True)
    world.edit_lead(lead_id=second, price=99)
    world.move_lead(lead_id=third, status_id=142)
    for gone in (first, last):
        world.delete_lead(lead_id=gone)
    Deal.objects.filter(pk=fourth).delete()
    task = Task.objects.get(deal_id=second).pk
    world.reschedule_task(task_id=task, complete_till=moment.now())
    later(world)
    done = sweep(mirrored)
    assert found(done) == {"missing": 1, "outdated": 2, "vanished": 2, "repaired": 5}
    assert_mirror_equals(world)
    assert sweep(mirrored).found["deals"] == {"checked": 10, **EQUAL}


def test_what_increments_will_bring_anyway_is_no_drift(mirrored: Source, world: World) -> None:
    deal = Deal.objects.values_list("id", flat=True)[0]
    tick(world)
    world.edit_lead(lead_id=deal, price=99)
    world.create_lead(name="Новая")
    done = sweep(mirrored)
    assert found(done) == EQUAL
    assert Deal.objects.get(pk=deal).price == 99 and Deal.objects.filter(name="Новая").exists()


def test_a_row_whose_update_time_was_set_back_is_repaired(mirrored: Source, world: World) -> None:
    deal = Deal.objects.order_by("id").values_list("id", flat=True)[0]
    world.edit_lead(lead_id=deal, price=7, updated_at=int(moment.now().timestamp()) - 90 * 86_400)
    later(world)
    everything(mirrored)
    assert Deal.objects.get(pk=deal).price != 7, "increments cannot see it"
    assert found(sweep(mirrored))["outdated"] == 1
    assert_mirror_equals(world)


def test_a_change_that_moves_no_update_time_is_found(mirrored: Source, world: World) -> None:
    deal = Deal.objects.order_by("id").values_list("id", flat=True)[0]
    later(world)
    contact = world.create_contact(name="Второй")
    world.link(
        entity_type="leads",
        entity_id=deal,
        to_entity_type="contacts",
        to_entity_id=contact.id,
        metadata={"is_main": True},
    )
    later(world)
    assert found(sweep(mirrored))["outdated"] == 1
    assert Deal.objects.get(pk=deal).contact_id == contact.id


def test_a_stage_change_whose_event_never_came_is_inferred(mirrored: Source, world: World) -> None:
    deal = Deal.objects.filter(closed_at=None).order_by("id")[0]
    before = set(world.events.by_id)
    tick(world)
    world.move_lead(lead_id=deal.id, status_id=142)
    moved = world.clock.now()
    lost = {key for key in world.events.by_id if key not in before}
    kept = [event for event in world.events if event.id not in lost]
    world.events.__init__()  # type: ignore[misc]  # made anew
    world.events.fill(kept)
    later(world)
    sweep(mirrored)
    last = Stay.objects.get(deal_id=deal.id, left_at=None)
    assert (last.stage_id, last.inferred, last.entered_at) == (f"{deal.pipeline_id}:142", True, moved)
    assert not Event.objects.filter(id__in=lost).exists()
    assert_mirror_equals(world)


def test_many_rows_that_vanish_at_once_are_doubted_not_deleted(
    amo: Handle, mirrored: Source, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refetch, "DOUBTFUL_ROWS", 3)
    user = Deal.objects.order_by("id").values_list("manager_id", flat=True)[0]
    own = Deal.objects.filter(manager_id=user).count()
    assert user and 0 < own < 12
    world.users[user].rights["leads"]["view"] = "M"
    amo.app.tokens.access[amo.token] = Grant(user, is_admin=False)
    done = sweep(mirrored)
    assert done.found["deals"] == {
        "checked": own, "missing": 0, "outdated": 0, "vanished": 12 - own, "repaired": 0, "doubted": 12 - own
    }  # fmt: skip
    assert Deal.objects.alive().count() == 12


def test_a_killed_comparison_goes_on_at_its_page(
    mirrored: Source, world: World, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vanished = Deal.objects.order_by("-id").values_list("id", flat=True)[0]
    world.delete_lead(lead_id=vanished)
    later(world)

    def die(one: Sweep) -> None:
        if one.position["page"] == 1:  # type: ignore[index]  # a row of that kind
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reconcile.compare_mirror(mirrored, progress=die)
    broken = Sweep.objects.get()
    assert (broken.error, broken.lease_until, broken.finished_at) == ("KeyboardInterrupt", None, None)
    assert broken.position == {
        "entity": "deals",
        "page": 1,
        "above": broken.position["above"],
        "absent": [vanished],
        "in_hand": [],
    }
    asked: list[tuple[str, int]] = []
    page = Listing.page
    monkeypatch.setattr(
        Listing,
        "page",
        lambda self, number, limit: asked.append((self.path, number)) or page(self, number, limit),
    )
    done = sweep(mirrored)
    assert done.pk == broken.pk and asked[0] == ("/api/v4/leads", 1) and ("/api/v4/leads", 2) not in asked
    assert found(done) == {"missing": 0, "outdated": 0, "vanished": 1, "repaired": 1}
    assert done.found["deals"]["checked"] == 11
    assert_mirror_equals(world)


def test_a_repair_that_was_killed_half_way_is_done_again(
    mirrored: Source, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row stands here already and differs no more; what belongs to it is still as it was."""
    deal = Deal.objects.filter(closed_at=None).order_by("id")[0].pk
    world.move_lead(lead_id=deal, status_id=142)
    later(world)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during, pytest.raises(KeyboardInterrupt):
        during.setattr(reconcile, "repair_belongings", die)
        reconcile.compare_mirror(mirrored)
    assert Deal.objects.get(pk=deal).stage_id.endswith(":142")
    done = sweep(mirrored)
    assert found(done) == {"missing": 0, "outdated": 1, "vanished": 0, "repaired": 1}
    assert_mirror_equals(world)


def test_a_failure_is_kept_with_its_place_and_the_next_run_goes_on(
    amo: Handle, mirrored: Source, world: World
) -> None:
    amo.app.faults.add(Fault(path="/tasks$", status=402))
    with pytest.raises(errors.PaymentRequired):
        reconcile.compare_mirror(mirrored)
    broken = Sweep.objects.get()
    assert "402" in broken.error and broken.found["deals"]["checked"] == 12
    assert comparisons.comparisons() == {}
    assert comparisons.read_comparison()["interrupted"] == broken
    done = sweep(mirrored)
    assert done.pk == broken.pk and done.error == "" and done.found["tasks"]["checked"] == 12


def test_two_at_once_are_one(mirrored: Source) -> None:
    second: list[object] = []
    done = reconcile.compare_mirror(
        mirrored, progress=lambda one: second.append(reconcile.compare_mirror(mirrored))
    )
    assert done and done.finished_at and set(second) == {None} and Sweep.objects.count() == 1


def test_a_comparison_of_a_dead_worker_is_taken_over_at_once(mirrored: Source) -> None:
    held = comparisons.claim_comparison()
    assert held and comparisons.claim_comparison() is None
    comparisons.release_comparison()  # its session has ended; the lease still runs
    Sweep.objects.update(lease_until=locks.lease_until(timedelta(minutes=3)))
    assert sweep(mirrored).pk == held.pk
    with pytest.raises(leases.LostLease):
        comparisons.keep_position(held, error="x")


def test_only_an_interrupted_comparison_is_taken_up_later_in_the_night(mirrored: Source) -> None:
    assert reconcile.compare_mirror(mirrored, only_unfinished=True) is None and not Sweep.objects.exists()
    Sweep.objects.create(started_at=moment.now())
    assert reconcile.compare_mirror(mirrored, only_unfinished=True)
    assert reconcile.compare_mirror(mirrored, only_unfinished=True) is None


def test_a_comparison_of_the_day_before_yesterday_is_begun_anew(mirrored: Source) -> None:
    old = Sweep.objects.create(started_at=moment.now() - timedelta(days=2), error="broken off")
    done = sweep(mirrored)
    assert done.pk != old.pk
    old.refresh_from_db()
    assert old.finished_at and old.error == "broken off"
    assert {one.finished_at for one in comparisons.comparisons().values()} == {done.finished_at}


def test_deletions_during_a_comparison_hide_nothing(
    mirrored: Source, world: World, small_pages: None
) -> None:
    """The row that slips over a page boundary is missing here; read in the usual direction it would not be seen."""
    ids = list(Deal.objects.order_by("id").values_list("id", flat=True))
    Deal.objects.filter(pk__in=ids[4:11]).delete()
    later(world)
    doomed = iter(ids)

    def meanwhile(one: Sweep) -> None:
        if one.position["entity"] == "deals":  # type: ignore[index]  # a row of that kind
            world.delete_lead(lead_id=next(doomed))

    reconcile.compare_mirror(mirrored, progress=meanwhile)
    everything(mirrored)
    assert_mirror_equals(world)


def test_a_page_costs_one_question_when_nothing_has_drifted(
    amo: Handle, mirrored: Source, world: World
) -> None:
    before = amo.app.counters["requests"]
    sweep(mirrored)
    # two pages (each sought and read), the incoming deals, and nothing per row
    assert amo.app.counters["requests"] - before <= 6


@pytest.mark.parametrize(("loaded", "runs"), [(True, 1), (False, 0)])
def test_the_nightly_task_compares_a_complete_mirror_only(
    account: Any, world: World, source: Source, loaded: bool, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs.mirror import sweep as task

    populate(world, 2)
    if loaded:
        everything(source)
    assert coverage.is_complete() is loaded
    task()
    assert Sweep.objects.filter(error="").count() == runs


def test_the_task_survives_a_refusal(
    account: Any, amo: Handle, mirrored: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs.mirror import sweep as task

    amo.app.faults.add(Fault(path="/leads$", status=402))
    task()
    assert "402" in Sweep.objects.get().error


def test_a_token_that_sees_nothing_any_more_deletes_nothing(amo: Handle, world: World) -> None:
    populate(world, 120)
    with source_of(amo) as source:
        everything(source)
        user = world.create_user(name="Чужой", email="x@example.com").id
        world.users[user].rights["leads"]["view"] = "D"
        amo.app.tokens.access[amo.token] = Grant(user, is_admin=False)
        sweep(source)
    assert Deal.objects.alive().count() == 120
