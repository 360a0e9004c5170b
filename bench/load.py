"""Loads on loopback: as many requests as are answered, so many a second whatever happens, and people who read."""

import http.client
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
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


def ring(port: int, path: str, body: bytes, *, rate: int, seconds: float) -> list[float]:
    """POST so many times a second, each on a connection of its own; the seconds of every answer."""

    def once(_number: int) -> float:
        began = time.perf_counter()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        client.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        status = client.getresponse().status
        client.close()
        if status != 204:
            raise RuntimeError(f"{path} answers {status}")
        return time.perf_counter() - began

    began = time.monotonic()
    with ThreadPoolExecutor(32) as ringers:
        rings = []
        for number in range(int(rate * seconds)):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            rings.append(ringers.submit(once, number))
        return [one.result() for one in rings]


@contextmanager
def reading(
    port: int, pages: Sequence[str], sessions: Sequence[str], readers: int, every: float = 1.0
) -> Iterator[list[float]]:
    """So many people, with these sessions by turns, read these pages one after the other.

    Each waits so many seconds between two pages. Gives the seconds of every page so far; RuntimeError at the end if
    one was refused or broke.
    """
    over, read = threading.Event(), list[float]()

    def person(place: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Cookie": f"sessionid={sessions[place % len(sessions)]}", "HX-Request": "true"}
        over.wait(every * place / readers)  # nobody begins at the same moment
        while not over.is_set():
            page, began = pages[place % len(pages)], time.perf_counter()
            client.request("GET", page, headers=headers)
            answer = client.getresponse()
            answer.read()
            client.close()  # gunicorn closes what idles, and a browser then connects again
            if answer.status != 200:
                raise RuntimeError(f"{page} answers {answer.status}")
            read.append(time.perf_counter() - began)
            place += 1
            over.wait(every)

    with ThreadPoolExecutor(readers) as people:
        busy = [people.submit(person, place) for place in range(readers)]
        try:
            yield read
        finally:
            over.set()
    for one in busy:
        one.result()
