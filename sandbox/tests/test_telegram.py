"""The stand-in for Telegram answers as the real one is said to: texts, limits, updates, hooks."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from sandbox.telegram.markup import BadMarkup, parse
from sandbox.telegram.server import Handle, serve_in_thread


@pytest.fixture
def telegram() -> Iterator[Handle]:
    handle = serve_in_thread()
    handle.world.person(1, "Анна", started=True)
    yield handle
    handle.stop()


def call(telegram: Handle, method: str, token: str = "", **values: Any) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        f"{telegram.url}/bot{token or telegram.token}/{method}",
        json.dumps(values).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        body = error.read()
        return error.code, json.loads(body) if body.startswith(b"{") else {}


def keys(data: str, number: int = 1) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "a", "callback_data": data}] * number]}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>a</b> &lt;&amp;&quot;&#1078;", 'a <&"ж'),
        ("&nbsp;", "&nbsp;"),
        ('<a href="x">y</a>', "y"),
    ],
)
def test_html_is_parsed(html: str, text: str) -> None:
    assert parse(html) == text


@pytest.mark.parametrize("html", ["<p>a</p>", "<b>a", "<b><i>a</b></i>", "a < b", "a</b>", "<br>"])
def test_html_is_refused(html: str) -> None:
    with pytest.raises(BadMarkup):
        parse(html)


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        ({"chat_id": 1, "text": "x"}, 200, ""),
        ({"chat_id": 1, "text": "x" * 4096}, 200, ""),
        ({"chat_id": 1, "text": "x" * 4097}, 400, "message is too long"),
        ({"chat_id": 1, "text": f"<b>{'x' * 4096}</b>", "parse_mode": "HTML"}, 200, ""),
        ({"chat_id": 1, "text": " "}, 400, "message text is empty"),
        ({"chat_id": 1, "text": "<p>", "parse_mode": "HTML"}, 400, "can't parse entities"),
        ({"chat_id": 2, "text": "x"}, 400, "chat not found"),
        ({"chat_id": 1, "text": "x", "message_thread_id": 1}, 400, "message thread not found"),
        ({"chat_id": 1, "text": "x", "reply_markup": keys("ж" * 33)}, 400, "BUTTON_DATA_INVALID"),
        ({"chat_id": 1, "text": "x", "reply_markup": keys("x", 101)}, 400, "reply markup is too long"),
    ],
)
def test_messages(telegram: Handle, values: dict[str, Any], status: int, said: str) -> None:
    got, body = call(telegram, "sendMessage", **values)
    assert got == status and said in body.get("description", "")


def test_numbers_grow_edits_change_and_the_same_is_refused(telegram: Handle) -> None:
    first, second = (
        call(telegram, "sendMessage", chat_id=1, text="x")[1]["result"]["message_id"] for _ in range(2)
    )
    assert second == first + 1
    assert call(telegram, "editMessageText", chat_id=1, message_id=first, text="y")[0] == 200
    assert (
        "message is not modified"
        in call(telegram, "editMessageText", chat_id=1, message_id=first, text="y")[1]["description"]
    )
    assert (
        "message to edit not found"
        in call(telegram, "editMessageText", chat_id=1, message_id=99, text="y")[1]["description"]
    )


def test_tokens_methods_and_faults(telegram: Handle) -> None:
    assert call(telegram, "getMe", token="1:other")[0] == 401
    assert "method not found" in call(telegram, "dance")[1]["description"]
    telegram.app.faults.order(
        method="sendmessage",
        chat=1,
        skip=1,
        code=429,
        description="Too Many Requests",
        parameters={"retry_after": 7},
    )
    assert [call(telegram, "sendMessage", chat_id=1, text="x")[0] for _ in range(3)] == [200, 429, 200]
    telegram.world.revoked = True
    assert call(telegram, "getMe")[0] == 401


def test_updates_are_confirmed_by_the_offset_and_old_ones_are_lost(telegram: Handle) -> None:
    world = telegram.world
    first = world.says(1, "a").id
    world.says(1, "b")
    assert len(call(telegram, "getUpdates")[1]["result"]) == 2
    assert len(call(telegram, "getUpdates", offset=first + 1)[1]["result"]) == 1
    world.presses_button(1, 1, 1, "x")
    from datetime import timedelta

    world.clock.advance(timedelta(seconds=151))
    assert len(call(telegram, "getUpdates")[1]["result"]) == 1, "a press is kept for 150 seconds"
    world.clock.advance(timedelta(hours=24))
    assert call(telegram, "getUpdates")[1]["result"] == []


def test_the_newer_listener_ends_the_older_one(telegram: Handle) -> None:
    answers: list[int] = []
    older = threading.Thread(target=lambda: answers.append(call(telegram, "getUpdates", timeout=5)[0]))
    older.start()
    time.sleep(0.2)
    assert call(telegram, "getUpdates")[0] == 200
    older.join()
    assert answers == [409]


def test_a_web_hook_is_rung_until_it_answers_with_its_secret(telegram: Handle) -> None:
    rung: list[tuple[str, int]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rung.append((self.headers["X-Telegram-Bot-Api-Secret-Token"], body["update_id"]))
            self.send_response(200 if len(rung) > 1 else 500)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    door = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    call(telegram, "setWebhook", url=f"http://127.0.0.1:{door.server_port}/", secret_token="s")
    assert call(telegram, "getUpdates")[0] == 409
    update = telegram.world.says(1, "a").id
    until = time.monotonic() + 10
    while len(rung) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert rung[:2] == [("s", update)] * 2
    door.shutdown()
    door.server_close()


def test_people_see_and_press(telegram: Handle) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Принял", "callback_data": "accept:1"}]]}
    call(
        telegram,
        "sendMessage",
        chat_id=1,
        text="<b>Здравствуйте</b>",
        parse_mode="HTML",
        reply_markup=keyboard,
    )
    with urllib.request.urlopen(f"{telegram.url}/chat/1") as page:
        shown = page.read().decode()
    assert "<b>Здравствуйте</b>" in shown and "Принял" in shown
