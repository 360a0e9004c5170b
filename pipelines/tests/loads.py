"""An account with some of everything, and loads of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import stamina

from core import moment
from jobs import judgement_queue
from pipelines.account.source import Source
from pipelines.mirror import coverage
from pipelines.mirror.entities import ENTITIES, TABLE
from pipelines.models import (
    Contact,
    CustomField,
    Deal,
    Event,
    LossReason,
    Person,
    Stage,
    Stay,
    Task,
    TaskType,
    Touch,
)
from sandbox.world import World


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def populate(world: World, count: int) -> None:
    """Deals that are moved, given away and closed, with tasks, calls and notes."""
    people = [
        world.create_user(name=f"Менеджер {number}", email=f"m{number}@example.com").id for number in range(3)
    ]
    reason = world.create_loss_reason(name="Дорого").id
    pipeline = next(iter(world.pipelines.values()))
    work = [status.id for status in pipeline.statuses if status.type == 0 and status.id not in (142, 143)]
    start = world.clock.timestamp() - 40 * 86400
    for number in range(count):
        begun = start + number * 3600
        contact = world.create_contact(name=f"Клиент {number}", at=begun)
        lead = world.create_lead(
            name=f"Сделка {number}",
            price=1000 + number,
            pipeline_id=pipeline.id,
            status_id=work[0],
            responsible_user_id=people[number % 3],
            at=begun,
        )
        world.link(
            entity_type="leads",
            entity_id=lead.id,
            to_entity_type="contacts",
            to_entity_id=contact.id,
            at=begun,
        )
        task = world.create_task(
            text="Позвонить",
            complete_till=begun + 7200,
            entity_id=lead.id,
            entity_type="leads",
            at=begun + 60,
        )
        world.add_call(
            entity_id=lead.id, direction="outbound", duration=60, at=begun + 600, by=people[number % 3]
        )
        world.move_lead(lead_id=lead.id, status_id=work[1], at=begun + 1200)
        if number % 2:
            world.complete_task(task_id=task.id, at=begun + 1800)
            world.edit_lead(lead_id=lead.id, responsible_user_id=people[(number + 1) % 3], at=begun + 2400)
        if number % 3 == 0:
            world.move_lead(lead_id=lead.id, status_id=143, loss_reason_id=reason, at=begun + 3000)


def everything(source: Source, *, full: bool = False) -> None:
    assert coverage.pull_entities(source, TABLE, full=full) == []
    judgement_queue.judge_waiting()


def snapshot() -> dict[str, list[dict[str, Any]]]:
    tables = (Person, Stage, CustomField, LossReason, TaskType, Contact, Deal, Task, Event, Touch)
    found = {table.__name__: list(table._default_manager.order_by("pk").values()) for table in tables}
    stays = Stay.objects.order_by("deal_id", "visit", "entered_at").values(
        *[f.attname for f in Stay._meta.fields if f.name != "id"]
    )
    return found | {"Stay": list(stays)}


def tick(world: World, seconds: int = 60) -> None:
    """Both clocks go on."""
    world.clock.advance(timedelta(seconds=seconds))
    moment.fix(world.clock.now().isoformat())


@contextmanager
def pages_of(rows: int) -> Iterator[None]:
    """Lists in pages so short that a small account has many."""
    kept = {name: ENTITIES[name].limit for name in ("deals", "tasks", "contacts")}
    for name in kept:
        object.__setattr__(ENTITIES[name], "limit", rows)
    try:
        yield
    finally:
        for name, limit in kept.items():
            object.__setattr__(ENTITIES[name], "limit", limit)
