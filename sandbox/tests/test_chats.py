"""Chats of contacts, conversations in them, and what they leave behind."""

from sandbox.tests.conftest import ANNA, Api, Receiver, T
from sandbox.world import World


def happened(world: World) -> list[tuple[str, str, int, int]]:
    return [
        (one.type, one.entity_type, one.entity_id, one.created_by)
        for one in world.events
        if one.created_at >= T
    ]


def test_a_conversation_opens_with_the_first_message_and_ends_when_somebody_closes_it(api: Api) -> None:
    _, talk = api.control("chats/receive", {"contact_id": 301, "lead_id": 5, "text": "Здравствуйте"})
    _, again = api.control("chats/receive", {"contact_id": 301, "text": "Вы тут?"})
    assert again["talk_id"] == talk["talk_id"]
    assert api.get(f"talks/{talk['talk_id']}")[1]["is_read"] is False
    assert api.control("chats/send", {"talk_id": talk["talk_id"], "text": "Да", "by": ANNA})[0] == 200
    assert api.post(f"talks/{talk['talk_id']}/close", {"force_close": True}) == (202, None)
    assert api.control("chats/send", {"talk_id": talk["talk_id"], "text": "?"})[0] == 404
    assert happened(api.app.world) == [
        ("talk_created", "lead", 5, 0),
        ("incoming_chat_message", "lead", 5, 0),
        ("incoming_chat_message", "lead", 5, 0),
        ("outgoing_chat_message", "lead", 5, ANNA),
        ("talk_closed", "lead", 5, 11),
    ]
    _, other = api.control("chats/receive", {"contact_id": 301})
    assert other["talk_id"] != talk["talk_id"]
    assert other["chat_id"] == talk["chat_id"]
    assert (other["entity_type"], other["entity_id"]) == ("contact", 301)


def test_chats_of_a_contact_are_listed_and_tied_once(api: Api) -> None:
    assert api.get("contacts/chats?contact_id=301")[0] == 204
    tie = {"contact_id": 301, "chat_id": "d7a2842c-d926-43bc-a090-21ab410b8acb"}
    for _ in range(2):
        assert api.post("contacts/chats", [tie])[0] == 200
    assert api.post("contacts/chats", [{**tie, "contact_id": 999}])[0] == 400
    for question in ("contact_id=301", "contact_id[]=301", f"chat_id={tie['chat_id']}"):
        _, body = api.get(f"contacts/chats?{question}")
        assert [one["chat_id"] for one in body["_embedded"]["chats"]] == [tie["chat_id"]]


def test_a_merged_deal_leaves_its_conversation_to_the_survivor(world: World) -> None:
    talk = world.receive_message(contact_id=301, lead_id=5)
    world.merge_leads(survivor_id=1, loser_ids=[5])
    assert talk.entity_id == 1


def test_messages_and_conversations_ring_their_hooks(world: World, receiver: Receiver) -> None:
    world.subscribe(receiver.url, ["add_message", "add_outgoing_message", "add_talk", "update_talk"])
    talk = world.receive_message(contact_id=301, lead_id=5, text="Сколько?")
    world.send_message(talk_id=talk.talk_id, text="Много", by=ANNA)
    world.close_talk(talk_id=talk.talk_id)
    bodies = receiver.wait(4)
    said = {body["message[add][0][type]"]: body for body in bodies if "message[add][0][type]" in body}
    assert said["incoming"]["message[add][0][text]"] == "Сколько?"
    assert said["incoming"]["message[add][0][element_id]"] == "5"
    assert said["outgoing"]["message[add][0][author][id]"] == str(ANNA)
    assert {key for body in bodies for key in body if key.startswith("talk")} >= {
        "talk[add][0][talk_id]",
        "talk[update][0][is_in_work]",
    }
