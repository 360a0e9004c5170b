import json
from typing import Any

import pytest

from sandbox.app import App
from sandbox.switches import Switches, changed
from sandbox.tests.conftest import NOW, Api, T, account_data, lead
from sandbox.world import World


@pytest.fixture
def many() -> Api:
    data = account_data()
    data["leads"] = [lead(number) for number in range(1, 301)]
    data["events"] = [
        {
            "id": f"01b{number:023}",
            "type": "lead_added",
            "entity_id": number,
            "entity_type": "lead",
            "created_at": T - 2000 + number,
        }
        for number in range(1, 251)
    ]
    return Api(App(World.from_data(data, now=NOW), token="t", rate=0))


def test_a_page_has_fifty_rows_when_no_limit_is_given(many: Api) -> None:
    assert many.ids("leads") == list(range(1, 51))


def test_pages_cover_every_row_once(many: Api) -> None:
    found: list[int] = []
    for page in range(1, 10):
        found += many.ids(f"leads?page={page}&limit=70&order[id]=asc")
    assert found == list(range(1, 301))


def test_a_page_beyond_the_end_is_204_with_an_empty_body(many: Api) -> None:
    response = many.raw("GET", "leads?page=9&limit=250")
    assert (response.status_code, response.data) == (204, b"")


@pytest.mark.parametrize(
    ("limit", "rows"), [("250", 250), ("251", 250), ("100000", 250), ("0", 1), ("x", 50)]
)
def test_a_limit_is_clamped(many: Api, limit: str, rows: int) -> None:
    assert len(many.ids(f"leads?limit={limit}")) == rows


def test_events_come_a_hundred_a_page_newest_first_whatever_is_asked(many: Api) -> None:
    ids = many.ids("events?limit=250")
    assert len(ids) == 100
    assert ids == sorted(ids, reverse=True)
    assert ids[0] == f"01b{250:023}"
    assert many.ids("events?limit=250&order[created_at]=asc") == ids


@pytest.mark.parametrize(
    ("cap", "rows", "has_next"), [("250", 250, False), ("100", 100, True), ("50-without-next", 50, False)]
)
def test_the_page_of_events_is_as_long_as_the_switch_says(
    many: Api, cap: str, rows: int, has_next: bool
) -> None:
    assert many.control("switches", {"events_page_cap": cap})[0] == 200
    _, body = many.get("events?limit=250")
    assert (len(body["_embedded"]["events"]), "next" in body["_links"]) == (rows, has_next)
    last = -(-250 // rows)
    assert many.get(f"events?limit=250&page={last}")[0] == 200
    assert many.get(f"events?limit=250&page={last + 1}")[0] == 204


@pytest.mark.parametrize("cap", ["0", "251", "50", "many", 2.5, "100-without-next"])
def test_a_cap_of_events_is_a_number_up_to_250_or_the_one_without_next(many: Api, cap: Any) -> None:
    assert many.control("switches", {"events_page_cap": cap})[0] == (200 if cap == "50" else 400)


def test_links_echo_the_query_in_its_order_with_brackets_encoded(many: Api) -> None:
    _, body = many.get("leads?order[created_at]=desc&limit=100&with=contacts")
    root = "http://localhost/api/v4/leads?order%5Bcreated_at%5D=desc&limit=100&with=contacts"
    assert body["_page"] == 1
    assert body["_links"] == {"self": {"href": f"{root}&page=1"}, "next": {"href": f"{root}&page=2"}}


def test_the_last_page_has_no_next_link(many: Api) -> None:
    _, body = many.get("leads?page=2&limit=250")
    assert set(body["_links"]) == {"self", "prev", "first"}


def test_the_last_page_has_a_next_link_when_the_switch_says_so(many: Api) -> None:
    many.app.world.set_switches(changed(Switches(), {"last_page_has_next": "yes"}))
    _, body = many.get("leads?page=2&limit=250")
    assert body["_links"]["next"]["href"].endswith("page=3&limit=250")


def test_a_full_last_page_has_no_next_link(many: Api) -> None:
    _, body = many.get("leads?page=3&limit=100")
    assert "next" not in body["_links"]


@pytest.mark.parametrize(
    ("path", "key", "href"),
    [
        ("leads?limit=1&page=2", "leads", "/api/v4/leads/2?limit=1&page=2"),
        ("leads", "leads", "/api/v4/leads/1?page=1&limit=50"),
        ("tasks?limit=1", "tasks", "/api/v4/tasks/1001?limit=1&page=1"),
        ("users?page=1&limit=250", "users", "/api/v4/users/11/?page=1&limit=250"),
        ("leads/loss_reasons?limit=9", "loss_reasons", "/api/v4/leads/loss_reasons/91?limit=9&page=1"),
        ("leads/notes?limit=9", "notes", "/api/v4/leads/1/notes/2001?limit=9&page=1"),
        ("events?limit=1", "events", f"/api/v4/events/01b{250:023}"),
        ("leads/pipelines", "pipelines", "/api/v4/leads/pipelines/100"),
    ],
)
def test_items_echo_the_list_query_where_amocrm_does(many: Api, path: str, key: str, href: str) -> None:
    _, body = many.get(path)
    assert body["_embedded"][key][0]["_links"]["self"]["href"] == f"http://localhost{href}"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("users", {"_total_items", "_page", "_page_count", "_links", "_embedded"}),
        ("leads/pipelines", {"_total_items", "_links", "_embedded"}),
        ("leads/pipelines/100/statuses", {"_total_items", "_embedded"}),
        ("leads/custom_fields", {"_total_items", "_page", "_page_count", "_links", "_embedded"}),
        ("leads", {"_page", "_links", "_embedded"}),
        ("tasks", {"_page", "_links", "_embedded"}),
        ("leads/loss_reasons", {"_page", "_links", "_embedded"}),
    ],
)
def test_only_some_lists_tell_a_total(many: Api, path: str, keys: set[str]) -> None:
    assert set(many.get(path)[1]) == keys


def test_answers_are_hal_json_and_carry_a_request_id(many: Api) -> None:
    response = many.raw("GET", "leads?limit=1")
    assert response.content_type == "application/hal+json"
    assert len(response.headers["X-Request-Id"]) == 32


def test_a_lead_has_the_recorded_keys_in_the_recorded_order(many: Api) -> None:
    keys = [pair[0] for pair in json.loads(many.raw("GET", "leads/1").data, object_pairs_hook=list)]
    assert " ".join(keys) == (
        "id name price responsible_user_id group_id status_id pipeline_id loss_reason_id created_by updated_by "
        "created_at updated_at closed_at closest_task_at is_deleted custom_fields_values score account_id "
        "labor_cost _links _embedded"
    )


def test_an_event_has_the_recorded_keys(many: Api) -> None:
    event: dict[str, Any] = many.get("events?limit=1")[1]["_embedded"]["events"][0]
    assert " ".join(event) == (
        "id type entity_id entity_type created_by created_at value_after value_before account_id _links _embedded"
    )
    assert event["_embedded"]["entity"]["id"] == event["entity_id"]
