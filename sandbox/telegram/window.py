"""The page on which one sees the chats as people do, writes to the bot as any of them and presses its buttons."""

import re
import time
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

from sandbox.telegram.world import Chat, Message, World

if TYPE_CHECKING:
    from sandbox.telegram.app import App

ZONE = ZoneInfo("Europe/Moscow")
PATIENCE = 3.0  # seconds for the bot's answer to a press
CHAT = re.compile(r"/chat/(-?\d{1,20})(/\w+)?")
LINK = re.compile(r"(https?://[^\s<]+)")
FOLDER = Path(__file__).parent
STYLE, SCRIPT = ((FOLDER / name).read_text(encoding="utf-8") for name in ("chats.css", "chats.js"))


def answer(app: "App", request: Request) -> Response:
    world = app.world
    if request.path == f"/{world.name}" and (
        code := request.args.get("start") or request.args.get("startgroup")
    ):
        return _choose(app, code, group="startgroup" in request.args)
    if request.path == "/":
        return _page(app, None)
    found = CHAT.fullmatch(request.path)
    chat = world.chats.get(int(found[1])) if found else None
    if found is None or chat is None:
        return Response("Такого чата нет.", 404, mimetype="text/plain")
    if request.method == "POST":
        return _act(world, chat, (found[2] or "").strip("/"), request)
    if found[2]:
        return _file(chat, request)
    return _page(app, chat, request.args.get("toast", ""))


def _act(world: World, chat: Chat, what: str, request: Request) -> Response:
    person = int(request.form.get("person") or (chat.id if chat.type == "private" else 0))
    toast = ""
    if what == "say" and (text := request.form.get("text", "").strip()[:4000]):
        world.says(person or _anybody(world), text, chat.id)
    elif what == "press":
        query = world.presses_button(
            person or _anybody(world), chat.id, int(request.form["message"]), request.form["data"]
        )
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and world.presses[query]["answer"] is None:
            time.sleep(0.05)
        toast = world.presses[query]["answer"] or ""
    elif what == "block":
        world.blocks(chat.id, unblock=chat.blocked)
    where = f"/chat/{chat.id}" + (f"?toast={toast}" if toast else "")
    return Response(status=303, headers={"Location": where})


def _anybody(world: World) -> int:
    return next(one.id for one in world.chats.values() if one.type == "private")


def _file(chat: Chat, request: Request) -> Response:
    message = chat.messages.get(int(request.args.get("message", "0") or 0))
    if message is None or not message.files:
        return Response("Нет файла.", 404, mimetype="text/plain")
    name, kind, data = message.files[0]
    return Response(
        data, mimetype=kind, headers={"Content-Disposition": f'inline; filename="{name.encode().hex()}"'}
    )


def _choose(app: "App", code: str, *, group: bool) -> Response:
    """Whose phone has opened the link: in a demo anybody's."""
    kinds = ("group", "supergroup") if group else ("private",)
    chats = [one for one in app.world.chats.values() if one.type in kinds and one.moved_to is None]
    forms = "".join(
        f'<form method=post action="/chat/{one.id}/say" style="margin:6px 0"><input type=hidden name=text '
        f'value="/start {escape(code)}"><button class=btn>{escape(one.title)}</button></form>'
        for one in chats
    )
    body = f"<main><header><b>Чей это телефон?</b></header><div class=list>{forms}</div></main>"
    return _shown("Начать", f'<div class="app in">{_side(app, None)}{body}</div>')


def _page(app: "App", chat: Chat | None, toast: str = "") -> Response:
    if chat is None:
        body = "<main><div class=list><p class=none>Выберите чат слева: это телефоны сотрудников.</p></div></main>"
    else:
        block = "Разблокировать бота" if chat.blocked else "Заблокировать бота"
        head = f'<header><a class=back href="/">‹</a><b>{escape(chat.title)}</b>'
        if chat.type == "private":
            head += (
                f'<form method=post action="/chat/{chat.id}/block"><button class=btn>{block}</button></form>'
            )
        said = "".join(_message(one, chat) for one in chat.messages.values() if not one.deleted)
        said = said or "<p class=none>Сообщений пока нет.</p>"
        note = f"<p class=toast>{escape(toast)}</p>" if toast else ""
        body = (
            f"<main>{head}</header><div class=list>{said}{note}</div><footer><form method=post "
            f'action="/chat/{chat.id}/say"><input name=text placeholder="Написать боту" aria-label="Сообщение" '
            f"autocomplete=off><button class=btn>Отправить</button></form></footer></main>"
        )
    return _shown(
        chat.title if chat else "Чаты",
        f'<div class="app{" in" if chat else ""}">{_side(app, chat)}{body}</div>',
    )


def _side(app: "App", here: Chat | None) -> str:
    chats = [one for one in app.world.chats.values() if one.moved_to is None]
    chats.sort(key=lambda one: -max((message.at for message in one.messages.values()), default=0))
    mail = (
        f'<a href="{escape(app.mail_page)}"><span class=face>@</span><span>Почта</span></a>'
        if app.mail_page
        else ""
    )
    links = "".join(_entry(one, here) for one in chats)
    return f"<nav><h1>Песочница Telegram</h1>{mail}{links}</nav>"


def _entry(chat: Chat, here: Chat | None) -> str:
    last = list(chat.messages.values())[-1].text.splitlines()[0] if chat.messages else "нет сообщений"
    current = " aria-current=page" if here is not None and here.id == chat.id else ""
    letters = "".join(word[0] for word in chat.title.split()[:2]).upper() or "?"
    return (
        f'<a href="/chat/{chat.id}"{current}><span class=face>{escape(letters)}</span><span>{escape(chat.title)}'
        f"<small>{escape(last[:60])}</small></span></a>"
    )


def _message(message: Message, chat: Chat) -> str:
    own = "" if message.sender == "bot" else " own"
    text = message.html if message.html else LINK.sub(r'<a href="\1">\1</a>', escape(message.text))
    at = datetime.fromtimestamp(message.at, ZONE).strftime("%H:%M") + (" изм." if message.edited else "")
    files = "".join(
        f'<img src="/chat/{chat.id}/file?message={message.id}" alt="{escape(name)}">'
        if kind.startswith("image/")
        else f'<a href="/chat/{chat.id}/file?message={message.id}">{escape(name)}</a>'
        for name, kind, _ in message.files
    )
    keys = "".join(
        "<div class=keys>" + "".join(_button(one, message, chat) for one in row) + "</div>"
        for row in message.buttons
    )
    return f'<div class="msg{own}"><div class=text>{files}{text}<time>{at}</time></div>{keys}</div>'


def _button(one: dict[str, str], message: Message, chat: Chat) -> str:
    if one.get("url"):
        return f'<a href="{escape(one["url"])}">{escape(one["text"])} ↗</a>'
    return (
        f'<form method=post action="/chat/{chat.id}/press"><input type=hidden name=message value={message.id}>'
        f'<button name=data value="{escape(one["callback_data"])}">{escape(one["text"])}</button></form>'
    )


def _shown(title: str, body: str) -> Response:
    head = "<meta charset=utf-8><meta name=viewport content='width=device-width'>"
    text = (
        f"<!doctype html><html lang=ru>{head}<title>{escape(title)}</title><style>{STYLE}</style>{body}"
        f"<script>{SCRIPT}</script></html>"
    )
    return Response(text, mimetype="text/html")
