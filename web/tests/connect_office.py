"""An administrator who connects an account or brings a file, and the sandbox that plays amoCRM."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import stamina
from django.http import HttpResponse
from django.test import Client, override_settings

from devtools.tests import factory
from jobs import mirror
from pipelines.account import tokens
from sandbox.server import Handle
from team.models import Role
from web.tests.clients import signed_in


@pytest.fixture(autouse=True)
def loads(now: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """First loads that were asked for; nobody works here."""
    asked: list[int] = []
    monkeypatch.setattr(mirror.first_load, "delay", lambda: asked.append(1))
    monkeypatch.setattr(mirror.pull_changes, "delay", lambda: asked.append(2))
    monkeypatch.setattr(tokens, "GRACE", 0)
    with (
        stamina.set_testing(True, attempts=2, cap=True),
        override_settings(AMO_RATE=0, DEBUG=True, PORTAL_URL="http://testserver"),
    ):
        yield asked


def login(role: str = Role.ADMIN) -> Client:
    return signed_in(factory.make_employee(role, language="en"))


@pytest.fixture
def admin() -> Client:
    return login()


@pytest.fixture
def portal(amo: Handle) -> Handle:
    """The sandbox's integration knows this portal."""
    amo.app.integration.redirect_uri = "http://testserver/connect/callback/"
    return amo


def text(response: HttpResponse) -> str:
    """What a reader sees: no tags, one space between words."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def enter_token(client: Client, amo: Handle, token: str | None = None) -> HttpResponse:
    return client.post("/connect/token/", {"token-address": amo.url, "token-token": token or amo.token})


def enter_keys(client: Client, amo: Handle, **changed: str) -> HttpResponse:
    keys = amo.app.integration
    entered = {"address": amo.url, "client_id": keys.client_id, "client_secret": keys.client_secret} | changed
    return client.post("/connect/keys/", {f"keys-{name}": value for name, value in entered.items()})


def visit_amo(client: Client) -> str:
    """From the link on the page through amoCRM's page to the address that it sends the browser back to."""
    page = client.get("/connect/consent/")
    assert page.status_code == 302
    return httpx2.get(page["Location"]).headers["Location"].removeprefix("http://testserver")


def consent(client: Client, amo: Handle) -> HttpResponse:
    enter_keys(client, amo)
    return client.get(visit_amo(client), follow=True)


def start(client: Client, pipelines: list[int], **more: str) -> HttpResponse:
    return client.post("/connect/load/", {"pipelines": pipelines} | more, follow=True)
