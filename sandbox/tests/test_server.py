import base64
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.faults import Fault
from sandbox.server import Handle, serve_in_thread
from sandbox.switches import changed
from sandbox.world import World


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
    server.app.faults.add(Fault(latency=1))
    answered: list[int] = []

    def one(number: int) -> None:
        connection = connect(server)
        if number:
            time.sleep(0.05)
        ask(connection, server, "leads").read()
        answered.append(number)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    assert answered[-1] == 0, "the slow one, and nobody has waited for it"


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


@pytest.mark.parametrize(
    ("path", "method", "body", "line"),
    [
        ("leads", "GET", None, (200, "OK")),
        ("contacts?page=9", "GET", None, (204, "No Content")),
        ("sources", "POST", '[{"name": "a", "external_id": "a"}]', (201, "Created")),
        ("leads", "POST", "no JSON", (400, "Bad Request")),
        ("nothing", "GET", None, (404, "Not Found")),
        ("account", "PATCH", "{}", (405, "Not Allowed")),
    ],
)
def test_the_first_line_is_nginx(
    server: Handle, path: str, method: str, body: str | None, line: tuple[int, str]
) -> None:
    connection = connect(server)
    response = ask(connection, server, path, method, body)
    assert (response.status, response.reason) == line
    connection.close()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "Too Many Requests"), (503, "Service Temporarily Unavailable"), (504, "Gateway Time-out")],
)
def test_the_gates_own_pages_say_the_same_as_the_first_line(server: Handle, status: int, reason: str) -> None:
    server.app.faults.add(Fault(status=status))
    connection = connect(server)
    response = ask(connection, server, "leads")
    assert (response.status, response.reason) == (status, reason)
    assert f"<h1>{status} {reason}</h1>".encode() in response.read()
    connection.close()


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_a_token_names_the_address_at_which_it_was_given(server: Handle) -> None:
    host = urlsplit(server.url).netloc
    assert claims(server.app.tokens.add_long_lived(None, 11))["api_domain"] == host
    client = server.app.integration
    code = server.app.tokens.new_code(11, is_admin=True)
    connection = connect(server)
    body = {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "redirect_uri": client.redirect_uri,
        "grant_type": "authorization_code",
        "code": code,
    }
    connection.request("POST", "/oauth2/access_token", json.dumps(body), {"Content-Type": "application/json"})
    pair = json.loads(connection.getresponse().read())
    assert claims(pair["access_token"])["api_domain"] == host
    headers = {"X-Refresh-Token": pair["refresh_token"]}
    connection.request("GET", "/oauth2/account/current/subdomain", headers=headers)
    assert json.loads(connection.getresponse().read())["id"] == 16700680
    connection.close()


def test_every_answer_may_take_its_time(server: Handle) -> None:
    server.world.set_switches(changed(server.world.switches, {"latency": "0.2"}))
    connection = connect(server)
    started = time.monotonic()
    ask(connection, server, "leads").read()
    assert time.monotonic() - started >= 0.2
    connection.close()


def test_a_url_in_a_link_can_be_followed(server: Handle) -> None:
    connection = connect(server)
    body = json.loads(ask(connection, server, "leads?limit=2").read())
    href = body["_links"]["next"]["href"]
    assert href.startswith(server.url)
    second = json.loads(ask(connection, server, href.split("/api/v4/")[1]).read())
    assert [row["id"] for row in second["_embedded"]["leads"]] == [3, 4]
    connection.close()


def test_a_token_made_by_the_server_itself_knows_its_port() -> None:
    handle = serve_in_thread(World.empty())
    assert claims(handle.token)["api_domain"] == urlsplit(handle.url).netloc
    connection = connect(handle)
    assert ask(connection, handle, "account").status == 200
    connection.close()
    handle.stop()
