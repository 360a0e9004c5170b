"""Chats of contacts and the conversations in them. What was said is not readable here, as in amoCRM."""

from typing import Any

from werkzeug import Response

from sandbox.api import get, post
from sandbox.api.writes import check_all, items, need, single, write_all
from sandbox.call import Call, hal, nothing
from sandbox.filters import numbers
from sandbox.php_query import values
from sandbox.problems import not_found
from sandbox.refused import NotFound
from sandbox.rows import Chat
from sandbox.state import plain


def chat_json(chat: Chat) -> dict[str, Any]:
    return {"chat_id": chat.chat_id, "contact_id": chat.contact_id, "id": chat.id}


def list_chats(call: Call) -> Response:
    """By `contact_id` or `chat_id`, one or several; neither stands inside a `filter`."""
    people, chats = numbers(call.query.get("contact_id")), values(call.query.get("chat_id"))
    rows = [
        chat_json(chat)
        for chat in call.world.chats.values()
        if (not people or chat.contact_id in people) and (not chats or chat.chat_id in chats)
    ]
    return hal({"_total_items": len(rows), "_embedded": {"chats": rows}}) if rows else nothing()


def add_chats(call: Call) -> Response:
    listed = items(call)
    check_all(listed, lambda item: need(item, "contact_id", "chat_id"))
    done = write_all(
        listed, lambda item: call.world.link_chat(contact_id=item["contact_id"], chat_id=item["chat_id"])
    )
    rows = [{**chat_json(chat), "request_id": one} for one, chat in done]
    return hal({"_total_items": len(rows), "_embedded": {"chats": rows}})


def show_talk(call: Call, talk_id: int) -> Response:
    talk = call.world.talks.get(talk_id)
    if talk is None:
        raise not_found()
    row = plain(talk)
    contact = {"id": talk.contact_id, "_links": call.self_link(f"contacts/{talk.contact_id}")}
    parts: dict[str, Any] = {"contacts": [contact]}
    if talk.entity_type == "lead":
        parts["leads"] = [{"id": talk.entity_id, "_links": call.self_link(f"leads/{talk.entity_id}")}]
    return hal({**row, "_links": call.self_link(f"talks/{talk_id}"), "_embedded": parts})


def close_talk(call: Call, talk_id: int) -> Response:
    """202 without a body; `force_close` spares the client the question how it was."""
    if call.request.get_data():
        single(call)
    try:
        call.world.close_talk(talk_id=talk_id, by=call.user_id)
    except NotFound:
        raise not_found() from None
    return Response(status=202, content_type="application/hal+json")


RULES = [
    get("contacts/chats", list_chats),
    post("contacts/chats", add_chats),
    get("talks/<int:talk_id>", show_talk),
    post("talks/<int:talk_id>/close", close_talk),
]
