"""Each setting that would hurt in production is named by its id, and a sound installation by none."""

import math
import tempfile
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from salesops import checks

pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")  # nobody connects

SOUND: dict[str, Any] = {
    "DEBUG": False,
    "DEMO": False,
    "FIXED_NOW": "",
    "PLAIN_STATIC": False,
    "SECRET_KEY": "dGhpcyBpcyBvbmx5IGZvciBhIHRlc3Qgb2YgY2hlY2tz",
    "AMO_RATE": 7.0,
    "AMO_BASE_URL": "",
    "ALLOWED_HOSTS": ["sales.example.ru"],
    "PORTAL_URL": "https://sales.example.ru",
    "SECURE_SSL_REDIRECT": True,
    "PROXIES": 1,
    "CREDENTIALS_KEYS": ["one"],
    "DATABASES": {"default": {"HOST": "postgres", "OPTIONS": {}}},
}


def found(**changed: Any) -> list[str | None]:
    with override_settings(**SOUND | changed):
        messages = [*checks.always(), *checks.in_production()]
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


def test_a_sound_installation_is_left_in_peace() -> None:
    assert found() == []
    assert found(ALLOWED_HOSTS=[".example.ru"]) == []
    assert found(AMO_RATE=0, AMO_BASE_URL="http://127.0.0.1:8081") == [], "the sandbox needs no pace"


@pytest.mark.parametrize(
    "changed, id",
    [
        ({"SECRET_KEY": "a"}, "E001"),
        ({"SECRET_KEY": SOUND["SECRET_KEY"][:31]}, "E001"),
        ({"SECRET_KEY": "abababab" * 8}, "E001"),
        ({"SECRET_KEY": "django-insecure-0123456789abcdefghijk"}, "E001"),
        ({"AMO_RATE": -1.0}, "E002"),
        ({"AMO_RATE": math.nan}, "E002"),
        ({"AMO_RATE": 0.0}, "W001"),
        ({"AMO_RATE": 7.5, "AMO_BASE_URL": "https://a.amocrm.ru"}, "W001"),
        ({"DEBUG": True}, "W002"),
        ({"DEMO": True}, "W003"),
        ({"FIXED_NOW": "2026-11-20T12:00:00Z"}, "W004"),
        ({"PLAIN_STATIC": True}, "W005"),
        ({"ALLOWED_HOSTS": ["*"]}, "W006"),
        ({"SECURE_SSL_REDIRECT": False}, "W007"),
        ({"PROXIES": 0}, "W012"),
        ({"PORTAL_URL": "http://127.0.0.1:8000"}, "W008"),
        ({"PORTAL_URL": "https://localhost"}, "W008"),
        ({"PORTAL_URL": "http://sales.example.ru"}, "W008"),
        ({"PORTAL_URL": "https://other.example.ru"}, "W009"),
        ({"CREDENTIALS_KEYS": []}, "W010"),
        ({"DATABASES": {"default": {"HOST": f"{tempfile.gettempdir()}/salesops-1", "OPTIONS": {}}}}, "W011"),
        (
            {
                "DATABASES": {
                    "default": {"HOST": "", "OPTIONS": {"host": f"{tempfile.gettempdir()}/salesops-1"}}
                }
            },
            "W011",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_would_hurt_is_named(changed: dict[str, Any], id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.tempfile, "gettempdir", lambda: "/tmp")
    assert found(**changed) == [f"salesops.{id}"]


def test_a_developer_and_a_demo_may_have_a_weak_key() -> None:
    for mode in ("DEBUG", "DEMO"):
        assert "salesops.E001" not in found(SECRET_KEY="a", **{mode: True})


def test_the_portal_does_not_serve_with_a_key_that_can_be_guessed() -> None:
    with override_settings(**SOUND):
        checks.refuse_to_serve()
    with override_settings(**SOUND | {"SECRET_KEY": "a"}), pytest.raises(ImproperlyConfigured, match="E001"):
        checks.refuse_to_serve()
