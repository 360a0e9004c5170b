"""An account with a known set of rows, and three ways to reach it: the world, the application, a real server."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug.test import Client

from sandbox.app import App
from sandbox.server import Handle, serve_in_thread
from sandbox.world import World

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
T = int(NOW.timestamp())
ADMIN, ANNA, BORIS, GONE = 11, 12, 13, 14
SALES, INCOMING, NEW, TALKS = 100, 1000, 1001, 1002
REPAIR = 200
COLOR, SIZE, UNTIL = 501, 502, 503
PHONE = 601


def pipeline(pipeline_id: int, first: int, main: bool) -> dict[str, Any]:
    plan = [(first, 10, 1), (first + 1, 20, 0), (first + 2, 30, 0), (142, 10000, 0), (143, 11000, 0)]
    statuses = [
        {
            "id": status_id,
            "name": f"s{status_id}",
            "sort": sort,
            "type": kind,
            "is_editable": status_id not in (142, 143),
        }
        for status_id, sort, kind in plan
    ]
    return {
        "id": pipeline_id,
        "name": f"p{pipeline_id}",
        "sort": pipeline_id,
        "is_main": main,
        "_embedded": {"statuses": statuses},
    }


def user(user_id: int, *, admin: bool = False, active: bool = True, view: str = "A") -> dict[str, Any]:
    rights = {
        "is_admin": admin,
        "is_active": active,
        "is_free": False,
        "group_id": None,
        "leads": {"view": view},
    }
    return {"id": user_id, "name": f"u{user_id}", "email": f"u{user_id}@example.com", "rights": rights}


def lead(lead_id: int, **keys: Any) -> dict[str, Any]:
    row = {
        "id": lead_id,
        "name": f"Deal {lead_id}",
        "price": lead_id * 10,
        "responsible_user_id": ANNA,
        "status_id": NEW,
        "pipeline_id": SALES,
        "created_by": ADMIN,
        "updated_by": ANNA,
        "created_at": T - 86400 + lead_id,
        "updated_at": T - 3600 + lead_id,
    }
    return {**row, **keys}


def account_data() -> dict[str, Any]:
    return {
        "account": {"id": 16700680, "name": "Demo", "subdomain": "demo"},
        "users": [user(ADMIN, admin=True), user(ANNA), user(BORIS, view="M"), user(GONE, active=False)],
        "pipelines": [pipeline(SALES, INCOMING, main=True), pipeline(REPAIR, 2000, main=False)],
        "custom_fields": [
            {
                "id": COLOR,
                "name": "Цвет",
                "type": "select",
                "entity_type": "leads",
                "enums": [{"id": 71, "value": "red"}, {"id": 72, "value": "blue"}],
            },
            {"id": SIZE, "name": "Размер", "type": "numeric", "code": "SIZE", "entity_type": "leads"},
            {"id": UNTIL, "name": "Срок", "type": "date", "entity_type": "leads"},
            {
                "id": PHONE,
                "name": "Телефон",
                "type": "multitext",
                "code": "PHONE",
                "entity_type": "contacts",
                "enums": [{"id": 81, "value": "WORK"}, {"id": 82, "value": "MOB"}],
            },
        ],
        "loss_reasons": [{"id": 91, "name": "Дорого", "sort": 1}],
        "contacts": [
            {
                "id": 301,
                "name": "Иван Петров",
                "created_at": T - 100,
                "updated_at": T - 100,
                "responsible_user_id": ANNA,
                "custom_fields_values": [
                    {"field_id": PHONE, "values": [{"value": "+7 (912) 000-11-22", "enum_id": 81}]}
                ],
            }
        ],
        "companies": [{"id": 401, "name": "ООО «Ромашка»", "created_at": T - 100, "updated_at": T - 100}],
        "leads": [
            lead(1, custom_fields_values=[{"field_id": COLOR, "values": [{"value": "red", "enum_id": 71}]}]),
            lead(2, status_id=TALKS, responsible_user_id=BORIS, price=0),
            lead(3, status_id=142, closed_at=T - 10),
            lead(4, status_id=143, closed_at=T - 20, loss_reason_id=91),
            lead(
                5, pipeline_id=REPAIR, status_id=2001, _embedded={"contacts": [{"id": 301, "is_main": True}]}
            ),
            lead(6, status_id=INCOMING),
            lead(7, is_deleted=True),
        ],
        "tasks": [
            {
                "id": 1001 + number,
                "text": f"task {number}",
                "entity_id": 1 if number < 2 else 2,
                "entity_type": "leads",
                "responsible_user_id": ANNA,
                "created_at": T - 500 + number,
                "updated_at": T - 500 + number,
                "complete_till": T + 3600 * (number + 1),
                "is_completed": number == 3,
            }
            for number in range(4)
        ],
        "events": [
            {
                "id": f"01aaaaaaaaaaaaaaaaaaaaaa{number:02}",
                "type": "lead_added" if number % 2 else "lead_status_changed",
                "entity_id": number % 3 + 1,
                "entity_type": "lead",
                "created_by": ADMIN,
                "created_at": T - 1000 + number // 2,
                "value_after": [{"lead_status": {"id": TALKS, "pipeline_id": SALES}}]
                if number % 2 == 0
                else [],
            }
            for number in range(12)
        ],
        "notes": [
            {
                "id": 2001 + number,
                "entity_id": 1 if number < 2 else 301,
                "entity_type": "leads" if number < 2 else "contacts",
                "note_type": "call_out" if number else "common",
                "params": {"text": "x"} if not number else {"phone": "+7", "duration": 10 * number},
                "created_at": T - 400 + number,
                "updated_at": T - 400 + number,
            }
            for number in range(3)
        ],
    }


class Api:
    """Calls of the API inside the process: `api.get("leads?limit=1")` gives (status, decoded body)."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.client = Client(app)
        self.headers = {"Authorization": f"Bearer {app.token}"}

    def raw(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        path = path if path.startswith("/") else f"/api/v4/{path}"
        data = None if body is None else json.dumps(body)
        kind = "application/json" if data is not None else None
        sent = {**self.headers, **{key.replace("_", "-"): value for key, value in headers.items()}}
        return self.client.open(path, method=method, data=data, content_type=kind, headers=sent)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        response = self.raw(method, path, body, **headers)
        return response.status_code, json.loads(response.data) if response.data else None

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self.call("PATCH", path, body)

    def delete(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self.call("DELETE", path, body)

    def ids(self, path: str) -> list[Any]:
        """Ids of one page; an empty list for 204."""
        status, body = self.get(path)
        assert status in (200, 204), body
        return [row["id"] for row in next(iter(body["_embedded"].values()))] if body else []

    def control(self, path: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        return self.call(method, f"/_control/{path}", body)


@pytest.fixture
def world() -> Iterator[World]:
    made = World.from_data(account_data(), now=NOW)
    yield made
    made.stop()


@pytest.fixture
def api(world: World) -> Api:
    return Api(App(world, token="long-lived", rate=0))


@pytest.fixture
def server(world: World) -> Iterator[Handle]:
    handle = serve_in_thread(world, token="long-lived")
    yield handle
    handle.stop()


class Receiver:
    """A hook's address: keeps every body as ordered pairs and answers what `answers` says, then 204."""

    def __init__(self) -> None:
        self.bodies: list[list[tuple[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Callable[[], int] | int] = []
        self.came = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with outer.came:
                    outer.bodies.append(parse_qsl(body, keep_blank_values=True))
                    outer.headers.append(dict(self.headers))
                    answer = outer.answers.pop(0) if outer.answers else 204
                    outer.came.notify_all()
                self.send_response(answer() if callable(answer) else answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/secret"

    def wait(self, count: int, timeout: float = 5.0) -> list[dict[str, str]]:
        """The first `count` bodies as dicts, in order of arrival."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.bodies) >= count, timeout), self.bodies
            return [dict(body) for body in self.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()
