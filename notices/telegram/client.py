"""One client of the Bot API. It never retries by itself: whoever asks decides by what the answer means."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from notices.outcomes import AddressStopped, NotNow, NotSent, Refused, Unknown
from notices.telegram.errors import BadMarkup, NoTopic, mask, read_error
from notices.telegram.markup import Button, keyboard, plain

READ, CONNECT = 40.0, 5.0  # seconds; the server itself may hold a message of a flood for eight
POLL = 25  # seconds that a question for news may stay open
APART = 1 / 25  # seconds between two messages of this process: about thirty a second are allowed in all
UPDATES = ("message", "callback_query", "my_chat_member")


@dataclass(frozen=True)
class Message:
    """What is to be said: ``html``, buttons in rows, and files ``(name, type, bytes)``; the first may be a picture."""

    html: str
    buttons: Sequence[Sequence[Button]] = ()
    silent: bool = False
    photo: tuple[str, str, bytes] | None = None
    document: tuple[str, str, bytes] | None = None
    reply_to: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Bot:
    """Calls of one bot. Safe to share between threads. No log and no error holds the token."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        read: float = READ,
        apart: float = APART,
    ) -> None:
        self._path = f"{base_url.rstrip('/')}/bot{token}"
        self._http = httpx2.Client(transport=transport, timeout=httpx2.Timeout(read, connect=CONNECT))
        self._pace, self._next, self._apart = threading.Lock(), 0.0, apart

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Bot":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def call(
        self,
        method: str,
        values: Mapping[str, Any] | None = None,
        files: Mapping[str, tuple[str, str, bytes]] | None = None,
        read: float | None = None,
    ) -> Any:
        """The result of a method. Raises NotSent of some kind: what it is says what to do."""
        given = {name: value for name, value in (values or {}).items() if value is not None}
        request: dict[str, Any] = {"json": given}
        if files:
            parts = {name: (one[0], one[2], one[1]) for name, one in files.items()}
            form = {
                name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()
            }
            request = {"data": form, "files": parts}
        if read is not None:
            request["timeout"] = httpx2.Timeout(read, connect=CONNECT)
        try:
            response = self._http.post(f"{self._path}/{method}", **request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise NotNow(_line("not connected", error), 5, whole=True) from None
        except httpx2.HTTPError as error:
            raise Unknown(_line("no answer came", error)) from None
        except httpx2.InvalidURL:
            raise Refused("the address of the API makes no sense") from None
        return _result(response, method)

    def send(self, chat: str, message: Message, thread: int | None = None) -> tuple[str, str]:
        """Send a message; returns its number and what had to be left out. Raises NotSent.

        One that the other side does not understand goes out once more as plain text, and one for a topic that is gone
        outside of it: those answers say that nothing was taken.
        """
        self._wait()
        try:
            return self._send(chat, message, thread), ""
        except BadMarkup as error:
            bare = Message(
                plain(message.html), message.buttons, message.silent, message.photo, message.document
            )
            return self._send(chat, bare, thread, markup=False), f"sent as plain text ({error})"
        except NoTopic as error:
            return self._send(chat, message, None), f"sent outside of the topic ({error})"

    def _send(self, chat: str, message: Message, thread: int | None, *, markup: bool = True) -> str:
        method, files = "sendMessage", {}
        text = "text"
        if message.photo is not None:
            method, text, files = "sendPhoto", "caption", {"photo": message.photo}
        elif message.document is not None:
            method, text, files = "sendDocument", "caption", {"document": message.document}
        values: dict[str, Any] = {
            "chat_id": chat,
            text: message.html,
            "parse_mode": "HTML" if markup else None,
            # The general topic has the number 1 and must not be named.
            "message_thread_id": thread if thread != 1 else None,
            "disable_notification": True if message.silent else None,
            "reply_markup": keyboard(message.buttons) if message.buttons else None,
            "reply_parameters": {"message_id": message.reply_to, "allow_sending_without_reply": True}
            if message.reply_to
            else None,
            **message.extra,
        }
        if not files:
            values["link_preview_options"] = {"is_disabled": True}
        return str(self.call(method, values, files or None)["message_id"])

    def send_album(
        self, chat: str, files: Sequence[tuple[str, str, bytes]], html: str, thread: int | None = None
    ) -> str:
        """Two to ten pictures as one message; returns the number of the first. Raises NotSent."""
        self._wait()
        media = [
            {"type": "photo", "media": f"attach://p{number}"}
            | ({"caption": html, "parse_mode": "HTML"} if number == 0 else {})
            for number in range(len(files))
        ]
        values = {"chat_id": chat, "media": media, "message_thread_id": thread if thread != 1 else None}
        parts = {f"p{number}": one for number, one in enumerate(files)}
        return str(self.call("sendMediaGroup", values, parts)[0]["message_id"])

    def edit(self, chat: str, message_id: str, message: Message) -> None:
        """Make an own message say this. Raises NotSent; Unchanged is what was wanted."""
        self._wait()
        values = {
            "chat_id": chat,
            "message_id": int(message_id),
            "text": message.html,
            "parse_mode": "HTML",
            "reply_markup": keyboard(message.buttons),
            "link_preview_options": {"is_disabled": True},
        }
        self.call("editMessageText", values)

    def answer(self, query: str, text: str, *, alert: bool = False) -> None:
        """Tell whoever pressed a button; too late is no failure."""
        try:
            values = {"callback_query_id": query, "text": text[:200], "show_alert": alert}
            self.call("answerCallbackQuery", values, read=10.0)
        except NotSent:
            return

    def updates(self, offset: int | None, wait: int = POLL) -> list[dict[str, Any]]:
        """What is new from ``offset`` on; asking for it says that all before is kept. Raises NotSent."""
        values = {"offset": offset, "timeout": wait, "limit": 100, "allowed_updates": list(UPDATES)}
        found: list[dict[str, Any]] = self.call("getUpdates", values, read=wait + 15.0)
        return found

    def _wait(self) -> None:
        """Keep messages of this process apart."""
        with self._pace:
            now = time.monotonic()
            pause, self._next = self._next - now, max(self._next, now) + self._apart
        if pause > 0:
            time.sleep(pause)


def _result(response: httpx2.Response, method: str) -> Any:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if isinstance(body, dict) and body.get("ok") is True:
        return body.get("result")
    api = body if isinstance(body, dict) and "error_code" in body else None
    error = read_error(response.status_code, api, method)
    if isinstance(error, NotNow) and response.headers.get("Retry-After", "").isdecimal():
        error.after = max(error.after, float(response.headers["Retry-After"]))
    if api is None and response.status_code == 200:
        error = Unknown("an answer that makes no sense")
    raise error


def _line(what: str, error: Exception) -> str:
    """One line; the address, which holds the token, is never in it."""
    return mask(f"{what}: {type(error).__name__} {error}".strip())[:200]


__all__ = ["AddressStopped", "Bot", "Message"]
