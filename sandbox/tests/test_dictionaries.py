"""Account, users, pipelines, fields, reasons, tags, sources, incoming leads."""

from sandbox.tests.conftest import ANNA, GONE, INCOMING, NEW, REPAIR, SALES, TALKS, Api, T


def test_the_account_shows_what_is_asked_for(api: Api) -> None:
    _, body = api.get("account")
    assert (body["id"], body["subdomain"], body["current_user_id"]) == (16700680, "demo", 11)
    assert "_embedded" not in body
    assert "uuid" not in body
    _, body = api.get("account?with=task_types,users_groups,datetime_settings,uuid,version,drive_url")
    assert [(one["id"], one["code"]) for one in body["_embedded"]["task_types"]] == [
        (1, "FOLLOW_UP"),
        (2, "MEETING"),
    ]
    assert body["_embedded"]["users_groups"][0]["id"] == 0
    assert body["_embedded"]["datetime_settings"]["timezone"] == "Europe/Moscow"
    assert "date_formant" in body["_embedded"]["datetime_settings"]
    assert body["uuid"]


def test_a_deactivated_user_stays_listed_and_a_removed_one_does_not(api: Api) -> None:
    _, body = api.get("users?limit=250")
    active = {row["id"]: row["rights"]["is_active"] for row in body["_embedded"]["users"]}
    assert active[GONE] is False
    api.control("users/deactivate", {"user_id": ANNA})
    assert api.get(f"users/{ANNA}")[1]["rights"]["is_active"] is False
    api.control("users/remove", {"user_id": ANNA})
    assert ANNA not in api.ids("users")
    assert api.get("leads/1")[1]["responsible_user_id"] == ANNA


def test_a_removed_user_may_leave_an_heir(api: Api) -> None:
    api.control("users/remove", {"user_id": ANNA, "heir_id": 13})
    assert api.get("leads/1")[1]["responsible_user_id"] == 13
    assert api.get("tasks/1001")[1]["responsible_user_id"] == 13


def test_statuses_142_and_143_stand_in_every_pipeline(api: Api) -> None:
    _, body = api.get("leads/pipelines")
    for pipeline in body["_embedded"]["pipelines"]:
        statuses = pipeline["_embedded"]["statuses"]
        assert {142, 143} <= {status["id"] for status in statuses}
        assert {status["pipeline_id"] for status in statuses} == {pipeline["id"]}
        assert all("descriptions" not in status for status in statuses)
    _, body = api.get(f"leads/pipelines/{SALES}/statuses?with=descriptions")
    assert body["_embedded"]["statuses"][0]["descriptions"] == []
    assert api.get(f"leads/pipelines/{SALES}/statuses/142")[1]["id"] == 142
    assert api.get("leads/pipelines/999")[0] == 404


def test_a_deleted_status_gives_its_leads_to_the_first_one(api: Api) -> None:
    assert api.delete(f"leads/pipelines/{SALES}/statuses/{TALKS}")[0] == 204
    row = api.get("leads/2")[1]
    assert row["status_id"] == NEW
    assert [event.type for event in api.app.world.events if event.created_at >= T] == ["lead_status_changed"]
    assert api.delete(f"leads/pipelines/{SALES}/statuses/142")[0] == 422


def test_pipelines_are_made_changed_archived_and_deleted(api: Api) -> None:
    item = {
        "name": "Third",
        "sort": 3,
        "is_main": False,
        "is_unsorted_on": True,
        "_embedded": {
            "statuses": [{"name": "One", "sort": 10, "color": "#fffeb2"}, {"id": 142, "name": "Done"}]
        },
    }
    status, body = api.post("leads/pipelines", [item])
    assert status == 200
    (made,) = body["_embedded"]["pipelines"]
    assert [one["name"] for one in made["_embedded"]["statuses"]][1:3] == ["One", "Done"]
    assert api.patch(f"leads/pipelines/{made['id']}", {"name": "Renamed"})[1]["name"] == "Renamed"
    api.control("pipelines/archive", {"pipeline_id": made["id"]})
    assert api.get(f"leads/pipelines/{made['id']}")[1]["is_archive"] is True
    assert api.delete(f"leads/pipelines/{made['id']}")[0] == 204
    assert api.delete(f"leads/pipelines/{REPAIR}")[0] == 422
    bad = {**item, "_embedded": {"statuses": [{"name": "One", "color": "#123456"}]}}
    assert api.post("leads/pipelines", [bad])[0] == 400


