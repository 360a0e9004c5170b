"""The demo's mailbox: takes every mail and shows it on a page, as the people it is for would see it.

``python -m devtools.mail_sink --smtp P --port Q``; tests use `Sink` alone and tell it how to fail.
"""

import argparse
import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Any

from aiosmtpd.controller import Controller
from werkzeug import Request, Response
from werkzeug.serving import make_server

KEPT = 500
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:760px;padding:16px;background:#f3f5f7;color:#17212b}
a{color:#2b6cb0}article{background:#fff;border-radius:10px;padding:12px 16px;margin:12px 0}h1{font-size:20px}
h2{font-size:16px;margin:0}small{color:#6a7885}iframe{width:100%;border:0;min-height:260px}
@media(prefers-color-scheme:dark){body{background:#0e1621;color:#eef2f5}article{background:#17212b}
iframe{background:#fff}a{color:#6ab3f3}}
"""


@dataclass
class Mail:
    to: str
    message: EmailMessage
    at: datetime


@dataclass
class Sink:
    """A mail server that takes everything; ``on_rcpt`` and ``on_data`` may answer otherwise (a line such as «550 no»).
    What ``on_data`` answers is said after the mail was kept where ``keeps`` is true."""

    mails: list[Mail] = field(default_factory=list)
    on_rcpt: Callable[[str], str | None] = lambda address: None
    on_data: Callable[[str], str | None] = lambda address: None
    keeps: bool = True
    delay: float = 0.0
    hang_up: bool = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if answer := self.on_rcpt(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        [to, *_] = envelope.rcpt_tos
        answer = self.on_data(to)
        if self.keeps or answer is None:
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(Mail(to, parsed, datetime.now(UTC)))
            del self.mails[:-KEPT]
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.hang_up:
            server.transport.abort()
        return answer or "250 OK"


class Server:
    """The sink behind a port; use as a context manager."""

    def __init__(self, sink: Sink, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sink, self.port = sink, port or _free_port()
        self._controller = Controller(sink, hostname=host, port=self.port, ready_timeout=10)

    def __enter__(self) -> "Server":
        self._controller.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._controller.stop()


def _free_port() -> int:
    """The controller does not take 0 for «any»."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def page(sink: Sink, chats: str) -> Callable[[dict[str, Any], Any], Any]:
    @Request.application
    def answer(request: Request) -> Response:
        shown = [_shown(mail) for mail in reversed(sink.mails)]
        head = f'<p><a href="{escape(chats)}">← Чаты</a></p><h1>Почта песочницы</h1>'
        body = "".join(shown) or "<p>Писем пока нет.</p>"
        text = "<!doctype html><html lang=ru><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        return Response(f"{text}<title>Почта</title><style>{STYLE}</style>{head}{body}", mimetype="text/html")

    return answer


def _shown(mail: Mail) -> str:
    part = mail.message.get_body(("html", "plain"))
    content = part.get_content() if part is not None else ""
    when = mail.at.astimezone().strftime("%d.%m %H:%M")
    subject = escape(str(mail.message["subject"] or ""))
    frame = f'<iframe sandbox="allow-popups" title="Письмо" srcdoc="{escape(content)}"></iframe>'
    return f"<article><h2>{subject}</h2><small>{escape(mail.to)} · {when}</small>{frame}</article>"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m devtools.mail_sink", description="The demo's mailbox.")
    parser.add_argument("--smtp", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--chats", default="/", help="where the page of chats is")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Server(Sink(), port=options.smtp) as server:
        web = make_server("127.0.0.1", options.port, page(server.sink, options.chats), threaded=True)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        print(f"mail on port {options.smtp}, shown on http://127.0.0.1:{options.port}", flush=True)
        stop.wait()
        web.shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
