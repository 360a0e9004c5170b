"""amoCRM over HTTP whose answers are changed on their way: what no healthy stand-in would say."""

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from pipelines.account.source import Source
from pipelines.amo.client import Client
from sandbox.server import Handle

Alter = Callable[[httpx2.Request, bytes], bytes]


class Altered(httpx2.BaseTransport):
    """``alter`` gets every question with the body of its answer and gives another body; ``asked`` are their paths."""

    def __init__(self, alter: Alter) -> None:
        self.alter = alter
        self.asked: list[str] = []
        self._inner = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        answer = self._inner.handle_request(request)
        body = self.alter(request, answer.read())
        return httpx2.Response(answer.status_code, headers=kept(answer), content=body)

    def close(self) -> None:
        self._inner.close()


def kept(answer: httpx2.Response) -> dict[str, str]:
    return {"Content-Type": answer.headers.get("Content-Type", "")}


def through(amo: Handle, alter: Alter) -> Source:
    """A source that hears `alter` instead of amoCRM."""
    client = Client(amo.url, lambda: amo.token, attempts=2, transport=Altered(alter))
    return Source(client, ZoneInfo("Europe/Moscow"))


def rewritten(change: Callable[[httpx2.Request, dict[str, Any]], None]) -> Alter:
    """``change`` is done to the decoded answer."""

    def alter(request: httpx2.Request, body: bytes) -> bytes:
        if not body.startswith(b"{"):
            return body
        data = json.loads(body)
        change(request, data)
        return json.dumps(data).encode()

    return alter
