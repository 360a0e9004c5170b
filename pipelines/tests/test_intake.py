from typing import Any

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from pipelines import intake
from pipelines.models import Account, Hook

BODY = b"leads%5Badd%5D%5B0%5D%5Bid%5D=1&account%5Bid%5D=31"
FORM = "application/x-www-form-urlencoded"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at"),
]  # nothing is collected here


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is put on the queue; the queue itself is driven in test_worker."""
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
