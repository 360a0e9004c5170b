import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
import stamina
from django.core.management import CommandError, call_command

from core import locks, moment
from jobs import judgement_queue, mirror
from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.mirror import coverage, hooks
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Contact, Deal, Hook, JudgementRequest, Stay, Task, Touch
from pipelines.tests.loads import populate, tick
from pipelines.tests.test_hook_bodies import tree
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


def ring(**keys: Any) -> Hook:
    def flat(node: Any, prefix: str) -> Iterator[str]:
        for key, value in node.items():
            name = f"{prefix}[{key}]" if prefix else key
            if isinstance(value, dict):
                yield from flat(value, name)
            else:
                yield f"{quote_plus(name)}={quote_plus(value)}"

    data = tree(**keys)
    data["account"]["id"] = str(Account.objects.get().pk)
    return Hook.objects.create(body="&".join(flat(data, "")).encode())


@pytest.fixture
def mirrored(account: Account, world: World, source: Source) -> Source:
    populate(world, 4)
    coverage.pull_entities(source, TABLE)
    judgement_queue.judge_waiting()
    tick(world)
    return source


@pytest.mark.django_db
def test_a_ring_brings_the_deal_as_it_is_now_and_the_body_is_forgotten(
    mirrored: Source, world: World
) -> None:
    deal = Deal.objects.order_by("id")[1]
    world.move_lead(lead_id=deal.id, status_id=142)
    ring(leads__update__0__id=str(deal.id), leads__update__0__status_id="666")
    assert hooks.answer_hooks(mirrored) == {deal.id}
    assert Deal.objects.get(pk=deal.id).stage_id == f"{deal.pipeline_id}:142"
    judgement_queue.judge_deals([deal.id])
    assert Stay.objects.filter(deal_id=deal.id, left_at=None, inferred=False, stage__status=142).exists()
    hook = Hook.objects.get()
    assert (bytes(hook.body), hook.error, hook.handled_at) == (b"", "", moment.now())
    assert not hooks.waiting_hooks()


@pytest.mark.django_db
def test_rings_that_come_twice_late_and_in_the_wrong_order_end_the_same(
    mirrored: Source, world: World
) -> None:
    deal = Deal.objects.order_by("id")[1]
    for status in (142, 143):
        world.move_lead(lead_id=deal.id, status_id=status)
    for status in (143, 142, 143, 142):
        ring(leads__status__0__id=str(deal.id), leads__status__0__status_id=str(status))
    hooks.answer_hooks(mirrored)
    assert Deal.objects.get(pk=deal.id).stage_id.endswith(":143")
    ring(leads__status__0__id=str(deal.id), leads__status__0__status_id="142")
    assert hooks.answer_hooks(mirrored) == set()


@pytest.mark.django_db
def test_many_rings_about_one_deal_are_one_question(mirrored: Source, amo: Handle, world: World) -> None:
    deal = Deal.objects.order_by("id")[1]
    for _ in range(20):
        ring(leads__update__0__id=str(deal.id))
    before = amo.app.counters["requests"]
    hooks.answer_hooks(mirrored)
    assert amo.app.counters["requests"] - before == 2, "the deal and its events"
    assert not hooks.waiting_hooks()


@pytest.mark.django_db
def test_a_deleted_deal_is_marked(mirrored: Source, world: World) -> None:
    deal = Deal.objects.order_by("id")[1].id
    world.delete_lead(lead_id=deal)
    ring(leads__delete__0__id=str(deal))
    assert hooks.answer_hooks(mirrored) == {deal}
    assert Deal.objects.get(pk=deal).deleted_at is not None


@pytest.mark.django_db
def test_tasks_contacts_and_calls_are_brought_too(mirrored: Source, world: World) -> None:
    deal = Deal.objects.order_by("id")[1].id
    task = world.create_task(text="x", complete_till=moment.now(), entity_id=deal, entity_type="leads")
    contact = world.create_contact(name="Новый клиент")
    world.add_call(entity_id=deal, duration=33)
    ring(task__add__0__id=str(task.id))
    ring(contacts__add__0__id=str(contact.id))
    ring(leads__note__0__note__element_id=str(deal), leads__note__0__note__id="1")
    assert deal in hooks.answer_hooks(mirrored)
    assert Task.objects.get(pk=task.id).deal_id == deal
    assert Contact.objects.get(pk=contact.id).name == "Новый клиент"
    assert Touch.objects.filter(deal_id=deal, seconds=33).exists()


