"""A full load is judged once and closed once, and never left open."""

from collections import Counter
from typing import Any

import pytest

from devtools.tests.factory import make_employee
from jobs import judgement, judgement_queue, mirror
from pipelines.account import connection
from pipelines.account.source import Source
from pipelines.amo.errors import AmoError
from pipelines.mirror import coverage, readers
from pipelines.mirror.entities import TABLE
from pipelines.models import Account, Cursor, Deal, Event, JudgementRequest, Person, Stay
from pipelines.tests.loads import everything, populate, tick
from qc import subjects
from sandbox.auth import Grant
from sandbox.faults import Fault
from sandbox.server import Handle
from sandbox.world import World
from team.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def unpaced(settings: Any) -> None:
    """Seven requests a second are a wait of eight seconds for a load."""
    settings.AMO_RATE = 0.0


@pytest.fixture
def account(amo: Handle) -> Account:
    return connection.connect_by_token(amo.url, amo.token)


def test_a_whole_load_is_judged_and_nothing_waits(account: Account, world: World, unpaced: None) -> None:
    populate(world, 3)
    mirror.first_load()
    assert (
        Stay.objects.filter(left_at=None).count() == 3
        and not JudgementRequest.objects.exists()
        and judgement_queue.loaded()
    )


def test_a_load_that_ended_before_it_was_closed_is_closed_by_the_next(
    account: Account, amo: Handle, world: World, source: Source
) -> None:
    populate(world, 3)
    everything(source)
    lost = Deal.objects.order_by("id")[1].id
    Deal.objects.filter(pk=lost).delete()
    Event.objects.create(id="named", at=world.clock.now(), kind="stage", entity="deal", entity_id=lost)
    assert coverage.is_complete() and not judgement_queue.loaded()
    amo.app.faults.add(Fault(path="/leads$", status=402, times=1))
    mirror.first_load()
    assert not judgement_queue.loaded(), "amoCRM did not show the orphan"
    mirror.first_load()
    assert judgement_queue.loaded() and Deal.objects.filter(pk=lost).exists()


def test_what_the_token_may_not_see_stops_nothing_else_and_comes_when_it_may(
    account: Account, amo: Handle, world: World, unpaced: None
) -> None:
    populate(world, 2)
    grant = amo.app.tokens.access[amo.token]
    amo.app.tokens.access[amo.token] = Grant(grant.user_id, is_admin=False)
    mirror.first_load()
    assert Cursor.objects.get(entity="users").state == Cursor.State.DENIED and readers.denied() == {"users"}
    assert coverage.is_complete() and judgement_queue.loaded() and Stay.objects.exists()
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
    failures: list[tuple[object, AmoError]] = list(coverage.pull_entities(source, TABLE))
    assert len(failures) == 1 and not coverage.is_complete() and readers.denied() == set()


def test_people_and_contacts_are_judged_once_after_all_lives_are_folded(
    account: Account, world: World, unpaced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    populate(world, 3)
    folded: list[int] = []

    def noted(rules: object = None) -> Counter[tuple[str, str]]:
        folded.append(Stay.objects.count())
        return Counter()

    monkeypatch.setattr(subjects, "judge_every_subject", noted)
    mirror.first_load()
    assert folded == [Stay.objects.count()] and folded[0] >= 3


def test_what_a_load_was_judged_by_is_not_judged_by_once_more(
    account: Account, world: World, unpaced: None
) -> None:
    populate(world, 3)
    mirror.first_load()
    judgement.demand_by_changed_terms()
    assert not JudgementRequest.objects.exists()
    make_employee(Role.MANAGER, Person.objects.first())
    judgement.demand_by_changed_terms()
    assert JudgementRequest.objects.exists()
