"""Calls on the client's card: of every deal of his that is open then, and of none before or after it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core import moment
from jobs import judgement_queue
from pipelines.mirror.entities import ENTITIES
from pipelines.mirror.upsert import store_rows
from pipelines.models import JudgementRequest, Touch
from qc.models import Finding, RuleMode
from qc.rules import StageNorms, Terms
from qc.rules.contact_first_late import FirstContact
from qc.tests import world
from qc.tests.lives import CLOCKS, at, found, hour, hours, life
from timeline import timeline
from timeline.loading import load_timelines

ANNA, CLIENT = 1, 900


@pytest.mark.parametrize(
    ("story", "calls", "broken"),
    [
        ("10 lead anna; 40 won anna", [], ["10:11-40 anna"]),
        ("10 lead anna; 40 won anna", [10.5], []),
        ("10 lead anna; 40 won anna", [15], ["10:11-15 anna"]),
        ("10 lead anna; 40 won anna", [10], []),  # at the very moment of its creation it is open
        ("10 lead anna; 40 won anna", [5], ["10:11-40 anna"]),  # of an earlier deal
        ("10 lead anna; 40 won anna", [40], ["10:11-40 anna"]),  # at its closing it is closed
        ("4 new anna; 10 lead anna; 40 won anna", [5], []),  # while it came in
        ("4 new anna; 5 lost anna; 34 lead anna; 60 won anna", [12], ["34:35-60 anna"]),  # while it was lost
        ("4 new anna; 5 lost anna; 34 lead anna; 60 won anna", [34.5], []),  # opened again
    ],
)  # fmt: skip
def test_a_call_on_the_card_is_a_first_contact_while_the_deal_is_open(
    story: str, calls: list[float], broken: list[str]
) -> None:
    norm = FirstContact(hours(1))
    terms = Terms({"lead": (StageNorms(None, None, {FirstContact: norm}),)}, CLOCKS)
    on_card = tuple(timeline.Touch(at(h), ANNA, "call_out", 60, True) for h in calls)
    assert found("contact.first_late", replace(life(story), touches=on_card), terms) == broken


@pytest.fixture
def company() -> Iterator[None]:
    world.company()
    RuleMode.objects.update_or_create(
        rule="contact.first_late", defaults={"mode": "warn", "weight": 1, "since": at(0)}
    )
    world.regulation("lead", contact_first_late_within=hours(1))
    moment.fix(at(200).isoformat())
    yield
    moment.fix(None)


def call(pk: str, when: float, **facts: object) -> dict[str, object]:
    """A row of the mirror: an outgoing call of Anna's on the client's card."""
    return {
        "id": pk,
        "at": at(when),
        "kind": "call_out",
        "deal_id": None,
        "contact_id": CLIENT,
        "manager_id": ANNA,
        "seconds": 30,
        "result": None,
        "updated_at": at(when),
    } | facts


@pytest.mark.django_db
def test_a_life_has_what_was_said_to_the_client_while_it_was_open(company: None) -> None:
    world.deal(1, "10 lead anna; 20 lost anna", contact_id=CLIENT)
    world.deal(2, "15 lead anna; 30 offer anna", contact_id=CLIENT)
    world.deal(3, "10 lead anna", contact_id=CLIENT + 1)
    rows = [
        call("a", 5), call("b", 12), call("c", 16), call("d", 25), call("own", 26, contact_id=None, deal_id=2),
        call("note", 17, kind="note"), call("robot", 17, manager_id=None), call("wrote", 18, kind="message_in"),
        call("late", 24, kind="message_in"), call("far", 19, contact_id=None),
    ]  # fmt: skip
    Touch.objects.bulk_create(Touch(**row) for row in rows)
    lives = {one.id: one for one in load_timelines([1, 2, 3], [], touches=True)}
    assert {key: [(hour(t.at), t.on_contact) for t in one.touches] for key, one in lives.items()} == {
        1: [("12", True), ("16", True)],
        2: [("16", True), ("25", True), ("26", False)],
        3: [],
    }
    assert {key: [hour(moment) for moment in one.heard] for key, one in lives.items()} == {
        1: ["18"],
        2: ["18", "24"],
        3: [],
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "deals"),
    [
        (call("x", 16), {1, 2}),
        (call("x", 25), {2}),
        (call("x", 12), {1}),
        (call("x", 20), {2}),  # the first is closed at that moment
        (call("x", 5), set()),
        (call("x", 16, kind="note"), set()),
        (call("x", 16, contact_id=None), set()),
        (call("x", 16, contact_id=CLIENT + 1), {3}),
    ],
)
@pytest.mark.parametrize("entity", ["contact_notes", "messages"])
def test_a_call_on_the_card_demands_judgement_of_the_deals_that_were_open(
    company: None, entity: str, row: dict[str, object], deals: set[int]
) -> None:
    world.deal(1, "10 lead anna; 20 lost anna", contact_id=CLIENT)
    world.deal(2, "15 lead anna", contact_id=CLIENT)
    world.deal(3, "10 lead anna", contact_id=CLIENT + 1)
    JudgementRequest.objects.all().delete()
    stored = store_rows(ENTITIES[entity], [row])
    assert (stored.new, stored.deals) == ({"x"}, deals)
    assert set(JudgementRequest.objects.values_list("deal_id", flat=True)) == deals
    assert store_rows(ENTITIES[entity], [row]).deals == set(), "nothing has changed"


@pytest.mark.django_db
def test_a_call_that_is_told_late_takes_the_case_away(company: None) -> None:
    world.deal(1, "34 lead anna", contact_id=CLIENT)
    world.deal(2, "35 lead anna", contact_id=CLIENT)
    JudgementRequest.objects.demand_deals([1, 2])
    judgement_queue.judge_deals([1, 2])
    cases = Finding.objects.standing().filter(rule="contact.first_late")
    assert {(one.deal_id, hour(one.opens_at)) for one in cases.all()} == {(1, "35"), (2, "36")}
    touched = store_rows(ENTITIES["contact_notes"], [call("x", 34.5)]).deals
    assert touched == {1}
    touched |= store_rows(ENTITIES["contact_notes"], [call("y", 35.5)]).deals
    assert touched == {1, 2}
    judgement_queue.judge_deals(touched)
    assert not cases.exists()
