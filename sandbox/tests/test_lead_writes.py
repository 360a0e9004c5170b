from typing import Any

import pytest

from sandbox.tests.conftest import (
    ADMIN,
    ANNA,
    BORIS,
    COLOR,
    GONE,
    NEW,
    REPAIR,
    SALES,
    SIZE,
    TALKS,
    UNTIL,
    Api,
    T,
)


def happened(api: Api) -> list[str]:
    """Types of the events that were written after the account was loaded."""
    return [event.type for event in api.app.world.events if event.created_at >= T]


def test_a_new_lead_stands_in_the_first_ordinary_status_of_the_main_pipeline(api: Api) -> None:
    status, body = api.post("leads", [{}, {"name": "Second", "price": 5, "request_id": "mine"}])
    assert status == 200
    first, second = body["_embedded"]["leads"]
    assert (first["request_id"], second["request_id"]) == ("0", "mine")
    row = api.get(f"leads/{second['id']}")[1]
    assert (row["pipeline_id"], row["status_id"], row["name"], row["price"]) == (SALES, NEW, "Second", 5)
    assert (row["created_by"], row["responsible_user_id"], row["created_at"]) == (ADMIN, ADMIN, T)
    assert row["custom_fields_values"] is None
    assert happened(api) == ["lead_added", "lead_added"]


def test_one_save_leaves_an_event_for_each_thing_that_changed(api: Api) -> None:
    change = {
        "name": "New name",
        "price": 999,
        "status_id": TALKS,
        "pipeline_id": SALES,
        "responsible_user_id": BORIS,
        "custom_fields_values": [{"field_id": COLOR, "values": [{"enum_id": 72}]}],
        "tags_to_add": [{"name": "vip"}],
    }
    status, body = api.patch("leads/1", change)
    assert (status, body["id"], body["updated_at"]) == (200, 1, T)
    events = [event for event in api.app.world.events if event.created_at == T]
    assert [event.type for event in events] == [
        "name_field_changed",
        "sale_field_changed",
        "lead_status_changed",
        "entity_responsible_changed",
        f"custom_field_{COLOR}_value_changed",
        "entity_tag_added",
    ]
    assert [event.id for event in events] == sorted(event.id for event in events)
    shown = {
        row["type"]: row for row in api.get(f"events?filter[created_at][from]={T}")[1]["_embedded"]["events"]
    }
    assert shown["sale_field_changed"]["value_before"] == [{"sale_field_value": {"sale": 10}}]
    assert shown["lead_status_changed"]["value_after"] == [
        {"lead_status": {"id": TALKS, "pipeline_id": SALES}}
    ]
    assert shown["entity_responsible_changed"]["value_after"] == [{"responsible_user": {"id": BORIS}}]
    assert shown[f"custom_field_{COLOR}_value_changed"]["value_before"] == [
        {"custom_field_value": {"field_id": COLOR, "field_type": 4, "enum_id": 71, "text": "red"}}
    ]
    assert shown["entity_tag_added"]["value_after"] == [{"tag": {"name": "vip"}}]


def test_closing_sets_the_moment_and_reopening_clears_it(api: Api) -> None:
    api.patch("leads/1", {"status_id": 143, "pipeline_id": SALES, "loss_reason_id": 91})
    row = api.get("leads/1?with=loss_reason")[1]
    assert (row["closed_at"], row["loss_reason_id"]) == (T, 91)
    assert [reason["name"] for reason in row["_embedded"]["loss_reason"]] == ["Дорого"]
    api.patch("leads/1", {"status_id": NEW, "pipeline_id": SALES})
    row = api.get("leads/1")[1]
    assert (row["closed_at"], row["loss_reason_id"]) == (None, 91)


