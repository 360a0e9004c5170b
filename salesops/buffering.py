"""gunicorn's threaded worker, with a waiting room in front: a request gets a thread when all of it has arrived.

gunicorn's own reads a request in a thread, so that as many unfinished ones as there are threads stop the portal,
`/healthz` included. Here the kernel keeps what has come of a request, the poller tells when there is more, and who
has not finished in time is turned away. What is longer than the kernel keeps (an export that is uploaded) takes a
thread while it arrives, but half of them stay free. Needs Linux, as the poller must obey SO_RCVLOWAT.
"""

import errno
import re
import socket
import struct
import time
from concurrent.futures import Future
from contextlib import suppress
from enum import Enum
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

KEPT = 65_536  # bytes of a request that wait in the kernel
PATIENCE = 5.0  # seconds for that much to arrive; amoCRM itself gives up after two
SILENCE = 10  # seconds in which a longer request must go on, and an answer be taken
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,4000})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
ASKS = re.compile(rb"\r\nexpect:", re.IGNORECASE)  # whether it may go on before it does
LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Arrived(Enum):
    WHOLE = "whole"
    PART = "part"
    LONG = "long"  # as much as is kept, and there is more


def arrived(head: bytes) -> Arrived:
    """How much of a request this beginning of it is; `KEPT` bytes at most."""
    end = head.find(b"\r\n\r\n")
    part = Arrived.LONG if len(head) >= KEPT else Arrived.PART
    if end < 0:
        return part
    headers = head[: end + 2]
    if CHUNKED.search(headers):
        body = head[end + 2 :]
        whole = body.endswith(b"\r\n0\r\n\r\n")
    elif length := LENGTH.search(headers):
        needed = end + 4 + int(length[1])
        whole = len(head) >= needed
        part = Arrived.LONG if needed > KEPT else part
    else:
        whole = True
    if whole:
        return Arrived.WHOLE
    return Arrived.LONG if ASKS.search(headers) else part


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.arriving: dict[TConn, float] = {}  # and until when; in the order of their beginning
        self.long: set[TConn] = set()

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        silence = struct.pack("ll", SILENCE, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, silence)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, silence)
        self.receive(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """A connection that was kept open goes the same way."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self.receive(conn)

    def receive(self, conn: TConn) -> None:
        self.arriving[conn] = time.monotonic() + PATIENCE
        if self.look(conn, 0):
            del self.arriving[conn]

    def on_more(self, conn: TConn, known: int, client: socket.socket) -> None:
        self.poller.unregister(client)
        if self.look(conn, known):
            del self.arriving[conn]

    def look(self, conn: TConn, known: int) -> bool:
        """Whether it need not wait any longer: it is with a thread, or gone. ``known`` bytes had come before."""
        try:
            head = conn.sock.recv(KEPT, socket.MSG_PEEK)
        except BlockingIOError:
            head = b""
            if known == 0:
                self.wait(conn, head)
                return False
        except OSError:
            head = b""
        if len(head) <= known:  # readable without anything new: the other side has gone
            self.dismiss(conn)
            return True
        found = arrived(head)
        if found is Arrived.PART:
            self.wait(conn, head)
            return False
        if found is Arrived.LONG and not self.may_take_a_thread(conn):
            self.dismiss(conn, BUSY)
            return True
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        conn.data_ready = True
        self.enqueue_req(conn)
        return True

    def wait(self, conn: TConn, head: bytes) -> None:
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(head) + 1)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_more, conn, len(head)))

    def may_take_a_thread(self, conn: TConn) -> bool:
        if len(self.long) >= max(1, self.cfg.threads // 2):
            return False
        self.long.add(conn)
        return True

    def finish_request(self, conn: TConn, future: "Future[Any]") -> None:
        self.long.discard(conn)
        super().finish_request(conn, future)

    def murder_pending(self) -> None:
        super().murder_pending()
        now = time.monotonic()
        for conn, until in list(self.arriving.items()):
            if until > now:
                break
            del self.arriving[conn]
            self.poller.unregister(conn.sock)
            self.dismiss(conn, LATE if conn.parser is None else b"")

    def dismiss(self, conn: TConn, answer: bytes = b"") -> None:
        """Close it, with an answer: one that is closed with bytes unread would never be seen."""
        self.nr_conns -= 1
        if answer:
            with suppress(OSError):
                conn.sock.recv(2 * KEPT)
                conn.sock.send(answer)
                conn.sock.shutdown(socket.SHUT_WR)
        conn.close()
