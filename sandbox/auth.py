"""Tokens: the OAuth pair that rotates, long-lived ones, and whom a request acts for."""

import base64
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

CODE_SECONDS: Final = 20 * 60
ACCESS_SECONDS: Final = 24 * 3600
REFRESH_SECONDS: Final = 90 * 24 * 3600
LONG_SECONDS: Final = 5 * 365 * 24 * 3600
SCOPES: Final = ["push_notifications", "files", "crm", "files_delete", "notifications"]


@dataclass(frozen=True)
class Grant:
    """What one token allows: the rights of `user_id`, or everything when an admin gave it."""

    user_id: int
    is_admin: bool
    expires_at: float | None = None


@dataclass
class Integration:
    """One external integration of the account."""

    client_id: str
    client_secret: str
    redirect_uri: str = "https://127.0.0.1/"
    deauth_url: str | None = None
    enabled: bool = True
    domain: str | None = None
    """Where the account says it lives, when that is not its subdomain of amocrm.ru."""


class OAuthError(Exception):
    """Refusal of the token endpoint: `hint` for a bad grant, none for a bad client."""

    def __init__(self, hint: str | None) -> None:
        super().__init__(hint or "client")
        self.hint = hint


@dataclass
class Tokens:
    """All tokens of an account. `now` gives the account's Unix seconds."""

    integration: Integration
    account_id: int
    now: Callable[[], int]
    codes: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    api_domain: str = "api-a.amocrm.ru"
    """Host and port at which the tokens say that the API is found: of the server that serves them."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, 2048)

    def grant_of(self, token: str) -> Grant | None:
        grant = self.access.get(token)
        if grant is None or not self.integration.enabled:
            return None
        if grant.expires_at is not None and grant.expires_at <= self.now():
            return None
        return grant

    def add_long_lived(self, token: str | None, user_id: int) -> str:
        """Accept `token` (a fresh JWT when None) with all rights, without an end of its own."""
        token = token or self._jwt(user_id, self.now() + LONG_SECONDS)
        self.access[token] = Grant(user_id, is_admin=True)
        return token

    def revoke(self, token: str) -> bool:
        with self._lock:
            return self.access.pop(token, None) is not None

    def new_code(self, user_id: int, is_admin: bool) -> str:
        code = secrets.token_hex(40)
        self.codes[code] = (Grant(user_id, is_admin), self.now() + CODE_SECONDS)
        return code

    def exchange(self, body: dict[str, Any], api_domain: str = "") -> dict[str, Any]:
        """The token endpoint: a code or a refresh token, each good once, for a new pair. Raises `OAuthError`.

        `api_domain` is the host by which the client has reached us.
        """
        client = self.integration
        known = (client.client_id, client.client_secret)
        if not client.enabled or (body.get("client_id"), body.get("client_secret")) != known:
            raise OAuthError(None)
        if body.get("redirect_uri") != client.redirect_uri:
            raise OAuthError("Invalid redirect URI")
        with self._lock:
            if body.get("grant_type") == "authorization_code":
                grant = self._use(
                    self.codes,
                    str(body.get("code", "")),
                    "Authorization code",
                    "Cannot decrypt the authorization code",
                )
            elif body.get("grant_type") == "refresh_token":
                token = str(body.get("refresh_token", ""))
                grant = self._use(self.refresh, token, "Token", "Cannot decrypt the refresh token")
            else:
                raise OAuthError("Check the `grant_type` parameter")
            return self._pair(grant, api_domain)

    def disable(self) -> None:
        """The integration is switched off: every token dies at once."""
        with self._lock:
            self.integration.enabled = False
            self.revoked.update(self.refresh, self.codes)
            self.access.clear()
            self.refresh.clear()
            self.codes.clear()

    def _use(self, held: dict[str, tuple[Grant, float]], secret: str, what: str, unknown: str) -> Grant:
        if secret in self.revoked:
            raise OAuthError(f"{what} has been revoked")
        if secret not in held:
            raise OAuthError(unknown)
        grant, expires_at = held.pop(secret)
        self.revoked.add(secret)
        if expires_at <= self.now():
            raise OAuthError(f"{what} has expired")
        return grant

    def _pair(self, grant: Grant, api_domain: str) -> dict[str, Any]:
        now = self.now()
        refresh = "def50200" + secrets.token_hex(300)
        access = self._jwt(grant.user_id, now + ACCESS_SECONDS, api_domain)
        self.access[access] = Grant(grant.user_id, grant.is_admin, now + ACCESS_SECONDS)
        self.refresh[refresh] = (grant, now + REFRESH_SECONDS)
        return {
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "access_token": access,
            "refresh_token": refresh,
        }

    def _jwt(self, user_id: int, expires_at: int, api_domain: str = "") -> str:
        """RS256 with the claims that amoCRM puts in; some clients read `exp` without checking the signature."""
        now = self.now()
        claims = {
            "aud": self.integration.client_id,
            "jti": secrets.token_hex(40),
            "iat": now,
            "nbf": now,
            "exp": expires_at,
            "sub": str(user_id),
            "grant_type": "",
            "account_id": self.account_id,
            "base_domain": "amocrm.ru",
            "version": 2,
            "scopes": SCOPES,
            "hash_uuid": str(uuid.uuid4()),
            "api_domain": api_domain or self.api_domain,
        }
        head = _part({"typ": "JWT", "alg": "RS256", "kid": "sandbox"})
        signed = f"{head}.{_part(claims)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_base64(signature)}"


def _part(claims: dict[str, Any]) -> str:
    return _base64(msgspec.json.encode(claims))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
