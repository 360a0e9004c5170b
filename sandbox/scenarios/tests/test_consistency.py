"""A lead's rows, its events and its tasks tell one story."""

import json
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from sandbox.load import without_collection
from sandbox.scenarios import build, staff
from sandbox.scenarios.people import STAFF
from sandbox.scenarios.shifts import Shifts
from sandbox.scenarios.tests.conftest import NOW
from sandbox.scenarios.weeks import HOUR, first_monday
from sandbox.state import PLURAL as CARDS

Data = dict[str, Any]
EDITS = (
    "lead_status_changed",
    "sale_field_changed",
    "entity_responsible_changed",
    "entity_tag_added",
    "custom_field_",
)
NOW_S = int(NOW.timestamp())
PLURAL = {**CARDS, "task": "tasks"}


def events_of(company: Data, *kinds: str) -> dict[int, list[dict]]:
    found: dict[int, list[dict]] = {}
    for event in company["events"]:
        if event["type"].startswith(kinds):
            found.setdefault(event["entity_id"], []).append(event)
    return found


def test_the_same_seed_and_moment_give_the_same_bytes(company: Data) -> None:
    with without_collection():
        again = build("zolotarev", 1, NOW)
        assert again == company
        assert json.dumps(again["leads"]) == json.dumps(company["leads"])
        del again


def test_a_later_now_of_the_same_week_continues_the_same_life(company: Data) -> None:
    with without_collection():
        later = build("zolotarev", 1, NOW + timedelta(hours=20))["events"]
    assert later[: len(company["events"])] == company["events"]
    assert len(later) > len(company["events"]) + 300


@pytest.mark.parametrize(("name", "now"), [("nobody", NOW), ("zolotarev", NOW.replace(tzinfo=None))])
def test_an_unknown_name_or_a_naive_moment_is_refused(name: str, now: Any) -> None:
    with pytest.raises(ValueError):
        build(name, 1, now)


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("leads", 13_500, 16_500),
        ("tasks", 38_000, 52_000),
        ("notes", 38_000, 60_000),
        ("events", 140_000, 225_000),
        ("companies", 14, 14),
        ("talks", 500, 1_000),
        ("pipelines", 7, 7),
        ("loss_reasons", 6, 7),
        ("users", 11, 11),
    ],
)
def test_sizes_are_as_promised(company: Data, kind: str, least: int, most: int) -> None:
    assert least <= len(company[kind]) <= most


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies", "tasks", "notes", "events"])
def test_ids_are_unique_and_grow_with_time(company: Data, kind: str) -> None:
    rows = sorted(company[kind], key=lambda row: row["id"])
    assert all(a["id"] < b["id"] and a["created_at"] <= b["created_at"] for a, b in pairwise(rows))


def test_event_ids_look_like_ulids(company: Data) -> None:
    assert {(len(e["id"]), e["id"][:2]) for e in company["events"]} == {(26, "01")}


def test_nothing_lies_in_the_future(company: Data) -> None:
    for kind in ("leads", "contacts", "companies", "talks", "tasks", "notes", "events"):
        assert max(row["created_at"] for row in company[kind]) <= NOW_S
    assert max(row["updated_at"] for row in company["leads"] + company["tasks"]) <= NOW_S


def test_every_id_resolves(company: Data) -> None:
    ids = {
        kind: {row["id"] for row in company[kind]}
        for kind in ("leads", "contacts", "companies", "tasks", "notes", "users")
    }
    ids["tasks"] |= set(events_of(company, "task_deleted"))  # of these only the log knows
    places = {(p["id"], s["id"]) for p in company["pipelines"] for s in p["_embedded"]["statuses"]}
    kinds = {one["id"] for one in company["account"]["_embedded"]["task_types"]}
    people = ids["users"] | {0}
    for lead in company["leads"]:
        assert (lead["pipeline_id"], lead["status_id"]) in places
        for kind in ("contacts", "companies"):
            assert {one["id"] for one in lead["_embedded"][kind]} <= ids[kind]
        assert (
            lead["responsible_user_id"] in ids["users"] and {lead["created_by"], lead["updated_by"]} <= people
        )
    for task in company["tasks"]:
        assert task["entity_id"] in ids["leads"] and task["task_type_id"] in kinds
        assert task["responsible_user_id"] in ids["users"] and task["created_by"] in people
    for note in company["notes"]:
        assert note["entity_id"] in ids[note["entity_type"]] and note["created_by"] in people
    for event in company["events"]:
        assert event["created_by"] in people
        assert event["entity_id"] in ids[PLURAL[event["entity_type"]]]
    for talk in company["talks"]:
        assert talk["entity_id"] in ids["leads"] and talk["contact_id"] in ids["contacts"]


