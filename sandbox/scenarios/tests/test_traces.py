"""Companies, chats, calls on people, duplicates, spam and links are there, and the life is as it was without them."""

from collections import Counter
from typing import Any

from sandbox.scenarios.fields import STANDARD
from sandbox.scenarios.tests.test_consistency import Data, events_of


def test_the_life_is_as_it_was_before_anything_was_added(company: Data, life: Data) -> None:
    added = {"closest_task_at", "custom_fields_values", "_embedded"}  # written when the books are closed
    for before, lead in zip(life["leads"], company["leads"], strict=False):
        assert {key: lead[key] for key in before.keys() - added} == {
            key: before[key] for key in before.keys() - added
        }
        for key in ("tags", "contacts"):
            assert lead["_embedded"][key] == before["_embedded"][key]
    assert company["tasks"] == life["tasks"]
    assert company["notes"][: len(life["notes"])] == life["notes"]
    ids = {event["id"] for event in life["events"]}
    assert [event for event in company["events"] if event["id"] in ids] == life["events"]
    assert 10_000 < len(company["events"]) - len(life["events"]) < 30_000


def test_every_contact_appeared_once(company: Data) -> None:
    added = events_of(company, "contact_added")
    assert {id_: [e["created_at"] for e in events] for id_, events in added.items()} == {
        row["id"]: [row["created_at"]] for row in company["contacts"]
    }


def test_a_double_is_merged_in_the_second_in_which_somebody_takes_up_the_first(
    company: Data, life: Data
) -> None:
    alive = {lead["id"] for lead in life["leads"]}
    moves, gone = events_of(company, "lead_status_changed"), events_of(company, "lead_deleted")
    merged = [event for event in company["events"] if event["type"] == "entity_merged"]
    assert 60 < len(merged) < 200
    assert {bool(event["created_by"]) for event in merged} == {True, False}
    losers = Counter((one["created_at"], one["created_by"]) for events in gone.values() for one in events)
    for event in merged:
        assert event["entity_id"] in alive
        assert (event["value_before"], event["value_after"]) == ([], [])
        moment = event["created_at"], event["created_by"]
        assert moment in {(one["created_at"], one["created_by"]) for one in moves[event["entity_id"]]}
        assert losers[moment]


def test_only_leads_of_the_traces_are_deleted_and_none_of_the_life(company: Data, life: Data) -> None:
    alive = {lead["id"] for lead in life["leads"]}
    deleted = {lead["id"]: lead for lead in company["leads"] if lead["is_deleted"]}
    assert 100 < len(deleted) < 250 and not alive & deleted.keys()
    told = events_of(company, "lead_deleted")
    assert told.keys() == deleted.keys()
    for id_, (event,) in told.items():
        assert (deleted[id_]["updated_at"], deleted[id_]["updated_by"]) == (
            event["created_at"],
            event["created_by"],
        )
    strangers = [lead for lead in company["leads"] if lead["id"] not in alive and not lead["is_deleted"]]
    assert strangers == []  # a double or spam is seldom seen standing; at this moment none is


def test_spam_takes_its_contact_along(company: Data) -> None:
    deleted = {row["id"] for row in company["contacts"] if row["is_deleted"]}
    assert 15 < len(deleted) < 80 and deleted == events_of(company, "contact_deleted").keys()


def test_a_double_click_leaves_a_task_in_the_log_only(company: Data) -> None:
    deleted, added = events_of(company, "task_deleted"), events_of(company, "task_added")
    assert 15 < len(deleted) < 100 and not deleted.keys() & {task["id"] for task in company["tasks"]}
    assert all(added[id_][0]["created_at"] == event["created_at"] for id_, (event,) in deleted.items())


def test_workshops_are_companies_with_their_people_and_deals(company: Data) -> None:
    firms = {row["id"]: row for row in company["companies"]}
    codes = {field.code for field in STANDARD if field.entity == "companies"}
    assert codes == {"PHONE", "EMAIL", "WEB", "ADDRESS"}
    for row in firms.values():
        assert {one["field_code"] for one in row["custom_fields_values"]} == codes
    people = {row["id"]: row for row in company["contacts"]}
    linked = events_of(company, "entity_linked")
    wholesale = [lead for lead in company["leads"] if lead["_embedded"]["companies"]]
    assert len(wholesale) > 150
    for lead in wholesale:
        (firm,) = lead["_embedded"]["companies"]
        person = people[lead["_embedded"]["contacts"][0]["id"]]
        assert firms[firm["id"]]["name"] in lead["name"]
        assert firms[firm["id"]]["created_at"] <= lead["created_at"]
        assert person["_embedded"]["companies"] == [firm]
        assert {"POSITION", "EMAIL", "PHONE"} == {one["field_code"] for one in person["custom_fields_values"]}
        told = {"link": {"entity": {"type": "company", "id": firm["id"]}}}
        assert [told] in [event["value_after"] for event in linked[lead["id"]] + linked[person["id"]]]


def test_what_a_link_tells_on_one_side_it_tells_on_the_other(company: Data) -> None:
    sides: Counter[Any] = Counter()
    for kind in ("entity_linked", "lead_linked", "contact_linked"):
        for event in (one for events in events_of(company, kind).values() for one in events):
            other = event["value_after"][0]["link"]["entity"]
            ends = sorted([(event["entity_type"], event["entity_id"]), (other["type"], other["id"])])
            sides[event["created_at"], *ends] += 1 if kind == "entity_linked" else -1
    merged = events_of(company, "entity_merged").keys() | events_of(company, "lead_deleted").keys()
    odd = [ends for (_, *ends), count in sides.items() if count and not any(end[1] in merged for end in ends)]
    assert odd == [] and len(sides) > 1_000


def test_a_conversation_begins_with_the_deal_and_ends_with_it(company: Data) -> None:
    leads = {lead["id"]: lead for lead in company["leads"]}
    messages = events_of(company, "incoming_chat_message", "outgoing_chat_message")
    calls = events_of(company, "outgoing_call")
    assert {talk["chat_id"] for talk in company["talks"]} == {chat["chat_id"] for chat in company["chats"]}
    for talk in company["talks"]:
        lead, said = leads[talk["entity_id"]], messages[talk["entity_id"]]
        assert (talk["created_at"], talk["contact_id"]) == (
            lead["created_at"],
            lead["_embedded"]["contacts"][0]["id"],
        )
        assert said[0]["created_at"] == talk["created_at"]
        assert all(event["value_after"][0]["message"]["talk_id"] == talk["talk_id"] for event in said)
        for event in said:
            if event["type"] == "outgoing_chat_message":
                moments = {(one["created_at"], one["created_by"]) for one in calls[lead["id"]]}
                assert (event["created_at"], event["created_by"]) in moments
    open_ = [talk for talk in company["talks"] if talk["is_in_work"]]
    assert 0 < len(open_) < len(company["talks"]) / 4
    assert sum(event["type"].startswith("outgoing") for said in messages.values() for event in said) > 100


def test_buyers_ring_up_again_and_the_call_stands_on_the_person(company: Data) -> None:
    calls = [note for note in company["notes"] if note["entity_type"] == "contacts"]
    assert len(calls) > 60
    assert {note["note_type"] for note in calls} == {"call_in"}
    assert {bool(note["params"]["duration"]) for note in calls} == {True, False}
    won = {lead["_embedded"]["contacts"][0]["id"] for lead in company["leads"] if lead["status_id"] == 142}
    assert {note["entity_id"] for note in calls} <= won
