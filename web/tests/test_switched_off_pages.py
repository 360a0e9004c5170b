"""An integration that is switched off in amoCRM: seen at once, believed only with amoCRM's signature."""

import hashlib
import hmac
from typing import Any

import httpx2
import pytest
import stamina
from django.http import HttpResponse
from django.test import Client

from pipelines.account import connection
from pipelines.account.connection import CannotConnect
from pipelines.models import Account
from sandbox.server import Handle
from web.tests.connect_office import admin as admin
from web.tests.connect_office import consent, start, text, visit_amo
from web.tests.connect_office import loads as loads
from web.tests.connect_office import portal as portal

pytestmark = pytest.mark.django_db


def switch_off(client: Client, amo: Handle, **changed: str) -> HttpResponse:
    keys, account = amo.app.integration, amo.world.account.id
    signed = hmac.new(
        keys.client_secret.encode(), f"{keys.client_id}|{account}".encode(), hashlib.sha256
    ).hexdigest()
    query = {"account_id": str(account), "client_uuid": keys.client_id, "signature": signed} | changed
    return client.get("/connect/off/", query)


def test_an_integration_that_is_switched_off_shows_at_once_and_comes_back_with_one_click(
    portal: Handle, admin: Client, loads: list[int]
) -> None:
    consent(admin, portal)
    start(admin, list(portal.world.pipelines))
    assert admin.get("/readyz").json()["amocrm"] == "ok"
    portal.app.tokens.disable()
    assert switch_off(Client(), portal).status_code == 204
    for page in ("/connect/", "/sync/"):
        shown = admin.get(page)
        assert "no longer lets the portal in" in text(shown) and "Give the consent again" in text(shown)
        assert 'href="/connect/consent/"' in shown.content.decode()
    assert admin.get("/readyz").json()["amocrm"].startswith("consent lost")
    with pytest.raises(CannotConnect):
        connection.find_account()
    portal.app.integration.enabled = True
    admin.get(visit_amo(admin))
    assert connection.find_account().refused_at is None and loads == [1, 2]
    assert "no longer lets the portal in" not in text(admin.get("/sync/"))


def test_an_old_word_of_switching_off_does_not_end_a_new_consent(portal: Handle, admin: Client) -> None:
    consent(admin, portal)
    start(admin, list(portal.world.pipelines))
    assert switch_off(Client(), portal).status_code == 204, "the same word as ever, but amoCRM lets us in"
    assert connection.find_account().refused_at is None


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": "0" * 64}, {"signature": ""}, {"signature": "ё"}, {"account_id": "1"}, {"account_id": "x"},
        {"account_id": "9" * 30}, {"client_uuid": "other"},
    ],
)  # fmt: skip
def test_a_forged_switching_off_changes_nothing(portal: Handle, admin: Client, changed: dict) -> None:
    consent(admin, portal)
    assert switch_off(Client(), portal, **changed).status_code == 404
    assert Account.objects.get().refused_at is None


def test_the_sandbox_itself_rings_when_it_is_switched_off(
    portal: Handle, admin: Client, live_server: Any
) -> None:
    consent(admin, portal)
    portal.app.integration.deauth_url = f"{live_server.url}/connect/off/"
    httpx2.post(f"{portal.url}/_control/integration/disable", json={})
    with stamina.set_testing(False):
        for attempt in stamina.retry_context(on=AssertionError, attempts=50, wait_initial=0.05, wait_max=0.1):
            with attempt:
                assert Account.objects.get().refused_at is not None
