"""Chats, people, messages and updates of one bot. Everything under one lock; nothing is kept after the process."""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.clock import Clock

DAY, PRESS = timedelta(hours=24), timedelta(seconds=150)  # how long updates are kept


@dataclass
class Message:
    id: int
    chat: int
    sender: str  # "bot" or a person's name
    text: str
    html: str = ""
    at: int = 0
    buttons: list[list[dict[str, str]]] = field(default_factory=list)
    thread: int | None = None
    edited: int = 0
    deleted: bool = False
    files: list[tuple[str, str, bytes]] = field(default_factory=list)


@dataclass
class Chat:
    """``started``: a person has spoken to the bot, so it may write. ``topics``: open threads of a forum."""

    id: int
    type: str = "private"
    title: str = ""
    username: str = ""
    started: bool = False
    blocked: bool = False
    kicked: bool = False
    gone: bool = False
    deactivated: bool = False
    forum: bool = False
    topics: dict[int, str] = field(default_factory=dict)
    moved_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    last_id: int = 0


@dataclass
class Update:
    id: int
    body: dict[str, Any]
    at: float
    is_press: bool
    chat: int


class World:
    """``open``: anybody at all may be written to, as if he had spoken to the bot before."""

    def __init__(
        self, token: str, *, name: str = "salesops_bot", clock: Clock | None = None, open_: bool = False
    ) -> None:
        self.lock = threading.RLock()
        self.news = threading.Condition(self.lock)
        self.clock = clock or Clock()
        self.token, self.name, self.open = token, name, open_
        self.bot_id = int(token.partition(":")[0])
        self.revoked = False
        self.chats: dict[int, Chat] = {}
        self.updates: list[Update] = []
        self.next_update = 1000
        self.presses: dict[str, dict[str, Any]] = {}
        self.hook: dict[str, Any] | None = None
        self.poller = 0
        self.calls: list[dict[str, Any]] = []
        self.delivered: list[dict[str, Any]] = []

    def now(self) -> float:
        return self.clock.now().timestamp()

    def person(self, key: int, name: str, username: str = "", *, started: bool = False) -> Chat:
        with self.lock:
            chat = self.chats.setdefault(key, Chat(key))
            chat.title, chat.username = name or chat.title, username or chat.username
            chat.started = chat.started or started
            return chat

    def group(
        self, key: int, title: str, *, topics: dict[int, str] | None = None, kind: str = "group"
    ) -> Chat:
        with self.lock:
            chat = self.chats.setdefault(key, Chat(key, kind, title, started=True))
            chat.topics = dict(topics or {})
            chat.forum = bool(topics)
            chat.type = "supergroup" if chat.forum else kind
            return chat

    def add_update(self, body: dict[str, Any], chat: int, *, press: bool = False) -> Update:
        with self.news:
            update = Update(
                self.next_update, {"update_id": self.next_update, **body}, self.now(), press, chat
            )
            self.next_update += 1
            self.updates.append(update)
            self.news.notify_all()
            return update

    def kept_updates(self) -> list[Update]:
        """Those that are not too old; the others are gone for good."""
        now = self.now()
        self.updates = [
            one for one in self.updates if now - one.at <= (PRESS if one.is_press else DAY).total_seconds()
        ]
        return self.updates

    def user(self, chat: Chat) -> dict[str, Any]:
        return {
            "id": chat.id,
            "is_bot": False,
            "first_name": chat.title or str(chat.id),
            "username": chat.username,
        }

    def bot(self) -> dict[str, Any]:
        return {"id": self.bot_id, "is_bot": True, "first_name": "Salesops", "username": self.name}

    def chat_json(self, chat: Chat) -> dict[str, Any]:
        named = {"first_name": chat.title} if chat.type == "private" else {"title": chat.title}
        return {"id": chat.id, "type": chat.type, **named} | ({"is_forum": True} if chat.forum else {})

    def message_json(self, message: Message, chat: Chat) -> dict[str, Any]:
        sender = (
            self.bot()
            if message.sender == "bot"
            else {"first_name": message.sender, "is_bot": False, "id": 0}
        )
        body: dict[str, Any] = {
            "message_id": message.id,
            "date": message.at,
            "chat": self.chat_json(chat),
            "from": sender,
            "text": message.text,
        }
        if message.thread is not None:
            body |= {"message_thread_id": message.thread, "is_topic_message": True}
        return body

    def add_message(self, chat: Chat, **values: Any) -> Message:
        chat.last_id += 1
        message = Message(chat.last_id, chat.id, at=int(self.now()), **values)
        chat.messages[message.id] = message
        return message

    # What people do.

    def says(self, person: int, text: str, chat: int | None = None, thread: int | None = None) -> Update:
        """A person writes to the bot, or into a group."""
        with self.lock:
            who, where = self.chats[person], self.chats[chat or person]
            if where.id == who.id:
                where.started, was_blocked, where.blocked = True, where.blocked, False
                if was_blocked:
                    self._member(where, who, "member")
            message = self.add_message(where, sender=who.title or str(person), text=text, thread=thread)
            body = self.message_json(message, where) | {"from": self.user(who)}
            return self.add_update({"message": body}, where.id)

    def presses_button(
        self, person: int, chat: int, message: int, data: str, *, inaccessible: bool = False
    ) -> str:
        """Anybody who sees a button can press it; returns the query's id."""
        with self.lock:
            who, where, query = self.chats[person], self.chats[chat], uuid.uuid4().hex
            found = where.messages.get(message)
            shown = (
                {"message_id": message, "date": 0, "chat": self.chat_json(where)}
                if inaccessible or found is None
                else self.message_json(found, where)
            )
            body = {"id": query, "from": self.user(who), "message": shown, "chat_instance": "1", "data": data}
            self.presses[query] = {"at": self.now(), "person": person, "answer": None, "chat": chat}
            self.add_update({"callback_query": body}, chat, press=True)
            return query

    def blocks(self, person: int, *, unblock: bool = False) -> None:
        with self.lock:
            chat = self.chats[person]
            chat.blocked = not unblock
            self._member(chat, chat, "member" if unblock else "kicked")

    def kicks(self, chat: int, by: int | None = None) -> None:
        with self.lock:
            where = self.chats[chat]
            where.kicked = True
            self._member(where, self.chats.get(by or 0, where), "kicked")

    def _member(self, chat: Chat, who: Chat, status: str) -> None:
        old = "member" if status == "kicked" else "kicked"
        body = {
            "chat": self.chat_json(chat),
            "from": self.user(who),
            "date": int(self.now()),
            "old_chat_member": {"status": old, "user": self.bot()},
            "new_chat_member": {"status": status, "user": self.bot()},
        }
        self.add_update({"my_chat_member": body}, chat.id)

    def migrates(self, chat: int, to: int) -> None:
        """A group becomes a supergroup: another number, and two service messages."""
        with self.lock:
            old = self.chats[chat]
            new = self.group(to, old.title, kind="supergroup")
            old.moved_to = to
            common = {"message_id": 0, "date": int(self.now()), "from": self.user(old)}
            self.add_update(
                {"message": common | {"chat": self.chat_json(old), "migrate_to_chat_id": to}}, chat
            )
            self.add_update(
                {"message": common | {"chat": self.chat_json(new), "migrate_from_chat_id": chat}}, to
            )
