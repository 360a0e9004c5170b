"""However many requests do not come to their end, whoever asks gets an answer."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from devtools.embedded import PROJECT
from salesops.buffering import KEPT, PATIENCE, Arrived, arrived

GET = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: h\r\ncontent-LENGTH: 5\r\n\r\n"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
CASES = [
    (b"", Arrived.PART), (b"GET / HTTP/1.1\r\nHost: h\r\n", Arrived.PART),
    (GET, Arrived.WHOLE), (GET + GET, Arrived.WHOLE),
    (POST, Arrived.PART), (POST + b"1234", Arrived.PART),
    (POST + b"12345", Arrived.WHOLE), (POST + b"123456", Arrived.WHOLE),
    (CHUNKED, Arrived.PART), (CHUNKED + b"5\r\n12345\r\n", Arrived.PART),
    (CHUNKED + b"5\r\n12345\r\n0\r\n\r\n", Arrived.WHOLE), (CHUNKED + b"0\r\n\r\n", Arrived.WHOLE),
    (b"POST /x HTTP/1.1\r\nContent-Length: 900000\r\n\r\n", Arrived.LONG),
    (b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", Arrived.LONG),
    (b"x" * KEPT, Arrived.LONG), (CHUNKED + b"x" * KEPT, Arrived.LONG),
]  # fmt: skip


@pytest.mark.parametrize(("head", "found"), CASES, ids=range(len(CASES)))
def test_a_request_is_whole_when_all_of_it_is_there(head: bytes, found: Arrived) -> None:
    assert arrived(head) is found


WORKERS, THREADS = 2, 4


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "salesops.tests.plain_app", "--bind", f"127.0.0.1:{number}"]
    size = ["--workers", str(WORKERS), "--threads", str(THREADS), "--log-level", "warning"]
    server = subprocess.Popen([*command, *size], cwd=PROJECT)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            ask(number)
            break
        except OSError:
            time.sleep(0.1)
    yield number
    server.terminate()
    assert server.wait(20) == 0


def ask(port: int, method: str = "GET", body: bytes | None = None) -> str:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request(method, "/x", body)
        return client.getresponse().read().decode()
    finally:
        client.close()


def heard(client: socket.socket) -> bytes:
    """An answer of `plain_app`."""
    client.settimeout(30)
    answer = b""
    while b"/x " not in answer:
        answer += client.recv(1000)
    return answer


UNFINISHED = {
    "no byte": b"",
    "half a header": b"POST /hooks/amocrm/x/ HTTP/1.1\r\nHost: h\r\nConte",
    "no body": POST,
    "half a body": POST + b"12",
    "half a chunk": CHUNKED + b"5\r\n12",
    "the beginning of a long body": b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n"
    + b"x" * 70_000,
    "a length beyond all numbers": b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: "
    + b"9" * 30
    + b"\r\n\r\n12",
    "a question whether to go on": b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
}


@pytest.mark.parametrize("beginning", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_unfinished_requests_hold_up_nobody(port: int, beginning: bytes) -> None:
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(4 * WORKERS * THREADS)]
    try:
        for client in clients:
            client.sendall(beginning)
        time.sleep(0.3)
        for _ in range(2 * WORKERS):
            began = time.monotonic()
            assert ask(port) == "GET /x 0"
            assert time.monotonic() - began < 1
    finally:
        for client in clients:
            client.close()


def test_kept_connections_that_begin_another_request_hold_up_nobody(port: int) -> None:
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(2 * WORKERS * THREADS)]
    try:
        for client in clients:
            client.sendall(GET)
            assert b"GET /x 0" in heard(client)
            client.sendall(b"POST /x HTTP/1.1\r\nHost")
        time.sleep(0.3)
        began = time.monotonic()
        assert ask(port) == "GET /x 0" and time.monotonic() - began < 1
    finally:
        for client in clients:
            client.close()


def test_who_does_not_finish_is_turned_away_in_time(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(PATIENCE + 5)
        client.sendall(POST + b"12")
        assert client.recv(1000).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "length",
    [
        "",
        "abc",
        "-5",
        "+5",
        "1e3",
        "0x5",
        "5.0",
        "5, 5",
        "5 5",
        "1_0",
        "\u0665",
        "\x00",
        "5\r\nContent-Length: 6",
    ],
)
def test_a_length_that_makes_no_sense_is_refused_by_the_server(port: int, length: str) -> None:
    """It never reaches the portal, which the fuzz therefore asks with sensible lengths only."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(PATIENCE + 5)
        client.sendall(f"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n12345".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("length", [0, 1, 5, KEPT - 200, KEPT, 1_000_000])
def test_a_request_of_any_length_is_answered(port: int, length: int) -> None:
    assert ask(port, "POST", b"x" * length) == f"POST /x {length}"


def test_a_slow_but_willing_client_is_waited_for(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        for byte in (POST + b"12345").split(b"\r"):
            client.sendall(byte if byte.startswith(b"POST") else b"\r" + byte)
            time.sleep(0.1)
        assert b"POST /x 5" in heard(client)
        client.sendall(CHUNKED + b"5\r\n123")
        time.sleep(0.2)
        client.sendall(b"45\r\n0\r\n\r\n")
        assert b"POST /x 5" in heard(client)


def test_who_asks_before_going_on_is_told_to(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(5)
        client.sendall(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 100")
        client.sendall(b"12345")
        assert b"POST /x 5" in heard(client)


def test_two_requests_at_once_are_two_answers(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(5)
        client.sendall(GET + GET)
        answers = b""
        while answers.count(b"GET /x 0") < 2:
            answers += client.recv(1000)
