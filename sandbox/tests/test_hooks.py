import json
from typing import Any

import pytest

from sandbox.server import Handle
from sandbox.switches import changed
from sandbox.tests.conftest import ANNA, BORIS, COLOR, NEW, REPAIR, SALES, TALKS, Api, Receiver, T
from sandbox.world import World

ALL_LEADS = [
    "add_lead",
    "update_lead",
    "delete_lead",
    "restore_lead",
    "status_lead",
    "responsible_lead",
    "note_lead",
]
ALL_TASKS = ["add_task", "update_task", "delete_task", "responsible_task"]


def subscribed(world: World, receiver: Receiver, *codes: str) -> Receiver:
    world.subscribe(receiver.url, list(codes))
    return receiver


def keys(receiver: Receiver, number: int = 0) -> list[str]:
    return [name for name, _ in receiver.bodies[number]]


def test_a_new_lead_is_told_key_by_key_as_recorded(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "add_lead")
    lead = world.create_lead(name="Test lead", by=ANNA)
    receiver.wait(1)
    prefix = "leads[add][0]"
    assert receiver.bodies[0] == [
        ("account[subdomain]", "demo"),
        ("account[id]", "16700680"),
        ("account[_links][self]", "https://demo.amocrm.ru"),
        (f"{prefix}[id]", str(lead.id)),
        (f"{prefix}[name]", "Test lead"),
        (f"{prefix}[status_id]", str(NEW)),
        (f"{prefix}[price]", "0"),
        (f"{prefix}[responsible_user_id]", str(ANNA)),
        (f"{prefix}[last_modified]", str(T)),
        (f"{prefix}[modified_user_id]", str(ANNA)),
        (f"{prefix}[created_user_id]", str(ANNA)),
        (f"{prefix}[date_create]", str(T)),
        (f"{prefix}[pipeline_id]", str(SALES)),
        (f"{prefix}[account_id]", "16700680"),
        (f"{prefix}[created_at]", str(T)),
        (f"{prefix}[updated_at]", str(T)),
    ]
    headers = receiver.headers[0]
    assert headers["User-Agent"] == "amoCRM-WebHook-client/1.0"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_one_save_makes_a_post_for_update_status_and_responsible(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, *ALL_LEADS)
    world.edit_lead(lead_id=1, status_id=142, pipeline_id=REPAIR, responsible_user_id=BORIS)
    bodies = receiver.wait(3)
    by_action = {
        next(key for key in body if key.startswith("leads")).split("[")[1][:-1]: body for body in bodies
    }
    assert set(by_action) == {"update", "status", "responsible"}
    assert by_action["update"]["leads[update][0][old_status_id]"] == str(NEW)
    status = by_action["status"]
    assert status["leads[status][0][status_id]"] == "142"
    assert status["leads[status][0][old_status_id]"] == str(NEW)
    assert status["leads[status][0][pipeline_id]"] == str(REPAIR)
    assert status["leads[status][0][old_pipeline_id]"] == str(SALES)
    responsible = by_action["responsible"]
    assert responsible["leads[responsible][0][responsible_user_id]"] == str(BORIS)
    assert list(responsible)[-1] == "leads[responsible][0][old_responsible_user_id]"
    assert responsible["leads[responsible][0][old_responsible_user_id]"] == str(ANNA)


def test_a_save_that_moves_nothing_makes_one_post(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, *ALL_LEADS)
    world.edit_lead(lead_id=1, name="x")
    world.delete_lead(lead_id=2)
    bodies = receiver.wait(2)
    assert sorted(list(body)[3] for body in bodies) == ["leads[delete][0][id]", "leads[update][0][id]"]
    assert not any("old_status_id" in key for body in bodies for key in body)


def test_the_old_status_stands_right_after_the_new_one(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "status_lead")
    world.move_lead(lead_id=1, status_id=TALKS)
    receiver.wait(1)
    found = [key for key in keys(receiver) if "status_id" in key or "price" in key]
    assert found == [f"leads[status][0][{key}]" for key in ("status_id", "old_status_id", "price")]