def test_required_statuses_and_enums_of_fields_exist(company: Data) -> None:
    places = {(p["id"], s["id"]) for p in company["pipelines"] for s in p["_embedded"]["statuses"]}
    fields = {field["id"]: field for field in company["custom_fields"]}
    for field in fields.values():
        assert {(r["pipeline_id"], r["status_id"]) for r in field["required_statuses"]} <= places
    for lead in company["leads"]:
        for filled in lead["custom_fields_values"] or ():
            enums = {(e["id"], e["value"]) for e in fields[filled["field_id"]]["enums"] or ()}
            assert all(not enums or (v["enum_id"], v["value"]) in enums for v in filled["values"])


def test_status_events_chain_up_to_the_status_of_the_lead(company: Data) -> None:
    moves = events_of(company, "lead_status_changed")
    for lead in company["leads"]:
        last, closed_at = None, None
        for event in moves.get(lead["id"], ()):
            before, after = event["value_before"][0]["lead_status"], event["value_after"][0]["lead_status"]
            assert before != after and last in (None, before)
            last, closed_at = after, event["created_at"] if after["id"] in (142, 143) else None
        if last:
            assert last == {"id": lead["status_id"], "pipeline_id": lead["pipeline_id"]}
        assert lead["closed_at"] == closed_at


def test_a_lost_lead_has_a_reason_and_no_other_has(company: Data) -> None:
    for lead in company["leads"]:
        reasons = [one["id"] for one in lead["_embedded"]["loss_reason"]]
        assert (lead["status_id"] == 143) == bool(lead["loss_reason_id"])
        assert reasons == ([lead["loss_reason_id"]] if lead["loss_reason_id"] else [])


def test_owner_price_and_fields_are_what_the_last_events_say(company: Data) -> None:
    owners, prices = (
        events_of(company, "entity_responsible_changed"),
        events_of(company, "sale_field_changed"),
    )
    for lead in company["leads"]:
        for a, b in pairwise(owners.get(lead["id"], ())):
            assert a["value_after"] == b["value_before"]
        if lead["id"] in owners:
            last = owners[lead["id"]][-1]["value_after"][0]["responsible_user"]["id"]
            assert last == lead["responsible_user_id"]
        priced = [e["value_after"][0]["sale_field_value"]["sale"] for e in prices.get(lead["id"], ())]
        assert lead["price"] == (priced[-1] if priced else 0)
    filled = {(lead["id"], f["field_id"]): f["values"] for lead in company["leads"]
              for f in lead["custom_fields_values"] or ()}  # fmt: skip
    for lead_id, events in events_of(company, "custom_field_").items():
        for event in {e["type"]: e for e in events}.values():
            values = [item["custom_field_value"] for item in event["value_after"]]
            rows = filled[lead_id, values[0]["field_id"]]
            assert [(v["text"], v["enum_id"]) for v in values] == [
                (str(r["value"]), r.get("enum_id")) for r in rows
            ]


def test_updated_at_is_the_last_edit_and_added_is_the_first(company: Data) -> None:
    edits, added = events_of(company, *EDITS, "lead_deleted"), events_of(company, "lead_added")
    merges = events_of(company, "entity_merged")
    for lead in company["leads"]:
        last = (edits.get(lead["id"]) or added[lead["id"]])[-1]
        assert (lead["updated_at"], lead["updated_by"]) == (last["created_at"], last["created_by"])
        if lead["is_deleted"]:
            continue
        first, *merged = (e["created_at"] for e in added[lead["id"]])
        assert first == lead["created_at"]
        assert len(merged) == len(merges.get(lead["id"], ()))


