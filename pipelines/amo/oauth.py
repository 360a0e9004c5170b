"""OAuth with amoCRM: exchange of a code, refresh of a pair (used once: every refresh kills it), where an account lives
now, and the signature of the hook that says it is over."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
import msgspec

from pipelines.amo import client, errors, hosts

Answer = dict[str, Any]


@dataclass(frozen=True)
class Integration:
    """The keys of an integration; ``redirect_uri`` must equal its setting in amoCRM to the letter."""

    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_at: datetime


def exchange_code(
    base_url: str, integration: Integration, code: str, now: datetime, **http: Any
) -> TokenPair:
    """The first pair for a code of at most 20 minutes' age. Raises AmoError; AuthError when the code is refused."""
    return _ask(base_url, integration, {"grant_type": "authorization_code", "code": code}, now, **http)


def refresh_pair(
    base_url: str, integration: Integration, refresh_token: str, now: datetime, **http: Any
) -> TokenPair:
    """A new pair for an old one, which is dead from then on: save it before use. AuthError: consent may be lost."""
    grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _ask(base_url, integration, grant, now, **http)


def address_now(
    base_url: str, access_token: str, refresh_token: str, account: int, *, sandbox: bool, **http: Any
) -> str:
    """Where the account that used to live at ``base_url`` answers now. Raises AmoError."""
    directory = hosts.directory(base_url, read_claims(access_token).get("api_domain"))
    headers = {"X-Refresh-Token": refresh_token}
    answer = _call(
        directory,
        lambda connection: connection.get("/oauth2/account/current/subdomain", headers=headers),
        **http,
    )
    try:
        if answer["id"] != account:
            raise errors.BadAnswer(f"this is the account {answer['id']}, not {account}")
        return hosts.account_address(answer["domain"], sandbox=sandbox)
    except (KeyError, AttributeError, ValueError) as error:
        raise errors.BadAnswer("the answer does not say where the account lives") from error


def read_claims(access_token: str) -> Answer:
    """What a token says about itself, unchecked; empty for one that is no JWT."""
    try:
        body = access_token.split(".")[1]
        said = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def signed_off(integration: Integration, account: str, signature: str) -> bool:
    """Whether the hook «the integration was switched off» is really amoCRM's."""
    message = f"{integration.client_id}|{account}".encode()
    expected = hmac.new(integration.client_secret.encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.lower().encode())


def _ask(
    base_url: str, integration: Integration, grant: dict[str, str], now: datetime, **http: Any
) -> TokenPair:
    body = {
        "client_id": integration.client_id,
        "client_secret": integration.client_secret,
        "redirect_uri": integration.redirect_uri,
    }
    try:
        answer = _call(
            base_url, lambda connection: connection.post("/oauth2/access_token", json=body | grant), **http
        )
    except errors.RequestRefused as error:  # documented as 400, seen as 401
        raise errors.AuthError(str(error)) from error
    try:
        return TokenPair(
            answer["access_token"], answer["refresh_token"], now + timedelta(seconds=answer["expires_in"])
        )
    except (KeyError, TypeError) as error:
        raise errors.BadAnswer("the answer holds no token pair") from error


def _call(base_url: str, ask: Callable[[httpx2.Client], httpx2.Response], **http: Any) -> Answer:
    try:
        with httpx2.Client(base_url=base_url, timeout=20, **http) as connection:
            answer = client.read_answer(ask(connection))
    except httpx2.TransportError as error:
        raise errors.Unreachable(f"{base_url} does not answer: {error}") from error
    return answer or {}
