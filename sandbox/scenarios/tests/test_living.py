"""The loaded company lives on through the World's verbs."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from sandbox.refused import NotFound, Refused
from sandbox.scenarios import live
from sandbox.scenarios.living import Company
from sandbox.scenarios.people import STAFF
from sandbox.scenarios.shifts import Shifts
from sandbox.scenarios.tests.conftest import NOW
from sandbox.scenarios.weeks import first_monday
from sandbox.table import Query
from sandbox.world import World


@pytest.fixture(scope="module")
def world(company: dict[str, Any]) -> World:
    return World.from_data(company, now=NOW)


def test_the_account_opens_with_its_traces(company: dict[str, Any], world: World) -> None:
    counts = world.counts()
    assert counts["leads_in_trash"] == sum(lead["is_deleted"] for lead in company["leads"])
    assert (counts["companies"], counts["talks"]) == (14, len(company["talks"]))
    assert counts["notes"] == len(company["notes"])
    assert not [lead for lead in world.leads.page(Query(order="id"), 0, 20000) if lead.is_deleted]


def lived(world: World, now: datetime, acts: int) -> list[Any]:
    """The events of that many acts, without the pauses, from the moment on."""
    world.clock.set(now)
    known = set(world.events.by_id)
    somebody = Company(world, Random(3))
    for _ in range(acts):
        try:
            for _seconds in somebody.next_act(somebody.crew()) or ():
                world.clock.advance(timedelta(seconds=2))
        except (Refused, NotFound) as error:
            pytest.fail(f"an act was refused: {error!r}")
    return [event for event in world.events if event.id not in known]


def test_a_day_brings_leads_calls_tasks_and_moves_by_people_on_shift(world: World) -> None:
    events = lived(world, NOW, 250)
    kinds = Counter(event.type for event in events)
    for kind in ("lead_added", "lead_status_changed", "task_added", "task_completed", "outgoing_call",
                 "task_deadline_changed", "sale_field_changed", "common_note_added",
                 "incoming_chat_message"):  # fmt: skip
        assert kinds[kind] > 0, kind
    now = int(NOW.timestamp())
    on_shift = {p.user_id for p in STAFF if Shifts(p, first_monday(NOW)).on(now)}
    assert {event.created_by for event in events} <= on_shift | {0}
    assert any(lead.created_at >= now and not lead.closed_at for lead in world.leads)


def test_by_night_only_clients_and_the_robot_act(world: World) -> None:
    events = lived(world, NOW + timedelta(hours=10), 30)
    assert len(events) > 50 and {event.created_by for event in events} == {0}


def test_it_stops_when_told_to() -> None:
    world, stop = World.empty(now=NOW), threading.Event()
    thread = threading.Thread(target=live, args=("zolotarev", world, Random(1), stop))
    thread.start()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
