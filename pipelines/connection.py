"""Which amoCRM account is mirrored, with whose key: from the environment, or saved encrypted in the database."""

import base64
import hashlib
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _
from redis import Redis

from pipelines.amo import errors
from pipelines.amo.client import Client
from pipelines.amo.pace import Pace
from pipelines.models import Account
from pipelines.source import Source


class CannotConnect(Exception):
    """The account cannot be read; the text is one sentence for a person."""


def connect(base_url: str, token: str) -> Account:
    """Read the account with this token, then save both. Raises CannotConnect and saves nothing when that fails."""
    base_url = base_url.rstrip("/")
    account = read_account(base_url, token)
    other = Account.objects.exclude(pk=account.pk).first()
    if other:
        raise CannotConnect(
            _("This portal mirrors the account «%(known)s»; «%(other)s» needs a portal of its own.")
            % {"known": other.name or other.pk, "other": account.name or account.pk}
        )
    account.credentials = box().encrypt(msgspec.json.encode({"token": token}))
    Account.objects.bulk_create(
        [account],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "base_url", "currency", "time_zone", "credentials"],
    )
    return Account.objects.get(pk=account.pk)


def read_account(base_url: str, token: str) -> Account:
    place = {"address": base_url}
    try:
        with Client(base_url, lambda: token, pace=pace(base_url), lane="interactive", attempts=2) as client:
            answer = client.get("/api/v4/account", [("with", "datetime_settings")])
    except errors.AuthError as error:
        raise CannotConnect(
            _("%(address)s does not accept the token: it is wrong, expired or revoked.") % place
        ) from error
    except errors.Forbidden as error:
        raise CannotConnect(_("The token of %(address)s may not read the account.") % place) from error
    except errors.PaymentRequired as error:
        raise CannotConnect(_("The amoCRM subscription of %(address)s has ended.") % place) from error
    except errors.Blocked as error:
        raise CannotConnect(
            _("amoCRM has blocked this server for too many calls; its support can lift that.")
        ) from error
    except errors.Unreachable as error:
        raise CannotConnect(_("%(address)s does not answer.") % place) from error
    except errors.Transient as error:
        raise CannotConnect(
            _("%(address)s is out of order now: %(error)s.") % {**place, "error": error}
        ) from error
    except errors.AmoError as error:
        raise CannotConnect(_("%(address)s does not answer like amoCRM.") % place) from error
    if not answer or not isinstance(answer.get("id"), int):
        raise CannotConnect(_("%(address)s does not answer like amoCRM.") % place)
    dates = (answer.get("_embedded") or {}).get("datetime_settings") or {}
    return Account(
        pk=answer["id"],
        name=answer.get("name") or "",
        base_url=base_url,
        currency=answer.get("currency") or "RUB",
        time_zone=dates.get("timezone") or settings.TIME_ZONE,
    )


def current() -> Account:
    """The account to work with: the one of the environment, checked, or the saved one. Raises CannotConnect."""
    if settings.AMO_BASE_URL:
        saved = Account.objects.filter(base_url=settings.AMO_BASE_URL).first()
        return (
            saved
            if saved and token_of(saved) == settings.AMO_TOKEN
            else connect(settings.AMO_BASE_URL, settings.AMO_TOKEN)
        )
    account = Account.objects.exclude(credentials=None).first()
    if account is None:
        raise CannotConnect(_("No amoCRM account is connected: set AMO_BASE_URL and AMO_TOKEN."))
    return account


def client_for(account: Account, lane: str = "bulk") -> Client:
    """A client of the account; ``lane`` says who waits for whom: "bulk" or "interactive"."""
    token = token_of(account)
    return Client(account.base_url, lambda: token, pace=pace(account.base_url), lane=lane)


def source_of(account: Account, lane: str = "bulk") -> Source:
    return Source(client_for(account, lane), ZoneInfo(account.time_zone))


def pace(base_url: str) -> Pace:
    return Pace(redis(), base_url, settings.AMO_RATE)


@cache
def redis() -> "Redis":
    """One pool of connections for the process."""
    return Redis.from_url(settings.REDIS_URL)


def token_of(account: Account) -> str:
    """Raises CannotConnect when the keys that encrypted it are gone."""
    try:
        return msgspec.json.decode(box().decrypt(bytes(account.credentials or b"")))["token"]
    except InvalidToken as error:
        raise CannotConnect(
            _("The saved token cannot be decrypted: CREDENTIALS_KEYS or SECRET_KEY has changed.")
        ) from error


def box() -> MultiFernet:
    """The first key encrypts, all decrypt, so that keys can be changed one after another."""
    keys = settings.CREDENTIALS_KEYS or [
        base64.urlsafe_b64encode(
            hashlib.sha256(b"salesops credentials " + settings.SECRET_KEY.encode()).digest()
        ).decode()
    ]
    return MultiFernet([Fernet(key) for key in keys])
