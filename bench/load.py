"""A load on loopback: so many connections, each with the next request as soon as the last one is answered."""

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

ANSWER = b"HTTP/1.1 204"


@dataclass
class Load:
    """What came of it: seconds of every answered request, and how long it all took."""

    seconds: float = 0.0
    answers: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds


def post(
    port: int,
    path: str,
    body: bytes,
    *,
    connections: int,
    seconds: float,
    halfway: Callable[[], None] | None = None,
) -> Load:
    """POST this body again and again; ``halfway`` is called once on the way. A connection that breaks is left."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    request = f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + body
    load, poll = Load(), selectors.DefaultSelector()
    for _ in range(connections):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(client, selectors.EVENT_READ, time.perf_counter())
        client.sendall(request)
    began = time.perf_counter()
    while (now := time.perf_counter()) < began + seconds and poll.get_map():
        if halfway and now > began + seconds / 2:
            halfway()
            halfway = None
        for key, _ in poll.select(timeout=0.1):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            answer = b""
            with suppress(ConnectionError):
                answer = client.recv(4096)
            if not answer:
                poll.unregister(client)
                client.close()
                continue
            if not answer.startswith(ANSWER):
                raise RuntimeError(f"{path} answers {answer[:80]!r}")
            now = time.perf_counter()
            load.answers.append(now - key.data)
            poll.modify(client, selectors.EVENT_READ, now)
            client.sendall(request)
    load.seconds = time.perf_counter() - began
    for key in list(poll.get_map().values()):
        key.fileobj.close()
    return load
