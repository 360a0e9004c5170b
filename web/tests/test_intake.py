import logging
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError as DatabaseIsDown
from django.db import connection
from django.test import Client
from kombu.exceptions import OperationalError
from werkzeug.test import Client as WsgiClient

from core import redis
from pipelines.mirror import hooks
from pipelines.models import Account, Hook
from web.webhook import intake
from web.webhook.masking import MaskSecret, masked

BODY = b"leads%5Badd%5D%5B0%5D%5Bid%5D=1&account%5Bid%5D=31"
FORM = "application/x-www-form-urlencoded"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at"),
]  # nothing is collected here


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is put on the queue; the queue itself is driven in test_worker."""
    redis.client().delete(hooks.RUNG)
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(intake.answer_hooks, "apply_async", lambda **options: calls.append(options))
    return calls


@pytest.fixture
def door() -> str:
    Account.objects.create(id=31, base_url="https://x.amocrm.ru", hook_secret="s" * 43)
    return f"/hooks/amocrm/{'s' * 43}/"


def test_a_delivery_is_kept_as_it_came_and_answered(door: str, asked: list) -> None:
    answer = Client(enforce_csrf_checks=True).post(door, BODY, content_type=FORM)
    assert (answer.status_code, answer.content) == (204, b"")
    hook = Hook.objects.get()
    assert (bytes(hook.body), hook.handled_at, hook.attempts) == (BODY, None, 0)
    assert len(asked) == 1


@pytest.mark.parametrize("secret", ["wrong", "s" * 42, "s" * 44, "S" * 43, "%00"])
def test_a_wrong_secret_is_not_found_and_leaves_nothing(door: str, asked: list, secret: str) -> None:
    assert Client().post(f"/hooks/amocrm/{secret}/", BODY, content_type=FORM).status_code == 404
    assert not Hook.objects.exists() and not asked


def test_without_a_subscription_there_is_no_door() -> None:
    Account.objects.create(id=31, base_url="https://x.amocrm.ru", hook_secret="")
    assert Client().post("/hooks/amocrm/x/", BODY, content_type=FORM).status_code == 404


def test_a_body_over_a_megabyte_is_refused(door: str) -> None:
    assert Client().post(door, b"a=" + b"x" * 1_000_001, content_type=FORM).status_code == 413
    assert Client().post(door, b"a=" + b"x" * 999_990, content_type=FORM).status_code == 204
    assert Hook.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_post_is_understood(door: str, method: str) -> None:
    assert getattr(Client(), method)(door).status_code == 405
    assert not Hook.objects.exists()


def test_without_a_queue_the_delivery_is_kept_all_the_same(
    door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: Any) -> None:
        raise OperationalError("redis is down")

    monkeypatch.setattr(intake.answer_hooks, "apply_async", refuse)
    assert Client().post(door, BODY, content_type=FORM).status_code == 204
    assert Hook.objects.count() == 1


def test_many_rings_ask_once_until_somebody_begins_to_answer(door: str, asked: list) -> None:
    for _ in range(3):
        Client().post(door, BODY, content_type=FORM)
    assert (Hook.objects.count(), len(asked)) == (3, 1)
    assert 0 < redis.client().ttl(hooks.RUNG) <= hooks.RUNG_FOR
    hooks.begin_answers()
    Client().post(door, BODY, content_type=FORM)
    assert len(asked) == 2


def refused_by_the_portal(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("418 The portal", [])
    return [b""]


CHUNKS = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
AT_THE_DOOR = [
    ("a sound delivery", {}, 204),
    ("another secret", {"path": f"/hooks/amocrm/{'s' * 42}/"}, 418),
    ("an empty secret", {"path": "/hooks/amocrm//"}, 418),
    ("another address", {"path": "/desk/"}, 418),
    ("an address below", {"path": f"/hooks/amocrm/{'s' * 43}/more/"}, 418),
    ("another method", {"method": "PUT"}, 418),
    ("a body over a megabyte", {"data": b"x" * 1_000_001}, 418),
    ("no word of the length", {"environ_overrides": {"CONTENT_LENGTH": ""}}, 418),
    ("a length below zero", {"environ_overrides": {"CONTENT_LENGTH": "-1"}}, 418),
    ("letters beyond Latin", {"path": "/hooks/amocrm/ключ/"}, 418),
    ("a body cut off", {"environ_overrides": {"CONTENT_LENGTH": str(len(BODY) + 1)}}, 400),
    ("chunks whose end nobody knows", {"environ_overrides": CHUNKS}, 418),
    ("chunks", {"environ_overrides": CHUNKS | {"wsgi.input_terminated": True}}, 204),
    (
        "chunks over a megabyte",
        {"data": b"x" * 1_000_001, "environ_overrides": CHUNKS | {"wsgi.input_terminated": True}},
        418,
    ),
]


@pytest.mark.django_db(transaction=True)  # the door minds its connection itself, as Django does in production
@pytest.mark.parametrize(("_case", "asked_for", "status"), AT_THE_DOOR)
def test_only_a_sound_delivery_is_taken_before_the_portal(
    door: str, asked: list, _case: str, asked_for: dict[str, Any], status: int
) -> None:
    client = WsgiClient(intake.at_the_door(refused_by_the_portal))
    answer = client.open(**{"path": door, "method": "POST", "data": BODY, "content_type": FORM} | asked_for)
    kept = [bytes(hook.body) for hook in Hook.objects.all()]
    assert (answer.status_code, kept) == (status, [BODY] if status == 204 else [])
    assert len(asked) == len(kept)


@pytest.mark.django_db(transaction=True)
def test_a_database_session_that_has_ended_meanwhile_loses_no_delivery(door: str, asked: list) -> None:
    client = WsgiClient(intake.at_the_door(refused_by_the_portal))
    assert client.post(door, data=BODY, content_type=FORM).status_code == 204
    ours = connection.connection.info.backend_pid
    with psycopg.connect(
        connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [ours])
    assert client.post(door, data=BODY, content_type=FORM).status_code == 204
    assert Hook.objects.count() == 2


def test_chunks_that_the_server_does_not_count_are_refused_and_not_lost_in_silence(door: str) -> None:
    answer = Client().post(door, BODY, content_type=FORM, **CHUNKS)
    assert answer.status_code == 411 and not Hook.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_without_a_database_amocrm_is_asked_to_come_again(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(secret: str, body: bytes) -> bool:
        raise DatabaseIsDown("connection refused")

    monkeypatch.setattr(intake, "keep_delivery", down)
    client = WsgiClient(intake.at_the_door(refused_by_the_portal))
    answer = client.post(door, data=BODY, content_type=FORM)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


class Memory(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.mark.parametrize(
    ("method", "data", "status"),
    [("get", b"", 405), ("put", BODY, 405), ("post", b"x" * 1_000_001, 413)],
)
def test_the_secret_stands_in_no_log(door: str, method: str, data: bytes, status: int) -> None:
    memory = Memory()
    console = logging.getLogger("django.request").handlers or logging.getLogger().handlers
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["secret"] and console is not None
    memory.addFilter(MaskSecret())
    logger = logging.getLogger("django.request")
    logger.addHandler(memory)
    try:
        answer = Client().generic(method.upper(), door, data, content_type=FORM)
    finally:
        logger.removeHandler(memory)
    assert answer.status_code == status
    assert memory.lines and "…" in memory.lines[0] and "sss" not in "".join(memory.lines)


@pytest.mark.parametrize(
    "line",
    [
        "Method Not Allowed: /hooks/amocrm/{}/", "Error handling request /hooks/amocrm/{}/?x=1",
        '"POST /hooks/amocrm/{}/ HTTP/1.1" 204', "https://portal.example/hooks/amocrm/{}",
    ],
)  # fmt: skip
def test_the_secret_is_masked_wherever_an_address_is_written(line: str) -> None:
    secret = "aB3-_" * 8
    assert secret not in masked(line.format(secret)) and "/hooks/amocrm/…" in masked(line.format(secret))
