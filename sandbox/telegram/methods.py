"""The methods of the Bot API that a sender of notices needs, with the errors of the real one."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.telegram.markup import BadMarkup, parse
from sandbox.telegram.world import Chat, Message, World

TEXT, CAPTION, RAW, DATA, BUTTONS, FILE, PHOTO = 4096, 1024, 32_768, 64, 100, 50 * 2**20, 10 * 2**20
Files = Mapping[str, tuple[str, str, bytes]]


class Refusal(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def bad(text: str, **parameters: Any) -> Refusal:
    return Refusal(400, f"Bad Request: {text}", **parameters)


def forbidden(text: str) -> Refusal:
    return Refusal(403, f"Forbidden: {text}")


def chat_of(world: World, values: Mapping[str, Any]) -> Chat:
    """The chat that may be written to. Raises Refusal."""
    try:
        key = int(values.get("chat_id", ""))
    except ValueError:
        raise bad("chat not found") from None
    chat = world.chats.get(key)
    if chat is None and world.open:
        chat = world.person(key, f"№ {key}", started=True)
    if chat is None:
        raise bad("chat not found")
    if chat.moved_to is not None:
        raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to)
    if chat.deactivated:
        raise forbidden("user is deactivated")
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
    if chat.gone:
        raise forbidden("the group chat was deleted")
    if chat.kicked:
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    if chat.type == "private" and not (chat.started or world.open):
        raise forbidden("bot can't initiate conversation with a user")
    return chat


def thread_of(chat: Chat, values: Mapping[str, Any]) -> int | None:
    thread = values.get("message_thread_id")
    if thread in (None, ""):
        return None
    if int(thread) == 1:
        raise bad("message thread not found")  # the general topic must not be named
    if int(thread) not in chat.topics:
        raise bad("message thread not found")
    if chat.topics[int(thread)] == "closed":
        raise bad("TOPIC_CLOSED")
    return int(thread)


def text_of(values: Mapping[str, Any], name: str, longest: int) -> tuple[str, str]:
    """The text after parsing, and as it was sent. Raises Refusal."""
    raw = str(values.get(name) or "")
    if len(raw.encode()) > RAW:
        raise bad("text is too long")
    try:
        text = parse(raw) if values.get("parse_mode") == "HTML" else raw
    except BadMarkup as error:
        raise bad(str(error)) from None
    if len(text) > longest:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    return text, raw


def buttons_of(values: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    given = values.get("reply_markup")
    if not given:
        return []
    markup = json.loads(given) if isinstance(given, str) else given
    rows: list[list[dict[str, str]]] = markup.get("inline_keyboard", [])
    if sum(map(len, rows)) > BUTTONS:
        raise bad("reply markup is too long")
    for row in rows:
        for one in row:
            if len(one.get("callback_data", "").encode()) > DATA:
                raise bad("BUTTON_DATA_INVALID")
            if not one.get("url") and not one.get("callback_data"):
                raise bad(
                    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
                )
    return rows


def keep(world: World, chat: Chat, values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    message = world.add_message(chat, sender="bot", **more)
    world.delivered.append({"chat": chat.id, "message": message.id, "text": message.text, "at": world.now()})
    return world.message_json(message, chat)


def send_message(world: World, values: Mapping[str, Any], files: Files) -> Any:
    chat = chat_of(world, values)
    text, raw = text_of(values, "text", TEXT)
    if not text.strip():
        raise bad("message text is empty")
    thread = thread_of(chat, values)
    return keep(world, chat, values, text=text, html=raw, buttons=buttons_of(values), thread=thread)


def send_file(kind: str, largest: int) -> Callable[[World, Mapping[str, Any], Files], Any]:
    def send(world: World, values: Mapping[str, Any], files: Files) -> Any:
        chat = chat_of(world, values)
        text, raw = text_of(values, "caption", CAPTION)
        thread = thread_of(chat, values)
        if kind not in files and not values.get(kind):
            raise bad(f"there is no {kind} in the request")
        if kind in files and len(files[kind][2]) > largest:
            raise Refusal(413, "Request Entity Too Large")
        kept = [files[kind]] if kind in files else []
        return keep(
            world, chat, values, text=text, html=raw, buttons=buttons_of(values), thread=thread, files=kept
        )

    return send


def send_media_group(world: World, values: Mapping[str, Any], files: Files) -> Any:
    chat = chat_of(world, values)
    media = values.get("media") or "[]"
    items = json.loads(media) if isinstance(media, str) else media
    if not 2 <= len(items) <= 10:
        raise bad("media group must include 2-10 items")
    thread, sent = thread_of(chat, values), []
    for number, item in enumerate(items, 1):
        name = str(item.get("media", "")).removeprefix("attach://")
        if name not in files:
            raise bad(f'Failed to send message #{number} with the error message "Wrong file identifier"')
        text, raw = text_of(item, "caption", CAPTION)
        sent.append(keep(world, chat, values, text=text, html=raw, thread=thread, files=[files[name]]))
    return sent


def edit_message_text(world: World, values: Mapping[str, Any], files: Files) -> Any:
    chat = chat_of(world, values)
    message = chat.messages.get(int(values.get("message_id") or 0))
    if message is None or message.deleted:
        raise bad("message to edit not found")
    if message.sender != "bot":
        raise bad("message can't be edited")
    text, raw = text_of(values, "text", TEXT)
    buttons = buttons_of(values)
    if not text.strip():
        raise bad("message text is empty")
    if message.html == raw and message.buttons == buttons:
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a "
            "current content and reply markup of the message"
        )
    message.text, message.html, message.buttons = text, raw, buttons
    message.edited += 1
    return world.message_json(message, chat)


def answer_callback_query(world: World, values: Mapping[str, Any], files: Files) -> Any:
    query = world.presses.get(str(values.get("callback_query_id")))
    if query is None or world.now() - query["at"] > 30:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if len(str(values.get("text") or "")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    query["answer"] = str(values.get("text") or "")
    return True


def set_webhook(world: World, values: Mapping[str, Any], files: Files) -> Any:
    url = str(values.get("url") or "")
    world.hook = {"url": url, "secret": str(values.get("secret_token") or "")} if url else None
    world.news.notify_all()
    return True


def delete_webhook(world: World, values: Mapping[str, Any], files: Files) -> Any:
    world.hook = None
    if values.get("drop_pending_updates"):
        world.updates.clear()
    return True


def webhook_info(world: World, values: Mapping[str, Any], files: Files) -> Any:
    url = world.hook["url"] if world.hook else ""
    return {"url": url, "has_custom_certificate": False, "pending_update_count": len(world.kept_updates())}


def get_me(world: World, values: Mapping[str, Any], files: Files) -> Any:
    return world.bot() | {"can_join_groups": True}


def set_my_commands(world: World, values: Mapping[str, Any], files: Files) -> Any:
    given = values.get("commands") or "[]"
    if len(json.loads(given) if isinstance(given, str) else given) > BUTTONS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    return True


def delete_message(world: World, values: Mapping[str, Any], files: Files) -> Any:
    chat = chat_of(world, values)
    message: Message | None = chat.messages.get(int(values.get("message_id") or 0))
    if message is None:
        raise bad("message to delete not found")
    message.deleted = True
    return True


METHODS: dict[str, Callable[[World, Mapping[str, Any], Files], Any]] = {
    "getme": get_me,
    "sendmessage": send_message,
    "sendphoto": send_file("photo", PHOTO),
    "senddocument": send_file("document", FILE),
    "sendmediagroup": send_media_group,
    "editmessagetext": edit_message_text,
    "answercallbackquery": answer_callback_query,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": webhook_info,
    "setmycommands": set_my_commands,
    "deletemessage": delete_message,
}


def get_updates(world: World, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is new from ``offset`` on; a newer question ends an older one with 409. Raises Refusal."""
    conflict = (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first"
    )
    offset, limit = int(values.get("offset") or 0), min(max(int(values.get("limit") or 100), 1), 100)
    wait = min(float(values.get("timeout") or 0), 50)
    with world.news:
        if world.hook:
            raise Refusal(409, conflict)
        world.poller += 1
        mine = world.poller
        world.news.notify_all()
        if offset > 0:
            world.updates = [one for one in world.updates if one.id >= offset]
        elif offset < 0:
            world.updates = world.updates[offset:]
        found = world.kept_updates()
        if not found and wait:
            world.news.wait_for(
                lambda: world.poller != mine or bool(world.kept_updates()) or world.revoked, wait
            )
        if world.poller != mine:
            raise Refusal(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        return [one.body for one in world.kept_updates()[:limit]]
