"""Account, users, pipelines, fields, reasons, tags, sources, incoming leads."""

import pytest

from sandbox.tests.conftest import ANNA, GONE, INCOMING, NEW, REPAIR, SALES, TALKS, Api, T
from sandbox.world import World


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
    assert body["uuid"]


def test_the_date_format_stands_under_both_names(api: Api) -> None:
    told = api.get("account?with=datetime_settings")[1]["_embedded"]["datetime_settings"]
    assert (told["date_format"], told["date_formant"]) == ("d.m.Y", "d.m.Y")
    for key in ("date_format", "date_formant"):
        world = World.from_data({"account": {"_embedded": {"datetime_settings": {key: "Y-m-d"}}}})
        told = world.account.embedded.datetime_settings
        assert (told["date_format"], told["date_formant"]) == ("Y-m-d", "Y-m-d")


def test_customers_are_402_where_the_tariff_has_none_and_nothing_elsewhere(api: Api) -> None:
    addresses = ("customers", "customers/1", "customers/notes", "customers/custom_fields", "customers/tags")
    assert [api.get(one)[0] for one in addresses] == [204] * len(addresses)
    api.app.world.account.customers_mode = "unavailable"
    assert [api.get(one)[0] for one in addresses] == [402] * len(addresses)
    status, body = api.post("customers/tags", [{"name": "x"}])
    assert (status, body["title"], body["status"]) == (402, "Payment Required", 402)
    assert api.get("contacts")[0] == 200


@pytest.mark.parametrize(
    "path", ["catalogs", "widgets", "website_buttons", "chats/templates", "leads/1/subscriptions"]
)
def test_lists_that_are_empty_here_are_no_unknown_addresses(api: Api, path: str) -> None:
    assert api.get(path)[0] == 204


def test_a_user_gets_a_role_a_group_and_the_rights_that_are_named(api: Api) -> None:
    rights = {"leads": {"view": "M"}, "mail_access": True, "tasks": None}
    _, body = api.post("roles", [{"name": "Продавец", "rights": rights}])
    (role,) = body["_embedded"]["roles"]
    assert (role["rights"]["leads"], role["rights"]["mail_access"]) == ({"view": "M"}, True)
    assert role["rights"]["tasks"] == {"edit": "A", "delete": "A"}
    assert "is_admin" not in role["rights"]
    user = {"name": "n", "email": "n@example.com", "rights": {"role_id": role["id"], "group_id": 0}}
    status, body = api.post("users", [user])
    (made,) = body["_embedded"]["users"]
    assert (status, made["rights"]["leads"], made["rights"]["role_id"]) == (201, {"view": "M"}, role["id"])
    shown = api.get(f"users/{made['id']}?with=role,group")[1]["_embedded"]
    assert [one["name"] for one in shown["roles"] + shown["groups"]] == ["Продавец", "Отдел продаж"]
    for wrong in ({"role_id": 999}, {"group_id": 999}):
        assert api.post("users", [{"name": "x", "email": "x@example.com", "rights": wrong}])[0] == 400


def test_a_renamed_tag_is_renamed_on_every_deal(api: Api) -> None:
    for lead in (1, 2):
        api.patch(f"leads/{lead}", {"tags_to_add": [{"name": "old"}]})
    (tag,) = api.get("leads/tags")[1]["_embedded"]["tags"]
    assert api.patch("leads/tags", [{"id": tag["id"], "name": "new", "color": "EBEBEB"}])[0] == 200
    for lead in (1, 2):
        assert api.get(f"leads/{lead}")[1]["_embedded"]["tags"] == [
            {"id": tag["id"], "name": "new", "color": "EBEBEB"}
        ]
    api.post("leads/tags", [{"name": "other"}])
    assert api.patch("leads/tags", [{"id": tag["id"], "name": "other"}])[0] == 400
    assert api.patch("leads/tags", [{"id": 999, "name": "x"}])[0] == 400
    assert api.patch("contacts/tags", [{"id": tag["id"], "name": "x"}])[0] == 405


def test_sources_are_changed_and_deleted_one_by_one_and_together(api: Api) -> None:
    made = [{"name": one, "external_id": one} for one in ("a", "b", "c")]
    _, body = api.post("sources", made)
    first, second, third = (row["id"] for row in body["_embedded"]["sources"])
    assert api.patch(f"sources/{first}", {"name": "A", "pipeline_id": REPAIR})[1]["pipeline_id"] == REPAIR
    assert api.patch(f"sources/{first}", {"pipeline_id": 999})[0] == 400
    status, body = api.patch("sources", [{"id": second, "name": "B"}, {"id": third, "name": "C"}])
    assert (status, [row["name"] for row in body["_embedded"]["sources"]]) == (200, ["B", "C"])
    assert api.patch("sources", [{"id": second, "name": "x"}, {"id": 999}])[0] == 400
    assert api.get(f"sources/{second}")[1]["name"] == "B"
    assert api.ids("sources?filter[external_id][]=b") == [second]
    assert api.delete(f"sources/{first}")[0] == 204
    assert [api.delete(f"sources/{first}")[0], api.patch(f"sources/{first}", {"name": "x"})[0]] == [404, 404]
    assert api.delete("sources", [{"id": second}, {"id": third}])[0] == 204
    assert api.ids("sources") == []


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