@pytest.mark.django_db
def test_a_forged_deal_that_amocrm_does_not_know_changes_nothing(mirrored: Source) -> None:
    ring(leads__add__0__id="987654321")
    assert hooks.answer_hooks(mirrored) == set()
    assert not Deal.objects.filter(pk=987654321).exists() and not hooks.waiting_hooks()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe\xfd", "cannot be read"),
        (b"just words", "cannot be read"),
        (b"account[id]=1&leads[add][0][id]=1", "account 1"),
    ],
)
def test_nonsense_and_other_accounts_are_put_aside_with_the_reason(
    mirrored: Source, body: bytes, reason: str
) -> None:
    Hook.objects.create(body=body)
    assert hooks.answer_hooks(mirrored) == set()
    hook = Hook.objects.get()
    assert reason in hook.error and hook.handled_at and bytes(hook.body) == b""


@pytest.mark.django_db
def test_a_ring_that_cannot_be_answered_keeps_the_reason_and_waits(mirrored: Source, amo: Handle) -> None:
    hook = ring(leads__update__0__id=str(Deal.objects.order_by("id")[1].id))
    amo.app.faults.add(Fault(path="/leads$", status=500, times=2))
    with pytest.raises(errors.Transient):
        hooks.answer_hooks(mirrored)
    hook.refresh_from_db()
    assert "500" in hook.error and hook.handled_at is None and bytes(hook.body)
    assert not hooks.waiting_hooks(), "it rests"
    Hook.objects.update(lease_until=locks.lease_now())
    hooks.answer_hooks(mirrored)
    assert Hook.objects.get().handled_at is not None


@pytest.mark.django_db
def test_one_ring_that_amocrm_chokes_on_does_not_hold_up_the_others(
    mirrored: Source, amo: Handle, world: World
) -> None:
    one, two = Deal.objects.order_by("id").values_list("id", flat=True)[1:3]
    world.edit_lead(lead_id=one, price=1)
    world.edit_lead(lead_id=two, price=2)
    ring(leads__update__0__id=str(one))
    ring(leads__update__0__id=str(two))
    amo.app.faults.add(Fault(path="/leads$", status=404, times=1))  # the common question
    amo.app.faults.add(Fault(path="/events$", status=404, times=1))  # the first single one
    hooks.answer_hooks(mirrored)
    assert Deal.objects.get(pk=two).price == 2
    assert Hook.objects.filter(handled_at=None).count() <= 1