def test_tags_and_fields_stand_around_the_account_id(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "update_lead")
    world.edit_lead(lead_id=1, tags_to_add=[{"name": "a&b [x]+"}], name="Ёлка = 50%")
    body = receiver.wait(1)[0]
    prefix = "leads[update][0]"
    assert body[f"{prefix}[name]"] == "Ёлка = 50%"
    assert body[f"{prefix}[tags][0][name]"] == "a&b [x]+"
    assert body[f"{prefix}[custom_fields][0][id]"] == str(COLOR)
    assert body[f"{prefix}[custom_fields][0][values][0][value]"] == "red"
    assert body[f"{prefix}[custom_fields][0][values][0][enum]"] == "71"
    order = [key.removeprefix(prefix) for key in keys(receiver)]
    places = [
        order.index(key)
        for key in (
            "[pipeline_id]",
            "[tags][0][id]",
            "[account_id]",
            "[custom_fields][0][id]",
            "[created_at]",
        )
    ]
    assert places == sorted(places)
    assert f"{prefix}[custom_fields][0][code]" not in body


def test_a_deleted_lead_is_told_with_three_keys(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "delete_lead", "restore_lead")
    world.delete_lead(lead_id=1)
    receiver.wait(1)
    assert keys(receiver)[3:] == [f"leads[delete][0][{key}]" for key in ("id", "status_id", "pipeline_id")]
    world.restore_lead(lead_id=1)
    assert receiver.wait(2)[1]["leads[restore][0][name]"] == "Deal 1"


def test_a_closed_task_says_so_in_local_time(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, *ALL_TASKS)
    world.complete_task(task_id=1001, result="Готово", by=ANNA)
    body = receiver.wait(1)[0]
    prefix = "task[update][0]"
    assert body[f"{prefix}[element_id]"] == "1"
    assert body[f"{prefix}[element_type]"] == "2"
    assert body[f"{prefix}[status]"] == "1"
    assert body[f"{prefix}[action_close]"] == "1"
    assert body[f"{prefix}[result][text]"] == "Готово"
    assert body[f"{prefix}[last_modified]"] == "2026-11-20 12:00:00"
    assert body[f"{prefix}[complete_till]"] == "2026-11-20 13:00:00"


def test_an_edited_task_names_its_former_owner(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "responsible_task", "delete_task")
    world.edit_task(task_id=1001, responsible_user_id=BORIS)
    body = receiver.wait(1)[0]
    assert body["task[responsible][0][old_responsible_user_id]"] == str(ANNA)
    assert "task[responsible][0][action_close]" not in body
    world.delete_task(task_id=1001)
    assert keys(receiver, len(receiver.wait(2)) - 1)[3:] == [
        f"task[delete][0][{key}]" for key in ("id", "element_id", "element_type")
    ]


@pytest.mark.parametrize(
    ("switch", "key", "value"),
    [
        ({"task_hook_dates": "unix"}, "task[add][0][complete_till]", str(T)),
        ({"task_hook_nested": True}, "task[add][0][0][complete_till]", "2026-11-20 12:00:00"),
    ],
)
def test_task_hooks_follow_their_switches(
    world: World, receiver: Receiver, switch: dict[str, Any], key: str, value: str
) -> None:
    subscribed(world, receiver, "add_task")
    world.set_switches(changed(world.switches, switch))
    world.create_task(text="x", complete_till=T, entity_id=1)
    assert receiver.wait(1)[0][key] == value


