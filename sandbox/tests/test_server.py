import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from sandbox.faults import Fault
from sandbox.server import Handle


def connect(server: Handle) -> http.client.HTTPConnection:
    parts = urlsplit(server.url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)


def ask(
    connection: http.client.HTTPConnection,
    server: Handle,
    path: str,
    method: str = "GET",
    body: str | None = None,
) -> http.client.HTTPResponse:
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v4/{path}", body, headers)
    return connection.getresponse()


def test_a_connection_stays_open_over_pages_writes_and_empty_answers(server: Handle) -> None:
    connection = connect(server)
    ask(connection, server, "leads").read()
    socket = connection.sock
    for path, method, body in [
        ("contacts?page=9", "GET", None),
        ("leads/1", "PATCH", '{"name": "x"}'),
        ("nothing", "POST", '{"unread": "body"}'),
        ("leads", "POST", "not json"),
        ("leads", "GET", None),
    ]:
        response = ask(connection, server, path, method, body)
        response.read()
        assert response.headers["Connection"] == "keep-alive"
        assert connection.sock is socket
    connection.close()


def test_an_empty_answer_has_no_body_at_all(server: Handle) -> None:
    connection = connect(server)
    response = ask(connection, server, "contacts?page=9")
    assert (response.status, response.read(), response.headers["Content-Length"]) == (204, b"", None)
    connection.close()


def test_several_connections_are_served_side_by_side(server: Handle) -> None:
    server.app.faults.add(Fault(latency=0.4))

    def one(number: int) -> float:
        connection = connect(server)
        if number:
            time.sleep(0.05)
        started = time.monotonic()
        ask(connection, server, "leads").read()
        connection.close()
        return time.monotonic() - started

    with ThreadPoolExecutor(4) as pool:
        slow, *fast = pool.map(one, range(4))
    assert slow >= 0.4
    assert max(fast) < 0.3


def test_a_cut_body_ends_the_connection_in_the_middle(server: Handle) -> None:
    server.app.faults.add(Fault(cut=True))
    connection = connect(server)
    response = ask(connection, server, "leads")
    assert response.status == 200
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()
    connection = connect(server)
    assert json.loads(ask(connection, server, "leads").read())["_page"] == 1
    connection.close()


def test_a_hanging_request_ends_without_an_answer(server: Handle) -> None:
    server.app.faults.add(Fault(hang=0.1))
    connection = connect(server)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(connection, server, "leads")
    connection.close()


def test_a_url_in_a_link_can_be_followed(server: Handle) -> None:
    connection = connect(server)
    body = json.loads(ask(connection, server, "leads?limit=2").read())
    href = body["_links"]["next"]["href"]
    assert href.startswith(server.url)
    second = json.loads(ask(connection, server, href.split("/api/v4/")[1]).read())
    assert [row["id"] for row in second["_embedded"]["leads"]] == [3, 4]
    connection.close()
