"""The kind of a key depends on its place, and PHP cannot tell an empty list from an empty object."""

from typing import Any

import pytest

from sandbox import shapes
from sandbox.refused import Refused
from sandbox.tests.conftest import ANNA, Api

EVERY = {"view": "A", "edit": "A", "add": "A", "delete": "A", "export": "A"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"link": {"entity_id": 1}}, "link"),
        ({"params": {"link": {"href": "x"}}}, "params.link"),
        ({"rights": {"leads": [EVERY]}}, "rights.leads"),
        ({"rights": {"tasks": "A"}}, "rights.tasks"),
        ({"rights": {"group_id": "leads_1"}}, "rights.group_id"),
        ({"rights": {"status_rights": {"leads": EVERY}}}, "rights.status_rights"),
        ({"_embedded": {"leads": {"name": "x"}}}, "_embedded.leads"),
        ({"name": 5}, "name"),
        ({"_embedded": {"companies": [{"name": 5}]}}, "_embedded.companies.0.name"),
    ],
)
def test_a_value_of_a_wrong_kind_is_named_with_its_place(body: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused) as caught:
        shapes.check(body)
    assert (caught.value.code, caught.value.path) == ("InvalidType", place)


@pytest.mark.parametrize(
    "body",
    [
        {"link": "https://example.com/1.mp3"},
        {"params": {"link": "https://example.com/1.mp3"}},
        {"rights": {"leads": EVERY, "tasks": {"edit": "A"}, "group_id": 5}},
        {"rights": {"status_rights": [{"entity_type": "leads", "status_id": 1, "rights": {"view": "A"}}]}},
        {"_embedded": {"leads": [{"name": "x"}], "contacts": [{"name": 234, "last_name": 5}]}},
        {"services": [{"type": "whatsapp", "pages": [{"id": "7912", "name": "x"}]}]},
        {"values": [{"value": {"name": "ООО", "entity_type": 1, "id": "x"}}]},
    ],
)
def test_a_key_may_be_of_another_kind_elsewhere(body: dict[str, Any]) -> None:
    shapes.check(body)


def test_a_key_of_the_body_itself_may_be_of_another_kind_at_one_address(api: Api) -> None:
    assert api.post("leads/custom_fields", [{"name": "x", "type": "text", "group_id": 5}])[0] == 400
    assert api.post("leads/custom_fields", [{"name": "x", "type": "text", "group_id": "default"}])[0] == 201
    assert api.post("leads/custom_fields", [{"name": "x", "type": "text", "group_id": "leads_7"}])[0] == 400


def test_an_empty_list_is_taken_for_an_empty_object_and_the_other_way_round() -> None:
    body: dict[str, Any] = {
        "_embedded": [],
        "metadata": [],
        "values": {},
        "rights": {"leads": []},
        "stages": {},
    }
    shapes.check(body)
    assert body == {"_embedded": {}, "metadata": {}, "values": [], "rights": {"leads": {}}, "stages": []}
    with pytest.raises(Refused):
        shapes.check({"_embedded": [1]})


def test_one_empty_object_may_come_as_an_empty_list(api: Api) -> None:
    _, first = api.control("unsorted/create", {"name": "one"})
    _, second = api.control("unsorted/create", {"name": "two"})
    assert api.post(f"leads/unsorted/{first['uid']}/accept", [])[0] == 200
    assert api.delete(f"leads/unsorted/{second['uid']}/decline", [])[0] == 200
    assert api.patch("leads/1", [])[0] == 200
    assert api.patch("leads/1", [{"name": "x"}])[0] == 400
    assert api.post("leads", [{"name": "x", "_embedded": []}])[0] == 200


def test_null_is_no_answer_to_who_asks(api: Api) -> None:
    """The vendor's client writes null for what it does not know, the number of its request included."""
    _, body = api.post("leads", [{"name": "x", "request_id": None}, {"name": "y", "request_id": 7}])
    assert [row["request_id"] for row in body["_embedded"]["leads"]] == ["0", "7"]


def test_a_call_by_nobody_is_refused_and_writes_nothing(api: Api) -> None:
    call = {"direction": "inbound", "duration": 5, "source": "pbx", "phone": "+79120001122"}
    before = len(api.app.world.notes["leads"])
    for wrong in ({"responsible_user_id": 999}, {"created_by": 14}, {"link": {}}, {"link": 5}, {"source": 5}):
        status, answer = api.post("calls", [call, {**call, **wrong}])
        fault = answer["validation-errors"][0]
        assert (status, fault["request_id"], fault["errors"][0]["path"]) == (400, "1", next(iter(wrong)))
    assert len(api.app.world.notes["leads"]) == before
    assert api.post("calls", [{**call, "responsible_user_id": ANNA, "link": "https://x/1.mp3"}])[0] == 200
    assert api.get("leads/5/notes")[1]["_embedded"]["notes"][0]["params"]["link"] == "https://x/1.mp3"
