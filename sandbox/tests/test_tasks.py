from typing import Any

import pytest

from sandbox.tests.conftest import ADMIN, ANNA, BORIS, GONE, Api, T


def happened(api: Api) -> list[str]:
    return [event.type for event in api.app.world.events if event.created_at >= T]


def test_a_task_has_an_array_for_no_result_and_an_object_for_one(api: Api) -> None:
    assert api.get("tasks/1001")[1]["result"] == []
    status, body = api.patch("tasks/1001", {"is_completed": True, "result": {"text": "Дозвонился"}})
    assert (status, body["id"], body["request_id"]) == (200, 1001, "0")
    row = api.get("tasks/1001")[1]
    assert (row["is_completed"], row["result"]) == (True, {"text": "Дозвонился"})
    assert happened(api) == ["task_completed", "task_result_added"]


def test_a_card_knows_its_nearest_open_deadline(api: Api) -> None:
    def closest(lead_id: int) -> Any:
        return api.get(f"leads/{lead_id}")[1]["closest_task_at"]

    assert (closest(1), closest(2)) == (T + 3600, T + 3 * 3600)
    api.patch("tasks/1001", {"is_completed": True})
    assert closest(1) == T + 7200
    api.patch("tasks/1002", {"complete_till": T + 60})
    assert closest(1) == T + 60
    api.control("tasks/delete", {"task_id": 1002})
    assert closest(1) is None
    _, body = api.post(
        "tasks", [{"text": "x", "complete_till": T + 5, "entity_id": 1, "entity_type": "leads"}]
    )
    assert closest(1) == T + 5
    assert api.get("leads/1")[1]["updated_at"] < T
    assert body["_embedded"]["tasks"][0]["request_id"] == "0"


def test_every_change_of_a_task_is_an_event_of_the_task(api: Api) -> None:
    change = {"text": "new", "task_type_id": 2, "complete_till": T, "responsible_user_id": BORIS}
    assert api.patch("tasks", [{"id": 1001, **change}])[0] == 200
    assert happened(api) == [
        "task_text_changed",
        "task_type_changed",
        "task_deadline_changed",
        "entity_responsible_changed",
    ]
    _, body = api.get("events?filter[entity]=task&filter[entity_id]=1001&filter[type]=task_deadline_changed")
    (event,) = body["_embedded"]["events"]
    assert event["value_before"] == [{"task_deadline": {"timestamp": T + 3600}}]
    assert event["value_after"] == [{"task_deadline": {"timestamp": T}}]
    assert event["created_by"] == ADMIN


def test_a_completed_task_can_be_opened_again(api: Api) -> None:
    api.patch("tasks/1004", {"is_completed": False})
    assert api.get("tasks/1004")[1]["is_completed"] is False
    assert happened(api) == []


def test_a_new_task_belongs_to_whoever_made_it_unless_said_otherwise(api: Api) -> None:
    _, body = api.post(
        "tasks",
        [{"text": "a", "complete_till": T}, {"text": "b", "complete_till": T, "responsible_user_id": ANNA}],
    )
    first, second = (api.get(f"tasks/{row['id']}")[1] for row in body["_embedded"]["tasks"])
    assert (first["responsible_user_id"], second["responsible_user_id"]) == (ADMIN, ANNA)
    assert (first["entity_id"], first["entity_type"]) == (None, None)


@pytest.mark.parametrize(
    ("item", "code", "path"),
    [
        ({"complete_till": T}, "FieldMissing", "text"),
        ({"text": "x"}, "FieldMissing", "complete_till"),
        ({"text": "x", "complete_till": "soon"}, "InvalidType", "complete_till"),
        (
            {"text": "x", "complete_till": T, "responsible_user_id": GONE},
            "NotSupportedChoice",
            "responsible_user_id",
        ),
        ({"text": "x", "complete_till": T, "task_type_id": 77}, "NotSupportedChoice", "task_type_id"),
        ({"text": "x", "complete_till": T, "entity_id": 1}, "FieldMissing", "entity_type"),
        (
            {"text": "x", "complete_till": T, "entity_id": 99, "entity_type": "leads"},
            "NotSupportedChoice",
            "entity_id",
        ),
        (
            {"text": "x", "complete_till": T, "entity_id": 1, "entity_type": "x"},
            "NotSupportedChoice",
            "entity_type",
        ),
    ],
)
def test_a_wrong_task_is_refused_with_all_of_its_batch(
    api: Api, item: dict[str, Any], code: str, path: str
) -> None:
    status, body = api.post("tasks", [{"text": "good", "complete_till": T}, item])
    assert status == 400
    (found,) = body["validation-errors"]
    assert (found["request_id"], found["errors"][0]["code"], found["errors"][0]["path"]) == ("1", code, path)
    assert len(api.ids("tasks")) == 4


def test_tasks_of_a_deleted_lead_leave_with_it_and_come_back_with_it(api: Api) -> None:
    api.control("leads/delete", {"lead_id": 1})
    assert api.ids("tasks") == [1003, 1004]
    assert api.get("tasks/1001")[0] == 204
    api.control("leads/restore", {"lead_id": 1})
    assert api.ids("tasks") == [1001, 1002, 1003, 1004]
    assert happened(api) == ["lead_deleted", "lead_restored"]
