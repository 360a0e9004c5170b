"""Settings that would hurt in production, told by `manage.py check` with an id and a hint.

What is dangerous anywhere is checked before every command and before the portal serves; what may be meant so on a
developer's machine only by `manage.py check --deploy`, which the containers run before they migrate.
"""

import math
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured

LIMIT = 7  # requests a second; amoCRM bans an account's address above it
KEY_LENGTH, KEY_SIGNS = 32, 10
WELL_KNOWN = ("insecure", "change", "secret", "example", "password")
OUR_MACHINE = {"127.0.0.1", "localhost", "::1", "0.0.0.0", None}
NEW_KEY = 'python -c "import secrets; print(secrets.token_urlsafe(50))" makes a good one.'


@register(Tags.security)
def always(**options: Any) -> list[CheckMessage]:
    """Nobody can mean these but to try something out."""
    return [] if settings.DEBUG or settings.DEMO else [*_key(), *_rate()]


def refuse_to_serve() -> None:
    """A WSGI server asks for no checks by itself. Raises ImproperlyConfigured."""
    wrong = [message for message in run_checks(tags=[Tags.security]) if message.is_serious()]
    if wrong:
        raise ImproperlyConfigured("\n".join(str(message) for message in wrong))


def _key() -> Iterator[CheckMessage]:
    key = settings.SECRET_KEY
    guessable = any(word in key.lower() for word in WELL_KNOWN) and len(key) < 2 * KEY_LENGTH
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_SIGNS or guessable:
        says = f"SECRET_KEY can be guessed: it has fewer than {KEY_LENGTH} signs, few different ones or a common word."
        yield Error(says, hint=f"Sessions are signed with it. {NEW_KEY}", id="salesops.E001")


def _rate() -> Iterator[CheckMessage]:
    rate = settings.AMO_RATE
    if math.isnan(rate) or rate < 0:
        hint = f"Requests a second of the whole installation, {LIMIT} unless amoCRM has told you otherwise."
        yield Error(f"AMO_RATE is {rate:g}.", hint=hint, id="salesops.E002")
    elif (rate == 0 or rate > LIMIT) and _host(settings.AMO_BASE_URL or "amocrm.ru") not in OUR_MACHINE:
        pace = "without a pace" if rate == 0 else f"{rate:g} times a second"
        hint = (
            f"amoCRM bans an address that asks more often than {LIMIT} times a second. Leave AMO_RATE away."
        )
        yield Warning(f"AMO_RATE lets amoCRM be asked {pace}.", hint=hint, id="salesops.W001")


@register(Tags.security, deploy=True)
def in_production(**options: Any) -> list[CheckMessage]:
    return [*_modes(), *_addresses(), *_stores()]


def _modes() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        hint = "It shows code and settings to whoever meets an error. Leave DEBUG away."
        yield Warning("DEBUG is on.", hint=hint, id="salesops.W002")
    if settings.DEMO:
        hint = "The sign-in page lists logins with their passwords. Leave DEMO away."
        yield Warning("DEMO is on.", hint=hint, id="salesops.W003")
    if settings.FIXED_NOW:
        hint = "Deadlines and pay stand still. Leave SALESOPS_NOW away."
        yield Warning("SALESOPS_NOW stops the portal's clock.", hint=hint, id="salesops.W004")
    if settings.PLAIN_STATIC:
        hint = "Files go out uncompressed and are asked for again and again. Leave PLAIN_STATIC away."
        yield Warning("PLAIN_STATIC serves files as they lie.", hint=hint, id="salesops.W005")


def _addresses() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        hint = "A forged Host header could get into links. Name the host that people type into the browser."
        yield Warning("ALLOWED_HOSTS lets every host name in.", hint=hint, id="salesops.W006")
    if not settings.SECURE_SSL_REDIRECT:
        hint = "Sign-in cookies would go over the wire in the clear. Put a proxy with HTTPS in front, set HTTPS=true."
        yield Warning("HTTPS is off.", hint=hint, id="salesops.W007")
    if settings.SECURE_SSL_REDIRECT and not settings.PROXIES:
        hint = "Whoever guesses passwords slows all down, as all seem to come from it. Set PROXIES to their number."
        yield Warning("HTTPS is spoken by a proxy, but PROXIES is 0.", hint=hint, id="salesops.W012")
    portal, host = urlsplit(settings.PORTAL_URL), _host(settings.PORTAL_URL)
    hint = "amoCRM rings there and sends back there after the consent: the address that people type into the browser."
    if host in OUR_MACHINE or portal.scheme != "https":
        says = f"PORTAL_URL is {settings.PORTAL_URL}, which amoCRM cannot reach over HTTPS."
        yield Warning(says, hint=hint, id="salesops.W008")
    elif not _allows(host):
        says = f"PORTAL_URL's host {host} is not in ALLOWED_HOSTS, so everybody there is answered 400."
        yield Warning(says, hint=hint, id="salesops.W009")


def _stores() -> Iterator[CheckMessage]:
    if not settings.CREDENTIALS_KEYS:
        hint = (
            "amoCRM's tokens hang on SECRET_KEY then, which cannot be changed without losing them. "
            'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        )
        yield Warning("CREDENTIALS_KEYS is not set.", hint=hint, id="salesops.W010")
    database = settings.DATABASES["default"]
    socket = database.get("HOST") or database.get("OPTIONS", {}).get("host") or ""
    if socket.startswith(tempfile.gettempdir()):
        hint = "It is meant for development: nobody backs it up. Name a server of yours in DATABASE_URL."
        yield Warning("The database is the embedded one.", hint=hint, id="salesops.W011")


def _host(address: str) -> str | None:
    return urlsplit(address if "://" in address else f"//{address}").hostname


def _allows(host: str | None) -> bool:
    """As Django does: a leading dot is a domain with all below it."""
    return any(
        pattern in ("*", host) or (pattern.startswith(".") and f".{host}".endswith(pattern))
        for pattern in settings.ALLOWED_HOSTS
    )
