"""The comparison itself: it must say nothing of a true mirror and name every kind of fault."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F

from pipelines.account.source import Source
from pipelines.models import Deal, Event, LossReason, Person, Stage, Stay, Task, Touch
from pipelines.tests.equal import assert_mirror_equals, differences
from pipelines.tests.loads import everything, populate
from sandbox.world import World

pytestmark = pytest.mark.django_db

FAULTS: dict[str, Callable[[], object]] = {
    "deals \\d+: missing here": lambda: Deal.objects.filter(pk=Deal.objects.first().pk).delete(),
    "deals \\d+: price is": lambda: Deal.objects.filter(pk=Deal.objects.first().pk).update(price=1),
    "tasks \\d+: due_at is": lambda: Task.objects.update(due_at=F("due_at") + timedelta(seconds=1)),
    "users 7: alive here": lambda: Person.objects.create(id=7, name="x"),
    "users \\d+: is_active is": lambda: Person.objects.update(is_active=False),
    "stages .*: name is": lambda: Stage.objects.update(name="x"),
    "loss_reasons \\d+: missing": lambda: LossReason.objects.all().delete(),
    "events .*: missing": lambda: Event.objects.filter(kind="stage").delete(),
    "events .*: entity_id is": lambda: Event.objects.filter(kind="stage").update(entity_id=1),
    "touches .*: seconds is": lambda: Touch.objects.update(seconds=3),
    "deal \\d+: its last stay is in": lambda: Stay.objects.filter(left_at=None).update(stage_id="1:1"),
    "deal \\d+: it stays nowhere": lambda: Stay.objects.all().delete(),
    "task \\d+: completion": lambda: Task.objects.update(completed_at=None),
}


@pytest.mark.parametrize("line", FAULTS)
def test_every_fault_is_named(world: World, source: Source, line: str) -> None:
    populate(world, 4)
    everything(source)
    assert_mirror_equals(world)
    FAULTS[line]()
    assert [found for found in differences(world) if re.match(line, found)]
