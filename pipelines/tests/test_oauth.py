from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from pipelines.amo import errors, oauth
from pipelines.amo.client import Client
from pipelines.amo.oauth import Integration
from sandbox.server import Handle

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def keys(amo: Handle) -> Integration:
    own = amo.app.integration
    return Integration(own.client_id, own.client_secret, own.redirect_uri)


def code(amo: Handle) -> str:
    return amo.app.tokens.new_code(amo.world.admin_id, is_admin=True)


def test_a_code_becomes_a_pair_that_opens_the_account(amo: Handle, keys: Integration) -> None:
    pair = oauth.exchange_code(amo.url, keys, code(amo), NOW)
    assert pair.expires_at == NOW + timedelta(days=1)
    with Client(amo.url, lambda: pair.access_token) as client:
        assert client.get("/api/v4/account")


def test_a_pair_is_refreshed_once(amo: Handle, keys: Integration) -> None:
    first = oauth.exchange_code(amo.url, keys, code(amo), NOW)
    second = oauth.refresh_pair(amo.url, keys, first.refresh_token, NOW)
    assert second.refresh_token != first.refresh_token
    with pytest.raises(errors.AuthError, match="revoked"):
        oauth.refresh_pair(amo.url, keys, first.refresh_token, NOW)
    assert oauth.refresh_pair(amo.url, keys, second.refresh_token, NOW)


def test_a_code_is_used_once_and_with_the_right_secret(amo: Handle, keys: Integration) -> None:
    with pytest.raises(errors.AuthError):
        oauth.exchange_code(amo.url, Integration(keys.client_id, "wrong", keys.redirect_uri), code(amo), NOW)
    one = code(amo)
    oauth.exchange_code(amo.url, keys, one, NOW)
    with pytest.raises(errors.AuthError):
        oauth.exchange_code(amo.url, keys, one, NOW)


def test_an_answer_without_a_pair_is_not_taken_for_one() -> None:
    bare = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"token_type": "Bearer"}))
    with pytest.raises(errors.BadAnswer):
        oauth.refresh_pair("https://x.amocrm.ru", Integration("a", "b", "c"), "y", NOW, transport=bare)


def test_a_dead_host_says_so() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    with pytest.raises(errors.Unreachable):
        oauth.exchange_code(
            "https://x.amocrm.ru",
            Integration("a", "b", "c"),
            "code",
            NOW,
            transport=httpx2.MockTransport(refuse),
        )
