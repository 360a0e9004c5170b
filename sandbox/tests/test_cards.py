"""Contacts, companies, links, notes and calls."""

from sandbox.tests.conftest import ANNA, PHONE, Api, T


def happened(api: Api) -> list[tuple[str, int]]:
    return [(event.type, event.entity_id) for event in api.app.world.events if event.created_at >= T]


def test_a_contact_is_made_and_changed(api: Api) -> None:
    item = {
        "first_name": "Пётр",
        "last_name": "Сидоров",
        "custom_fields_values": [
            {"field_code": "PHONE", "values": [{"value": "+79990001122", "enum_code": "MOB"}]}
        ],
    }
    status, body = api.post("contacts", [item])
    assert status == 200
    contact_id = body["_embedded"]["contacts"][0]["id"]
    row = api.get(f"contacts/{contact_id}")[1]
    assert row["name"] == "Пётр Сидоров"
    assert row["custom_fields_values"][0]["values"] == [
        {"value": "+79990001122", "enum_id": 82, "enum_code": "MOB"}
    ]
    assert api.patch(f"contacts/{contact_id}", {"name": "Иной"})[0] == 200
    assert api.get(f"contacts/{contact_id}")[1]["name"] == "Иной"
    assert [kind for kind, _ in happened(api)] == ["contact_added", "name_field_changed"]


def test_one_bad_contact_refuses_its_batch(api: Api) -> None:
    assert api.post("contacts", [{"name": "ok"}, {"name": 5}])[0] == 400
    assert api.ids("contacts") == [301]
    assert api.patch("companies", [{"id": 401, "name": "x"}, {"id": 999}])[0] == 400
    assert api.get("companies/401")[1]["name"] == "ООО «Ромашка»"


def test_links_are_seen_from_both_sides(api: Api) -> None:
    wanted = [
        {"to_entity_id": 301, "to_entity_type": "contacts", "metadata": {"is_main": True}},
        {"to_entity_id": 401, "to_entity_type": "companies"},
    ]
    status, body = api.post("leads/1/link", wanted)
    assert status == 200
    assert [(one["to_entity_type"], one["metadata"]) for one in body["_embedded"]["links"]] == [
        ("contacts", {"main_contact": True}),
        ("companies", None),
    ]
    shown = api.get("contacts/301?with=leads")[1]["_embedded"]["leads"]
    assert [one["id"] for one in shown] == [1, 5]
    _, body = api.get("contacts/links?filter[entity_id][]=301&filter[to_entity_type]=leads")
    assert [(one["entity_id"], one["to_entity_id"]) for one in body["_embedded"]["links"]] == [
        (301, 1),
        (301, 5),
    ]
    assert api.post("leads/1/unlink", wanted)[0] == 204
    assert api.get("leads/1/links")[1]["_total_items"] == 0
    assert [kind for kind, _ in happened(api)] == [
        "entity_linked",
        "lead_linked",
        "entity_linked",
        "lead_linked",
        "entity_unlinked",
        "lead_unlinked",
        "entity_unlinked",
        "lead_unlinked",
    ]


def test_a_missing_card_is_204_and_its_links_404(api: Api) -> None:
    assert api.get("contacts/999")[0] == 204
    assert api.get("leads/999/links")[0] == 404


def test_a_note_belongs_to_a_card_and_leaves_an_event(api: Api) -> None:
    item = {"entity_id": 1, "note_type": "common", "params": {"text": "привет"}, "request_id": "n"}
    status, body = api.post("leads/notes", [item])
    assert status == 200
    (short,) = body["_embedded"]["notes"]
    assert (short["entity_id"], short["request_id"]) == (1, "n")
    note = api.get(f"leads/1/notes/{short['id']}")[1]
    assert note["params"] == {"text": "привет"}
    assert "entity_type" not in note
    assert happened(api) == [("common_note_added", 1)]
    assert (
        api.post("leads/notes", [{"entity_id": 99, "note_type": "common", "params": {"text": "x"}}])[0] == 400
    )
    assert api.patch(f"leads/notes/{short['id']}", {"params": {"text": "иначе"}})[0] == 200
    assert api.get(f"leads/notes/{short['id']}")[1]["params"] == {"text": "иначе"}


def test_a_call_goes_to_the_only_open_lead_of_the_phone_else_to_the_contact(api: Api) -> None:
    call = {"direction": "inbound", "duration": 60, "source": "pbx", "phone": "89120001122"}
    unknown = {**call, "phone": "+70000000000", "request_id": "u"}
    status, body = api.post("calls", [call, unknown])
    assert (status, body["_total_items"], [one["request_id"] for one in body["errors"]]) == (200, 1, ["u"])
    (made,) = body["_embedded"]["calls"]
    assert (made["entity_type"], made["entity_id"]) == ("lead", 5)
    assert api.get(f"leads/5/notes/{made['id']}")[1]["params"]["duration"] == 60
    api.control("leads/move", {"lead_id": 5, "status_id": 142})
    _, body = api.post("calls", [{**call, "direction": "outbound"}])
    assert body["_embedded"]["calls"][0]["entity_type"] == "contact"
    kinds = [kind for kind, _ in happened(api)]
    assert [kind for kind in kinds if "call" in kind] == ["incoming_call", "outgoing_call"]


def test_a_pinned_note_is_found_by_its_pin_until_it_is_unpinned(api: Api) -> None:
    found = "leads/notes?filter[is_pinned]=1"
    assert api.ids(found) == []
    assert api.post("leads/notes/2002/pin")[0] == 204
    assert api.ids(found) == [2002]
    assert api.get("leads/notes/2002?with=is_pinned")[1]["is_pinned"] is True
    assert "is_pinned" not in api.get("leads/notes/2002")[1]
    assert api.post("leads/1/notes/2002/unpin")[0] == 204
    assert api.ids(found) == []
    assert [api.post(f"leads/notes/{one}/pin")[0] for one in (999, 2003)] == [404, 404]
    assert happened(api) == []


def test_deleted_contacts_leave_the_list(api: Api) -> None:
    api.control("cards/delete", {"entity_type": "contacts", "entity_id": 301, "by": ANNA})
    assert api.ids("contacts") == []
    assert happened(api) == [("contact_deleted", 301)]
    api.control("cards/restore", {"entity_type": "contacts", "entity_id": 301})
    assert api.ids("contacts") == [301]


def test_custom_fields_of_another_entity_are_not_taken(api: Api) -> None:
    item = {"custom_fields_values": [{"field_id": PHONE, "values": [{"value": "1"}]}]}
    assert api.post("leads", [item])[0] == 400
    assert api.post("contacts", [item])[0] == 200