def test_task_events_match_the_tasks(company: Data) -> None:
    added, done, moved = (
        events_of(company, f"task_{what}") for what in ("added", "completed", "deadline_changed")
    )
    for task in company["tasks"]:
        assert [(e["created_at"], e["created_by"]) for e in added[task["id"]]] == [
            (task["created_at"], task["created_by"])
        ]
        assert len(done.get(task["id"], ())) == task["is_completed"]
        shifts = moved.get(task["id"], ())
        for a, b in pairwise(shifts):
            assert a["value_after"] == b["value_before"]
        if shifts:
            assert shifts[-1]["value_after"][0]["task_deadline"]["timestamp"] == task["complete_till"]
        assert task["result"] == [] or task["result"]["text"]


def test_closest_task_is_the_nearest_open_one(company: Data) -> None:
    nearest: dict[int, int] = {}
    for task in company["tasks"]:
        if not task["is_completed"]:
            lead = task["entity_id"]
            nearest[lead] = min(task["complete_till"], nearest.get(lead, task["complete_till"]))
    assert {
        lead["id"]: lead["closest_task_at"] for lead in company["leads"] if lead["closest_task_at"]
    } == nearest


def test_every_call_and_note_has_its_event(company: Data) -> None:
    kinds = {"call_out": "outgoing_call", "call_in": "incoming_call", "common": "common_note_added"}
    told = {e["value_after"][0]["note"]["id"]: e for e in company["events"] if e["type"] in kinds.values()}
    assert len(told) == len(company["notes"])
    for note in company["notes"]:
        event = told[note["id"]]
        assert (event["type"], event["entity_id"], event["created_at"], event["created_by"]) == (
            kinds[note["note_type"]], note["entity_id"], note["created_at"], note["created_by"],
        )  # fmt: skip


def test_incoming_leads_and_only_they_stand_in_unsorted(company: Data) -> None:
    incoming = {
        (p["id"], s["id"]) for p in company["pipelines"] for s in p["_embedded"]["statuses"] if s["type"] == 1
    }
    standing = {
        lead["id"]
        for lead in company["leads"]
        if (lead["pipeline_id"], lead["status_id"]) in incoming and not lead["is_deleted"]
    }
    assert standing == {ref["id"] for row in company["unsorted"] for ref in row["_embedded"]["leads"]}
    hidden = {contact["id"] for contact in company["contacts"] if contact["is_unsorted"]}
    assert hidden == {ref["id"] for row in company["unsorted"] for ref in row["_embedded"]["contacts"]}


def test_people_act_only_on_their_shifts(company: Data) -> None:
    spans = {p.user_id: Shifts(p, first_monday(NOW)).days() for p in STAFF}
    late: Counter[int] = Counter()
    for event in company["events"]:
        if event["created_by"]:
            at = event["created_at"]
            start, end = next(
                ((s, e) for s, e in reversed(spans[event["created_by"]]) if s <= at), (at + 1, at)
            )
            assert start <= at < end + 2 * HOUR, event
            late[event["created_by"]] += at >= end
    evening = {p.user_id for p in STAFF if p.evening}
    assert set(+late) <= evening and sum(late.values()) > 50


def test_nobody_but_the_robot_works_in_couriers(company: Data) -> None:
    pipeline = next(p["id"] for p in company["pipelines"] if p["name"] == "Курьеры")
    leads = {lead["id"] for lead in company["leads"] if lead["pipeline_id"] == pipeline}
    assert len(leads) > 1000
    assert {e["created_by"] for e in company["events"] if e["entity_id"] in leads} == {0}


def test_every_pipeline_has_the_three_system_statuses(company: Data) -> None:
    for pipeline in company["pipelines"]:
        statuses = {s["id"]: s for s in pipeline["_embedded"]["statuses"]}
        assert [s["type"] for s in statuses.values()].count(1) == 1
        assert not statuses[142]["is_editable"] and not statuses[143]["is_editable"]
        assert [s["sort"] for s in statuses.values()] == sorted(s["sort"] for s in statuses.values())


def test_the_staff_list_names_the_users_of_the_account(company: Data) -> None:
    people = {one["user_id"]: one for one in staff("zolotarev", NOW)}
    assert set(people) == {user["id"] for user in company["users"]}
    gone = {user["id"] for user in company["users"] if not user["rights"]["is_active"]}
    assert gone == {id_ for id_, one in people.items() if one["left_on"]}
    assert Counter(one["role"] for one in people.values()) == {"manager": 9, "head": 1, "qualifier": 1}