@pytest.mark.django_db
def test_a_dead_token_is_tried_once_for_all_that_waits(mirrored: Source, amo: Handle) -> None:
    for deal in Deal.objects.values_list("id", flat=True):
        ring(leads__update__0__id=str(deal))
    amo.app.tokens.access.clear()
    before = amo.app.counters["requests"]
    with pytest.raises(errors.AuthError):
        hooks.answer_hooks(mirrored)
    assert amo.app.counters["requests"] - before <= 2
    assert not hooks.waiting_hooks() and Hook.objects.filter(handled_at=None).exclude(error="").count() == 4


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("amo_hooks", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_what_failed_can_be_replayed_at_once(mirrored: Source, amo: Handle, world: World) -> None:
    deal = Deal.objects.order_by("id")[1].id
    world.edit_lead(lead_id=deal, price=31)
    ring(leads__update__0__id=str(deal))
    amo.app.faults.add(Fault(path="/leads$", status=500, times=2))
    with pytest.raises(errors.Transient):
        hooks.answer_hooks(mirrored)
    assert "Not answered yet: 1\n" in (told := command()) and "1  500" in told
    assert Deal.objects.get(pk=deal).price != 31
    assert command("--replay") == "Tried again: 1\nNot answered yet: 0\n"
    assert Deal.objects.get(pk=deal).price == 31
    assert command("--replay") == "Tried again: 0\nNot answered yet: 0\n"


@pytest.mark.django_db
def test_what_a_hook_has_changed_is_judged_before_what_waits_for_a_full_judgement(
    mirrored: Source, amo: Handle, world: World
) -> None:
    JudgementRequest.objects.demand_all()
    deal = Deal.objects.order_by("id")[1].id
    world.edit_lead(lead_id=deal, price=32)
    world.move_lead(lead_id=deal, status_id=142)
    ring(leads__update__0__id=str(deal))
    mirror.answer_hooks()
    assert Stay.objects.get(deal=deal, left_at=None).stage.status == 142
    assert list(JudgementRequest.objects.values_list("deal_id", flat=True)) == [None]


@pytest.mark.django_db
def test_replaying_without_amocrm_is_one_sentence_and_loses_nothing(mirrored: Source, amo: Handle) -> None:
    ring(leads__update__0__id=str(Deal.objects.order_by("id")[1].id))
    amo.app.faults.add(Fault(path="/leads$", status=401, times=9))
    with pytest.raises(CommandError):
        command("--replay")
    assert Hook.objects.get().handled_at is None and "401" in Hook.objects.get().error


@pytest.mark.django_db
def test_a_ring_that_a_worker_is_answering_is_not_replayed(mirrored: Source) -> None:
    ring(leads__update__0__id="1")
    assert hooks.claim_hooks() and hooks.replay_hooks() == 0


@pytest.mark.django_db
def test_a_worker_that_died_holding_a_ring_lets_go_of_it(mirrored: Source) -> None:
    hook = ring(leads__update__0__id=str(Deal.objects.order_by("id")[1].id))
    assert [one.pk for one in hooks.claim_hooks()] == [hook.pk]
    assert hooks.claim_hooks() == [] and not hooks.waiting_hooks()
    Hook.objects.update(lease_until=locks.lease_now() - timedelta(seconds=1))
    hooks.answer_hooks(mirrored)
    assert Hook.objects.get().handled_at is not None and Hook.objects.get().attempts == 2


@pytest.mark.django_db
def test_only_handled_rings_of_long_ago_are_forgotten(now: datetime) -> None:
    for days in (29, 31, None):
        Hook.objects.create(body=b"", handled_at=None if days is None else now - timedelta(days=days))
    hooks.forget_bodies()
    assert [hook.handled_at for hook in Hook.objects.order_by("id")] == [now - timedelta(days=29), None]


@pytest.mark.django_db
def test_hooks_before_the_first_load_bring_what_they_name(
    account: Account, world: World, source: Source
) -> None:
    populate(world, 2)
    lead = min(world.leads.rows)
    ring(leads__add__0__id=str(lead))
    ring(leads__note__0__note__id="1")
    assert hooks.answer_hooks(source) == {lead}
    assert not Touch.objects.exists(), "notes are left to the first load"
    assert JudgementRequest.objects.exists()


@pytest.mark.django_db
def test_a_hook_that_amocrm_has_switched_off_is_switched_on_again(
    account: Account, world: World, source: Source
) -> None:
    hooks.ensure_subscription(source.client, account, "https://portal.example")
    (hook,) = world.webhooks.values()
    hook.disabled = True
    hooks.ensure_subscription(source.client, account, "https://portal.example")
    assert [one.disabled for one in world.webhooks.values()] == [False]


@pytest.mark.django_db
def test_amocrm_is_asked_to_ring_here_once(account: Account, world: World, source: Source) -> None:
    first = hooks.ensure_subscription(source.client, account, "https://portal.example")
    again = hooks.ensure_subscription(source.client, Account.objects.get(), "https://portal.example")
    assert first == again == f"https://portal.example/hooks/amocrm/{Account.objects.get().hook_secret}/"
    (hook,) = world.webhooks.values()
    assert hook.destination == first and set(hook.settings) == set(hooks.SETTINGS)
    assert len(Account.objects.get().hook_secret) >= 40
