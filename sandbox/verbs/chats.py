"""Verbs on chats: messages come and go, a conversation («беседа») opens with the first and is closed by somebody."""

import uuid
from typing import Any

from sandbox.hooks.bodies import message_body, talk_body
from sandbox.refused import NotFound, not_supported
from sandbox.rows import Chat, Contact, Talk
from sandbox.state import Moment
from sandbox.verbs.incoming import IncomingVerbs


class ChatVerbs(IncomingVerbs):
    def link_chat(self, *, contact_id: int, chat_id: str) -> Chat:
        """Say that a chat belongs to a contact; said twice, it stays said once. Raises `Refused`."""
        with self.lock:
            self._person(contact_id)
            if not chat_id:
                raise not_supported("chat_id")
            found = next(
                (
                    one
                    for one in self.chats.values()
                    if (one.contact_id, one.chat_id) == (contact_id, chat_id)
                ),
                None,
            )
            if found is None:
                found = Chat(id=self.next_id("chats", self.chats), chat_id=chat_id, contact_id=contact_id)
                self.chats[found.id] = found
            return found

    def receive_message(
        self,
        *,
        contact_id: int,
        text: str = "",
        origin: str = "avito",
        lead_id: int | None = None,
        at: Moment = None,
    ) -> Talk:
        """A client writes: in the conversation that is open, else in a new one, which is about `lead_id` if given."""
        with self.lock:
            moment = self.moment(at)
            person = self._person(contact_id)
            talk = self._open_talk(contact_id)
            if talk is None:
                talk = self._begin(contact_id, origin, lead_id, moment)
            talk.is_read, talk.updated_at = False, moment
            author = {"id": talk.chat_id, "type": "external", "name": person.name}
            self._say(talk, text, moment, by=0, incoming=True, author=author)
            return talk

    def send_message(self, *, talk_id: int, text: str = "", by: int | None = None, at: Moment = None) -> Talk:
        """Somebody here answers in a conversation. Raises `NotFound` for one that is closed or was never."""
        with self.lock:
            moment, actor = self.moment(at), self.actor(by)
            talk = self.talks.get(talk_id)
            if talk is None or not talk.is_in_work:
                raise NotFound(f"there is no open talk {talk_id}")
            talk.is_read, talk.updated_at = True, moment
            user = self.users.get(actor)
            author = {"id": actor, "type": "internal", "name": user.name if user else ""}
            self._say(talk, text, moment, by=actor, incoming=False, author=author)
            return talk

    def close_talk(self, *, talk_id: int, by: int | None = None, at: Moment = None) -> Talk:
        with self.lock:
            talk = self.talks.get(talk_id)
            if talk is None:
                raise NotFound(f"there is no talk {talk_id}")
            if talk.is_in_work:
                talk.is_in_work, talk.is_read, talk.updated_at = False, True, self.moment(at)
                self._record_talk("talk_closed", talk, self.actor(by), talk.updated_at)
                self.ring("update_talk", "talk", "update", talk_body(talk))
            return talk

    def _begin(self, contact_id: int, origin: str, lead_id: int | None, at: int) -> Talk:
        if lead_id is not None:
            self.living_lead(lead_id)
        chat_id = next(
            (one.chat_id for one in self.chats.values() if one.contact_id == contact_id), self._uuid()
        )
        self.link_chat(contact_id=contact_id, chat_id=chat_id)
        talk = Talk(
            talk_id=self.next_id("talks", self.talks),
            created_at=at,
            updated_at=at,
            contact_id=contact_id,
            chat_id=chat_id,
            entity_id=contact_id if lead_id is None else lead_id,
            entity_type="contact" if lead_id is None else "lead",
            origin=origin,
            account_id=self.account.id,
        )
        self.talks[talk.talk_id] = talk
        self._record_talk("talk_created", talk, 0, at)
        self.ring("add_talk", "talk", "add", talk_body(talk))
        return talk

    def _say(
        self, talk: Talk, text: str, at: int, *, by: int, incoming: bool, author: dict[str, Any]
    ) -> None:
        message = self._uuid()
        after = [{"message": {"id": message, "origin": talk.origin, "talk_id": talk.talk_id}}]
        kind = "incoming_chat_message" if incoming else "outgoing_chat_message"
        self.record(kind, *self._about(talk), by=by, at=at, after=after)
        code = "add_message" if incoming else "add_outgoing_message"
        body = message_body(talk, message, text, at, incoming=incoming, author=author)
        self.ring(code, "message", "add", body)

    def _record_talk(self, kind: str, talk: Talk, by: int, at: int) -> None:
        self.record(kind, *self._about(talk), by=by, at=at, after=[{"talk": {"id": talk.talk_id}}])

    @staticmethod
    def _about(talk: Talk) -> tuple[str, int]:
        return talk.entity_type or "contact", talk.entity_id or talk.contact_id

    def _open_talk(self, contact_id: int) -> Talk | None:
        mine = (one for one in self.talks.values() if one.contact_id == contact_id and one.is_in_work)
        return next(mine, None)

    def _person(self, contact_id: int) -> Contact:
        contact = self.contacts.get(contact_id)
        if contact is None or contact.is_deleted:
            raise not_supported("contact_id")
        return contact

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