def test_a_note_is_told_with_numeric_types(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "note_lead", "note_contact")
    world.add_call(entity_id=1, duration=5, phone="+7", by=ANNA)
    body = receiver.wait(1)[0]
    prefix = "leads[note][0][note]"
    assert (body[f"{prefix}[element_type]"], body[f"{prefix}[note_type]"]) == ("2", "11")
    assert '"DURATION":5' in body[f"{prefix}[text]"]
    assert body[f"{prefix}[date_create]"] == "2026-11-20 12:00:00"
    for key in ("text", "metadata"):
        told = body[f"{prefix}[{key}]"]
        assert told == json.dumps(
            json.loads(told), ensure_ascii=False, separators=(",", ":")
        )  # no blanks, as PHP
    world.add_note(entity_type="contacts", entity_id=301, text="привет")
    assert receiver.wait(2)[1]["contacts[note][0][note][text]"] == "привет"


def test_companies_come_as_contacts_of_type_company(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "add_company", "update_contact", "delete_company")
    made = world.create_company(name="ООО")
    assert receiver.wait(1)[0]["contacts[add][0][type]"] == "company"
    world.edit_contact(contact_id=301, name="Иначе")
    body = receiver.wait(2)[1]
    assert body["contacts[update][0][linked_leads_id][5][ID]"] == "5"
    assert body["contacts[update][0][custom_fields][0][code]"] == "PHONE"
    world.delete_card(entity_type="companies", entity_id=made.id)
    assert receiver.wait(3)[2]["contacts[delete][0][type]"] == "company"


def test_incoming_leads_are_told_when_they_come_and_when_they_go(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "add_unsorted", "delete_unsorted")
    row = world.create_unsorted(name="Заявка", metadata={"form_id": 1})
    assert receiver.wait(1)[0]["unsorted[add][0][data][leads][0][name]"] == "Заявка"
    world.accept_unsorted(uid=row.uid)
    body = receiver.wait(2)[1]
    assert body["unsorted[delete][0][action]"] == "accept"
    assert body["unsorted[delete][0][accept_result][leads][0]"] == str(row.embedded.leads[0].id)


def test_a_merge_tells_the_losers_and_the_survivor(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, *ALL_LEADS)
    world.merge_leads(survivor_id=1, loser_ids=[2])
    bodies = receiver.wait(2)
    assert {"leads[delete][0][id]", "leads[update][0][id]"} <= {key for body in bodies for key in body}


def test_the_account_may_stand_last(world: World, receiver: Receiver) -> None:
    subscribed(world, receiver, "delete_lead")
    world.set_switches(changed(world.switches, {"account_position": "last"}))
    world.delete_lead(lead_id=1)
    receiver.wait(1)
    assert keys(receiver)[-1] == "account[_links][self]"


def test_subscriptions_are_made_changed_and_ended_over_the_api(server: Handle, receiver: Receiver) -> None:
    api = Api(server.app)
    assert api.get("webhooks")[0] == 204
    status, body = api.post("webhooks", {"destination": receiver.url, "settings": ["add_lead"], "sort": 10})
    assert (status, body["settings"], body["disabled"], body["sort"]) == (201, ["add_lead"], False, 10)
    status, again = api.post("webhooks", {"destination": receiver.url, "settings": ["update_lead"]})
    assert (status, again["id"], again["settings"]) == (201, body["id"], ["update_lead"])
    _, listed = api.get(f"webhooks?filter[destination]={receiver.url}")
    assert (listed["_total_items"], listed["_embedded"]["webhooks"][0]["id"]) == (1, body["id"])
    assert api.get("webhooks?filter[destination]=http://other/")[0] == 204
    assert api.delete("webhooks", {"destination": receiver.url})[0] == 204
    assert api.delete("webhooks", {"destination": receiver.url})[0] == 404
    assert api.post("webhooks", {"destination": receiver.url, "settings": ["nonsense"]})[0] == 400
    assert api.post("webhooks", {"destination": "no address", "settings": ["add_lead"]})[0] == 400
    server.world.edit_lead(lead_id=1, name="x")
    server.wait_for_hooks()
    assert receiver.bodies == []
