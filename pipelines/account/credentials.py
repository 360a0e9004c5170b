"""What the portal shows amoCRM at the door, encrypted at rest with CREDENTIALS_KEYS."""

import base64
import hashlib
from datetime import datetime

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pipelines.amo.oauth import Integration
from pipelines.models import Account


class CannotConnect(Exception):
    """The account cannot be read; the text is one sentence for a person."""


class LongLived(msgspec.Struct, frozen=True, tag="token"):
    """A token that a person has made in amoCRM and that a person must replace."""

    token: str


class Consent(msgspec.Struct, frozen=True, tag="consent"):
    """A token that is renewed with a pair that is good once, and the integration it was given to."""

    token: str
    refresh_token: str
    expires_at: datetime
    client_id: str
    client_secret: str
    redirect_uri: str

    @property
    def integration(self) -> Integration:
        """The secret of the environment wins for the integration it belongs to."""
        secret = settings.AMO_CLIENT_SECRET if self.client_id == settings.AMO_CLIENT_ID else ""
        return Integration(self.client_id, secret or self.client_secret, self.redirect_uri)


Credentials = LongLived | Consent


def encrypt_credentials(credentials: Credentials) -> bytes:
    return cipher().encrypt(msgspec.json.encode(credentials))


def decrypt_credentials(account: Account) -> Credentials:
    """Raises CannotConnect when the keys that encrypted them are gone."""
    try:
        saved: Credentials = msgspec.json.decode(
            cipher().decrypt(bytes(account.credentials or b"")), type=Credentials
        )
    except (InvalidToken, msgspec.ValidationError) as error:
        raise CannotConnect(
            _("The saved token cannot be decrypted: CREDENTIALS_KEYS or SECRET_KEY has changed.")
        ) from error
    return saved


def is_by_consent(account: Account | None) -> bool:
    """Whether a consent lets the portal in; no for a token, and for what cannot be decrypted."""
    try:
        return account is not None and isinstance(decrypt_credentials(account), Consent)
    except CannotConnect:
        return False


def rotate_keys() -> int:
    """Encrypt everything anew with the first key; how many accounts. Raises CannotConnect and changes nothing."""
    with transaction.atomic():
        accounts = list(Account.objects.select_for_update().exclude(credentials=None))
        for account in accounts:
            account.credentials = encrypt_credentials(decrypt_credentials(account))
            account.save(update_fields=["credentials"])
    return len(accounts)


def cipher() -> MultiFernet:
    """The first key encrypts, all decrypt, so that keys can be changed one after another; SECRET_KEY is the last."""
    digest = hashlib.sha256(b"salesops credentials " + settings.SECRET_KEY.encode()).digest()
    keys = [*settings.CREDENTIALS_KEYS, base64.urlsafe_b64encode(digest).decode()]
    return MultiFernet([Fernet(key) for key in keys])
