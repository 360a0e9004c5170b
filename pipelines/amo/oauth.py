"""The token pair of an OAuth integration: exchange of a code, refresh of a pair (used once: every refresh kills it)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from pipelines.amo import client, errors


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


def exchange(base_url: str, integration: Integration, code: str, now: datetime, **http: Any) -> TokenPair:
    """The first pair for a code of at most 20 minutes' age. Raises AmoError; AuthError when the code is refused."""
    return _ask(base_url, integration, {"grant_type": "authorization_code", "code": code}, now, **http)


def refresh(
    base_url: str, integration: Integration, pair: TokenPair, now: datetime, **http: Any
) -> TokenPair:
    """A new pair for an old one, which is dead from then on: save it before use. AuthError: consent may be lost."""
    return _ask(
        base_url,
        integration,
        {"grant_type": "refresh_token", "refresh_token": pair.refresh_token},
        now,
        **http,
    )


def _ask(
    base_url: str, integration: Integration, grant: dict[str, str], now: datetime, **http: Any
) -> TokenPair:
    body = {
        "client_id": integration.client_id,
        "client_secret": integration.client_secret,
        "redirect_uri": integration.redirect_uri,
    }
    try:
        with httpx2.Client(base_url=base_url, timeout=20, **http) as connection:
            answer = client.read(connection.post("/oauth2/access_token", json=body | grant))
    except httpx2.TransportError as error:
        raise errors.Unreachable(f"{base_url} does not answer: {error}") from error
    except errors.Refused as error:  # documented as 400, seen as 401
        raise errors.AuthError(str(error)) from error
    try:
        assert answer is not None
        return TokenPair(
            answer["access_token"], answer["refresh_token"], now + timedelta(seconds=answer["expires_in"])
        )
    except (AssertionError, KeyError, TypeError) as error:
        raise errors.BadAnswer("the answer holds no token pair") from error