def test_custom_fields_are_listed_made_and_changed(api: Api) -> None:
    _, body = api.get("leads/custom_fields?limit=2&order[id]=desc")
    assert [row["id"] for row in body["_embedded"]["custom_fields"]] == [503, 502]
    assert (body["_total_items"], body["_page_count"]) == (3, 2)
    assert body["_links"]["last"]["href"].endswith("page=2")
    assert api.ids("leads/custom_fields?filter[type][0]=select") == [501]
    status, body = api.post(
        "leads/custom_fields", [{"name": "New", "type": "select", "enums": [{"value": "a"}, {"value": "b"}]}]
    )
    assert status == 201
    made = body["_embedded"]["custom_fields"][0]
    assert [one["value"] for one in made["enums"]] == ["a", "b"]
    assert api.patch(f"leads/custom_fields/{made['id']}", {"name": "Other"})[0] == 201
    assert api.delete(f"leads/custom_fields/{made['id']}")[0] == 204
    assert api.post("leads/custom_fields", [{"name": "x", "type": "multitext"}])[0] == 400


def test_reasons_tags_and_sources(api: Api) -> None:
    status, body = api.post("leads/loss_reasons", [{"name": "Передумал"}])
    made = body["_embedded"]["loss_reasons"][0]
    assert (status, api.get(f"leads/loss_reasons/{made['id']}")[1]["name"]) == (200, "Передумал")
    assert api.delete(f"leads/loss_reasons/{made['id']}")[0] == 204
    _, body = api.post("leads/tags", [{"name": "vip", "color": "EBEBEB"}])
    _, again = api.post("leads/tags", [{"name": "vip"}])
    assert body["_embedded"]["tags"][0]["id"] == again["_embedded"]["tags"][0]["id"]
    assert api.get("contacts/tags")[0] == 204
    assert api.get("sources")[0] == 204
    assert api.post("sources", [{"name": "Сайт", "external_id": "site"}])[0] == 201
    status, body = api.post("leads", [{"_embedded": {"source": {"external_id": "site", "type": "widget"}}}])
    lead_id = body["_embedded"]["leads"][0]["id"]
    shown = api.get(f"leads/{lead_id}?with=source,source_id")[1]
    assert shown["_embedded"]["source"]["name"] == "Сайт"
    assert shown["source_id"] == shown["_embedded"]["source"]["id"]


def form(name: str) -> dict[str, object]:
    return {
        "source_name": "site",
        "source_uid": "u1",
        "metadata": {"form_id": "1", "form_name": "Заявка", "ip": "127.0.0.1"},
        "_embedded": {"leads": [{"name": name}], "contacts": [{"name": "Гость"}]},
    }


def test_an_incoming_lead_waits_until_it_is_accepted_or_declined(api: Api) -> None:
    status, body = api.post("leads/unsorted/forms", [form("one"), form("two")])
    assert status == 200
    first, second = body["_embedded"]["unsorted"]
    lead_id = first["_embedded"]["leads"][0]["id"]
    contact_id = first["_embedded"]["contacts"][0]["id"]
    assert lead_id not in api.ids("leads")
    assert contact_id not in api.ids("contacts")
    assert api.get(f"leads/{lead_id}")[1]["status_id"] == INCOMING
    assert {row["uid"] for row in api.get("leads/unsorted")[1]["_embedded"]["unsorted"]} == {
        first["uid"],
        second["uid"],
    }
    assert api.post(f"leads/unsorted/{first['uid']}/accept", {"user_id": ANNA, "status_id": TALKS})[0] == 200
    row = api.get(f"leads/{lead_id}")[1]
    assert (row["status_id"], row["responsible_user_id"]) == (TALKS, ANNA)
    assert contact_id in api.ids("contacts")
    assert api.delete(f"leads/unsorted/{second['uid']}/decline")[0] == 200
    assert second["_embedded"]["leads"][0]["id"] in api.ids("leads?with=only_deleted")
    assert api.get("leads/unsorted")[0] == 204
    assert api.post(f"leads/unsorted/{second['uid']}/accept")[0] == 404
    summary = api.get("leads/unsorted/summary")[1]
    assert (summary["total"], summary["accepted"], summary["declined"]) == (2, 1, 1)
    assert summary["categories"]["forms"]["total"] == 2


def test_event_types_have_the_known_numbers(api: Api) -> None:
    _, body = api.get("events/types?language_code=ru")
    numbers = {row["key"]: row["type"] for row in body["_embedded"]["events_types"]}
    assert (numbers["lead_added"], numbers["lead_status_changed"], numbers["entity_linked"]) == (1, 14, 72)
    assert len(set(numbers.values())) == body["_total_items"]


def test_an_unknown_route_is_404_and_a_wrong_token_401(api: Api) -> None:
    assert api.get("nothing")[0] == 404
    status, body = api.get("leads", Authorization="Bearer wrong")
    assert (status, body) == (
        401,
        {
            "title": "Unauthorized",
            "type": "https://httpstatus.es/401",
            "status": 401,
            "detail": "Invalid user name or password",
        },
    )
    assert api.raw("GET", "leads", Authorization="Bearer wrong").content_type == "application/problem+json"
