"""What comes in with an incoming lead: its contact, its company, its call."""

from typing import Any

from sandbox.tests.conftest import ANNA, INCOMING, NEW, Api, T


def item(**more: Any) -> dict[str, Any]:
    return {
        "source_name": "site",
        "source_uid": "u1",
        "metadata": {
            "form_id": 7,
            "phone": 79990001122,
            "duration": 54,
            "link": "https://x/1.mp3",
            "from": "pbx",
        },
        "_embedded": {
            "leads": [{"name": "Заявка", "price": 5, "_embedded": {"tags": [{"name": "сайт"}]}}],
            "contacts": [{"name": 234}],
            "companies": [{"name": "ООО"}],
        },
        **more,
    }


def come(api: Api, kind: str, **more: Any) -> tuple[str, dict[str, int]]:
    status, body = api.post(f"leads/unsorted/{kind}", [item(**more)])
    assert status == 200, body
    (row,) = body["_embedded"]["unsorted"]
    return row["uid"], {key: refs[0]["id"] for key, refs in row["_embedded"].items()}


def test_contact_and_company_are_hidden_until_the_lead_is_accepted(api: Api) -> None:
    uid, ids = come(api, "forms", created_at=T - 50)
    assert ids["contacts"] not in api.ids("contacts")
    assert ids["companies"] not in api.ids("companies")
    row = api.get(f"leads/unsorted/{uid}")[1]
    assert row["created_at"] == T - 50
    assert api.post(f"leads/unsorted/{uid}/accept", {"user_id": ANNA})[0] == 200
    assert ids["contacts"] in api.ids("contacts")
    assert ids["companies"] in api.ids("companies")
    lead = api.get(f"leads/{ids['leads']}?with=contacts")[1]
    assert [ref["id"] for ref in lead["_embedded"]["companies"]] == [ids["companies"]]
    assert [tag["name"] for tag in lead["_embedded"]["tags"]] == ["сайт"]
    assert api.get(f"contacts/{ids['contacts']}")[1]["name"] == "234"


def test_a_call_that_comes_in_is_noted_when_it_says_so(api: Api) -> None:
    _, ids = come(api, "sip")
    assert api.get(f"leads/{ids['leads']}/notes")[0] == 204
    told = {**item()["metadata"], "is_call_event_needed": True}
    _, ids = come(api, "sip", metadata=told)
    (note,) = api.get(f"leads/{ids['leads']}/notes")[1]["_embedded"]["notes"]
    assert (note["note_type"], note["params"]["duration"], note["params"]["link"]) == (
        "call_in",
        54,
        "https://x/1.mp3",
    )
    assert note["params"]["phone"] == "79990001122"


def test_one_bad_part_refuses_the_whole_incoming_lead(api: Api) -> None:
    before = api.control("counts", method="GET")[1]
    for kind in ("leads", "contacts", "companies"):
        bad = {"custom_fields_values": [{"field_id": 999, "values": [{"value": "x"}]}]}
        parts = {**item()["_embedded"], kind: [{"name": "x", **bad}]}
        assert api.post("leads/unsorted/forms", [item(_embedded=parts)])[0] == 400
    assert api.control("counts", method="GET")[1] == before


def test_a_complex_incoming_deal_hides_what_it_brings_and_not_what_was_there(api: Api) -> None:
    parts = {"metadata": {"category": "forms"}, "contacts": [{"id": 301}], "companies": [{"name": "ООО"}]}
    status, (row,) = api.post("leads/complex", [{"name": "x", "status_id": NEW, "_embedded": parts}])
    assert (status, row["contact_id"]) == (200, 301)
    assert api.get(f"leads/{row['id']}")[1]["status_id"] == INCOMING
    assert 301 in api.ids("contacts")
    assert row["company_id"] not in api.ids("companies")
    assert api.get("contacts/301")[1]["_embedded"]["companies"][0]["id"] == row["company_id"]
