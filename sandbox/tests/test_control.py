from typing import Any

import pytest

from sandbox.tests.conftest import ADMIN, ANNA, BORIS, NOW, TALKS, Api, T


def test_a_deed_is_done_by_the_named_person_at_the_accounts_time(api: Api) -> None:
    status, row = api.control("leads/move", {"lead_id": 1, "status_id": TALKS, "by": BORIS})
    assert (status, row["status_id"], row["updated_by"]) == (200, TALKS, BORIS)
    api.control("clock", {"advance": 60})
    api.control("leads/edit", {"lead_id": 1, "price": 7})
    events = [event for event in api.app.world.events if event.created_at >= T]
    assert [(event.type, event.created_by, event.created_at) for event in events] == [
        ("lead_status_changed", BORIS, T),
        ("sale_field_changed", ADMIN, T + 60),
    ]


def test_every_deed_is_listed_with_its_keys(api: Api) -> None:
    status, body = api.control("", method="GET")
    assert status == 200
    assert body["deeds"]["leads/delete"] == ["lead_id", "by", "at"]
    assert "POST clock" in body["machinery"]
    assert "dump/leads" in body["rows"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("leads/move", {"lead_id": 1}, 400, "missing a required argument: 'status_id'"),
        ("leads/move", {"lead_id": 1, "status_id": 999}, 400, "status_id"),
        ("leads/move", {"lead_id": 999, "status_id": 142}, 404, "there is no lead 999"),
        ("leads/move", {"lead_id": 1, "status_id": 142, "by": 999}, 404, "there is no user 999"),
        ("leads/delete", {"lead_id": 7}, 404, "there is no lead 7"),
        ("leads/restore", {"lead_id": 1}, 404, "in the trash"),
        ("leads/edit", {"lead_id": 1, "colour": 1}, 400, "colour"),
        ("leads/fly", {}, 404, "leads/fly"),
        ("tasks/reschedule", {"task_id": 1001, "complete_till": "soon"}, 400, "complete_till"),
        ("clock", {"advance": "much"}, 400, "advance"),
        ("clock", {"set": "2026-01-01T00:00:00"}, 400, "offset"),
        ("clock", {}, 400, "advance"),
        ("switches", {"nonsense": 1}, 400, "nonsense"),
        ("switches", {"price_type": "money"}, 400, "price_type"),
        ("faults", {"status": 418}, 400, "418"),
        ("faults", {"path": "("}, 400, "regular expression"),
        ("hooks", {"lose": 1}, 400, "lose"),
        ("leads/merge", {"survivor_id": 1, "loser_ids": [1]}, 400, "loser_ids"),
    ],
)
def test_bad_input_gets_one_sentence(
    api: Api, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    before = api.control("dump/leads", method="GET")
    found, answer = api.control(path, body)
    assert (found, set(answer)) == (status, {"error"})
    assert words in answer["error"]
    assert api.control("dump/leads", method="GET") == before


def test_a_merge_moves_everything_to_the_survivor_without_naming_the_losers(api: Api) -> None:
    api.control("leads/merge", {"survivor_id": 2, "loser_ids": [1], "by": ANNA})
    assert api.ids("leads") == [2, 3, 4, 5]
    assert api.ids("leads?with=only_deleted") == [1, 7]
    assert api.ids("tasks?filter[entity_type]=leads&filter[entity_id]=2") == [1001, 1002, 1003, 1004]
    assert api.ids("leads/2/notes") == [2001, 2002]
    assert len(api.ids("events?filter[entity]=lead&filter[entity_id]=2&filter[type]=lead_added")) == 4
    _, body = api.get(f"events?filter[created_at][from]={T}")
    found = {row["type"]: row for row in body["_embedded"]["events"]}
    assert set(found) == {"entity_merged", "lead_deleted"}
    merged = found["entity_merged"]
    assert (merged["entity_id"], merged["value_after"], merged["value_before"]) == (2, [], [])
    assert found["lead_deleted"]["entity_id"] == 1


def test_the_trash_is_emptied_after_thirty_days(api: Api) -> None:
    api.control("leads/delete", {"lead_id": 1})
    api.control("clock", {"advance": 30 * 86400 - 1})
    assert api.ids("leads?with=only_deleted") == [1]
    api.control("clock", {"advance": 1})
    assert api.ids("leads?with=only_deleted") == []
    assert api.control("leads/restore", {"lead_id": 1})[0] == 404


def test_tasks_are_worked_on(api: Api) -> None:
    _, row = api.control(
        "tasks/create", {"text": "x", "complete_till": "2026-11-21T12:00:00+03:00", "entity_id": 1}
    )
    assert row["complete_till"] == T + 86400
    assert (
        api.control("tasks/reschedule", {"task_id": row["id"], "complete_till": T})[1]["complete_till"] == T
    )
    assert api.control("tasks/complete", {"task_id": row["id"], "result": "ok"})[1]["result"] == {
        "text": "ok"
    }
    assert api.control("tasks/reopen", {"task_id": row["id"]})[1]["is_completed"] is False
    api.control("tasks/delete", {"task_id": row["id"]})
    assert row["id"] not in api.ids("tasks")


def test_a_renamed_status_touches_no_lead(api: Api) -> None:
    before = api.get("leads/2")[1]
    api.control("statuses/rename", {"pipeline_id": 100, "status_id": TALKS, "name": "Иначе"})
    assert api.get(f"leads/pipelines/100/statuses/{TALKS}")[1]["name"] == "Иначе"
    assert api.get("leads/2")[1] == before


def test_the_clock_stands_until_it_is_moved(api: Api) -> None:
    assert api.control("clock", method="GET")[1]["now"] == NOW.isoformat()
    assert api.control("clock", {"advance": 90})[1]["timestamp"] == T + 90
    assert api.control("clock", {"set": "2027-01-01T00:00:00+03:00"})[1]["now"] == "2026-12-31T21:00:00+00:00"


def test_counts_and_dumps_agree_with_the_api(api: Api) -> None:
    counts = api.control("counts", method="GET")[1]
    assert (counts["leads"], counts["leads_incoming"], counts["leads_in_trash"]) == (6, 1, 1)
    for kind in ("leads", "tasks", "contacts", "companies", "events", "notes", "users", "pipelines"):
        assert len(api.control(f"dump/{kind}", method="GET")[1]) == counts[kind]
    dumped = {row["id"]: row for row in api.control("dump/leads", method="GET")[1]}
    for row in api.get("leads")[1]["_embedded"]["leads"]:
        del row["_links"], row["_embedded"]
        assert row.items() <= dumped[row["id"]].items()
    assert [row["id"] for row in api.control("dump/leads?trash", method="GET")[1]] == [7]
    assert api.control("dump/secrets", method="GET")[0] == 404


def test_faults_strike_the_next_matching_requests_only(api: Api) -> None:
    api.control(
        "faults", {"path": "/api/v4/leads", "method": "GET", "status": 429, "times": 2, "retry_after": 3}
    )
    api.control("faults", {"path": "/account", "status": 502})
    assert api.get("tasks")[0] == 200
    first = api.raw("GET", "leads")
    assert (first.status_code, first.headers["Retry-After"]) == (429, "3")
    assert first.content_type == "text/html; charset=utf-8"
    assert api.raw("GET", "leads?page=2").status_code == 429
    assert api.get("leads")[0] == 200
    assert api.raw("GET", "account").status_code == 502
    api.control("faults", {"status": 401})
    assert api.get("leads")[1]["detail"] == "Invalid user name or password"
    api.control("faults", {"status": 500, "times": 5})
    api.control("faults", None, method="DELETE")
    assert api.get("leads")[0] == 200


def test_requests_are_counted_by_route(api: Api) -> None:
    for path in ("leads/1", "leads/2", "leads?page=9"):
        api.get(path)
    counters = api.control("requests", method="GET")[1]["counters"]
    assert counters["GET /api/v4/leads/{id}"] == 2
    assert counters["status 204"] == 1
    api.control("requests", None, method="DELETE")
    assert api.control("requests", method="GET")[1]["requests"] == 0


def test_a_trashed_lead_may_be_shown_by_id(api: Api) -> None:
    assert api.get("leads/7")[0] == 204
    api.control("switches", {"trashed_lead": "deleted"})
    assert api.get("leads/7")[1]["is_deleted"] is True


def test_prices_may_be_floats_and_notes_and_tasks_may_touch_the_lead(api: Api) -> None:
    api.control("switches", {"price_type": "float", "note_bumps_lead": True, "task_bumps_lead": True})
    assert isinstance(api.get("leads/1")[1]["price"], float)
    api.control("notes/create", {"entity_id": 1, "text": "x"})
    api.control("tasks/complete", {"task_id": 1003})
    assert [api.get(f"leads/{one}")[1]["updated_at"] for one in (1, 2)] == [T, T]