def test_a_lead_moves_to_another_pipeline(api: Api) -> None:
    assert api.patch("leads/1", {"pipeline_id": REPAIR, "status_id": 142})[0] == 200
    row = api.get("leads/1")[1]
    assert (row["pipeline_id"], row["status_id"], row["closed_at"]) == (REPAIR, 142, T)


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"responsible_user_id": GONE}, "NotSupportedChoice", "responsible_user_id"),
        ({"responsible_user_id": 999}, "NotSupportedChoice", "responsible_user_id"),
        ({"updated_by": GONE}, "NotSupportedChoice", "updated_by"),
        ({"status_id": 999}, "NotSupportedChoice", "status_id"),
        ({"pipeline_id": REPAIR, "status_id": TALKS}, "NotSupportedChoice", "status_id"),
        ({"pipeline_id": 999, "status_id": 142}, "NotSupportedChoice", "pipeline_id"),
        ({"loss_reason_id": 999}, "NotSupportedChoice", "loss_reason_id"),
        ({"price": "12"}, "InvalidType", "price"),
        ({"name": 5}, "InvalidType", "name"),
        ({"status_id": "142"}, "InvalidType", "status_id"),
        (
            {"custom_fields_values": [{"field_id": COLOR, "values": [{"value": "green"}]}]},
            "NotSupportedChoice",
            "custom_fields_values.0.values.0.value",
        ),
        (
            {"custom_fields_values": [{"field_id": 9, "values": [{"value": "x"}]}]},
            "NotSupportedChoice",
            "custom_fields_values.0.field_id",
        ),
        ({"custom_fields_values": [{"values": []}]}, "FieldMissing", "custom_fields_values.0.field_id"),
        ({"_embedded": {"tags": [{"id": 5}]}}, "NotSupportedChoice", "_embedded.tags.0.id"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_changes(
    api: Api, change: dict[str, Any], code: str, path: str
) -> None:
    before = api.get("leads/1")[1]
    status, body = api.patch("leads", [{"id": 2, "name": "fine"}, {"id": 1, **change}])
    assert status == 400
    assert body["title"] == "Bad Request"
    assert body["detail"] == "Request validation failed"
    (item,) = body["validation-errors"]
    assert item["request_id"] == "1"
    assert [(error["code"], error["path"]) for error in item["errors"]] == [(code, path)]
    assert api.get("leads/1")[1] == before
    assert api.get("leads/2")[1]["name"] == "Deal 2"
    assert happened(api) == []


@pytest.mark.parametrize("body", [{}, [], ["x"], None, "text"])
def test_a_body_of_another_shape_is_400(api: Api, body: Any) -> None:
    assert api.post("leads", body)[0] == 400


def test_more_than_250_leads_are_refused(api: Api) -> None:
    assert api.post("leads", [{}] * 251)[0] == 400
    assert api.post("leads/complex", [{}] * 51)[0] == 400


def test_custom_fields_are_read_back_in_the_read_shape(api: Api) -> None:
    fields = [
        {"field_id": SIZE, "values": [{"value": 14012}]},
        {"field_id": UNTIL, "values": [{"value": "2026-12-01T00:00:00+03:00"}]},
        {"field_id": COLOR, "values": [{"value": "blue"}]},
    ]
    api.patch("leads/2", {"custom_fields_values": fields})
    found = {one["field_id"]: one for one in api.get("leads/2")[1]["custom_fields_values"]}
    assert found[SIZE] == {
        "field_id": SIZE,
        "field_name": "Размер",
        "field_code": "SIZE",
        "field_type": "numeric",
        "values": [{"value": "14012"}],
    }
    assert found[UNTIL]["values"] == [{"value": 1796072400}]
    assert found[COLOR]["values"] == [{"value": "blue", "enum_id": 72, "enum_code": None}]
    api.patch("leads/2", {"custom_fields_values": [{"field_code": "SIZE", "values": None}]})
    assert {one["field_id"] for one in api.get("leads/2")[1]["custom_fields_values"]} == {UNTIL, COLOR}


def test_tags_are_replaced_added_and_taken_away(api: Api) -> None:
    def tags() -> list[str]:
        return [tag["name"] for tag in api.get("leads/1")[1]["_embedded"]["tags"]]

    api.patch("leads/1", {"_embedded": {"tags": [{"name": "a"}, {"name": "b"}]}})
    assert tags() == ["a", "b"]
    api.patch("leads/1", {"tags_to_add": [{"name": "c"}], "tags_to_delete": [{"name": "a"}]})
    assert tags() == ["b", "c"]
    api.patch("leads/1", {"_embedded": {"tags": None}})
    assert tags() == []
    assert [tag["name"] for tag in api.get("leads/tags?query=c")[1]["_embedded"]["tags"]] == ["c"]


def test_a_lead_comes_with_a_new_contact_and_company_in_one_call(api: Api) -> None:
    item = {
        "name": "Complex",
        "price": 10,
        "_embedded": {"contacts": [{"first_name": "Мария"}], "companies": [{"name": "ИП"}]},
        "request_id": "x",
    }
    status, body = api.post("leads/complex", [item])
    assert status == 200
    (row,) = body
    assert row["request_id"] == ["x"]
    assert row["merged"] is False
    shown = api.get(f"leads/{row['id']}?with=contacts")[1]["_embedded"]
    assert [(one["id"], one["is_main"]) for one in shown["contacts"]] == [(row["contact_id"], True)]
    assert [one["id"] for one in shown["companies"]] == [row["company_id"]]
    contact = api.get(f"contacts/{row['contact_id']}?with=leads")[1]
    assert contact["name"] == "Мария"
    assert [one["id"] for one in contact["_embedded"]["leads"]] == [row["id"]]


def test_there_is_no_way_to_delete_a_lead_over_the_api(api: Api) -> None:
    assert api.delete("leads/1")[0] == 405


def test_unknown_keys_are_ignored(api: Api) -> None:
    assert api.patch("leads/1", {"status": 142, "account_id": 1, "name": "kept"})[0] == 200
    assert api.get("leads/1")[1]["name"] == "kept"
    assert api.get("leads/1")[1]["responsible_user_id"] == ANNA
