"""What was changed is judged, whoever dies and whatever Redis forgets; a load is closed once, and never left open."""

import json
from base64 import b64decode
from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from core import locks
from jobs import judgement_queue, mirror
from jobs.judgement import judge
from pipelines.account import connection
from pipelines.account.source import Source
from pipelines.amo.errors import AmoError
from pipelines.mirror import coverage, readers
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Cursor, Deal, Event, Person, Stay, Touched
from pipelines.tests.test_sync import everything, populate, tick
from sandbox.auth import Grant
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as one:
        one.delete("work", "hooks", "celery", "unacked")
        yield one


@pytest.fixture
def account(amo: Handle) -> Account:
    return connection.connect(amo.url, amo.token)


def asked(redis: Redis, queue: str = "work") -> list[list[int]]:
    """The deals of every question for judgement that waits in a queue."""
    messages = [json.loads(one) for one in redis.lrange(queue, 0, -1)]  # type: ignore[union-attr]
    wanted = [one for one in messages if one["headers"]["task"] == "jobs.judgement.judge"]
    return [json.loads(b64decode(one["body"]))[0][0] for one in wanted]


def note(*deals: int) -> None:
    Touched.objects.bulk_create([Touched(deal_id=deal) for deal in deals])


def noted() -> list[int]:
    return list(Touched.objects.order_by("deal_id").values_list("deal_id", flat=True))


def test_a_note_stays_until_its_deal_is_judged(redis: Redis) -> None:
    note(1, 2, 2)
    assert judgement_queue.deliver() == 2 and asked(redis) == [[1, 2]] and noted() == [1, 2, 2]
    assert judgement_queue.deliver() == 0 and len(asked(redis)) == 1, "asked once"
    judge([1])
    assert noted() == [2, 2]
    judge([2])
    assert noted() == []


def test_what_redis_forgot_is_asked_again(redis: Redis) -> None:
    note(1)
    judgement_queue.deliver()
    redis.delete("work")
    Touched.objects.update(sent_at=locks.present() - judgement_queue.PATIENCE)
    judgement_queue.deliver(queue="hooks")
    assert asked(redis) == [] and asked(redis, "hooks") == [[1]]


def test_a_change_after_the_question_is_asked_about_on_its_own(redis: Redis) -> None:
    note(1)
    judgement_queue.deliver()
    note(1)
    judge([1])
    assert noted() == [1] and judgement_queue.deliver() == 1 and asked(redis) == [[1], [1]]


def test_judging_by_some_rules_settles_nothing(redis: Redis) -> None:
    note(1)
    judgement_queue.deliver()
    judge([1], ["deal.stuck"])
    assert noted() == [1]


def test_a_question_that_cannot_be_asked_leaves_the_note_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(deals: list[int], queue: str | None) -> None:
        raise ConnectionError

    note(1)
    with monkeypatch.context() as patched, pytest.raises(ConnectionError):
        patched.setattr(judgement_queue, "ask_for_judgement", down)
        judgement_queue.deliver()
    assert Touched.objects.get().sent_at is None


def test_a_whole_load_leaves_one_note_a_deal_and_all_are_asked_for(
    account: Account, world: World, redis: Redis
) -> None:
    populate(world, 3)
    mirror.first_load()
    deals = list(Deal.objects.order_by("id").values_list("id", flat=True))
    assert asked(redis) == [deals] and noted() == deals and judgement_queue.loaded()
    assert Stay.objects.filter(left_at=None).count() == 3
    judge(deals)
    assert noted() == []


def test_a_load_that_ended_before_it_was_closed_is_closed_by_the_next(
    account: Account, amo: Handle, world: World, source: Source, redis: Redis
) -> None:
    populate(world, 3)
    everything(source)
    lost = Deal.objects.order_by("id")[1].id
    Deal.objects.filter(pk=lost).delete()
    Event.objects.create(id="named", at=world.clock.now(), kind="stage", entity="deal", entity_id=lost)
    assert coverage.complete() and not judgement_queue.loaded()
    amo.app.faults.add(Fault(path="/leads$", status=402, times=1))
    mirror.first_load()
    assert not judgement_queue.loaded(), "amoCRM did not show the orphan"
    mirror.first_load()
    assert judgement_queue.loaded() and Deal.objects.filter(pk=lost).exists()


def test_what_the_token_may_not_see_stops_nothing_else_and_comes_when_it_may(
    account: Account, amo: Handle, world: World, redis: Redis
) -> None:
    populate(world, 2)
    grant = amo.app.tokens.access[amo.token]
    amo.app.tokens.access[amo.token] = Grant(grant.user_id, is_admin=False)
    mirror.first_load()
    assert Cursor.objects.get(entity="users").state == Cursor.State.DENIED and readers.denied() == {"users"}
    assert coverage.complete() and judgement_queue.loaded() and Stay.objects.exists()
    tick(world)
    deal = Deal.objects.order_by("id")[0].id
    world.edit_lead(lead_id=deal, price=4711)
    mirror.pull_changes()
    assert Deal.objects.get(pk=deal).price == 4711
    amo.app.tokens.access[amo.token] = grant
    mirror.pull_dictionaries()
    assert Cursor.objects.get(entity="users").state == Cursor.State.READY
    assert Person.objects.filter(deleted_at=None).count() == len(world.users)


def test_a_refused_entity_is_told_apart_from_a_broken_one(amo: Handle, world: World, source: Source) -> None:
    populate(world, 1)
    amo.app.faults.add(Fault(path="/loss_reasons$", status=402, times=1))
    failures: list[tuple[object, AmoError]] = list(coverage.pull(source, TABLE))
    assert len(failures) == 1 and not coverage.complete() and readers.denied() == set()
