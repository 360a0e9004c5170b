"""The token for one client of an account: renewed in time, by one worker at a time, and saved before it is used.

A refresh token is good once. So whoever renews holds the account's row; who had to wait finds the new pair there. A
process that dies between amoCRM's answer and the commit loses the consent, hence nothing stands between the two.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

import stamina
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from core import moment
from pipelines.account import credentials
from pipelines.account.budget import call_within_budget
from pipelines.account.credentials import Consent, Credentials, LongLived
from pipelines.amo import errors, oauth
from pipelines.amo.oauth import TokenPair
from pipelines.models import Account

log = logging.getLogger(__name__)

MARGIN = timedelta(minutes=5)  # renewed so long before the end
GRACE = 2.0  # seconds in which another worker may still save what it was given
DATABASE_DOWN = (OperationalError, InterfaceError)


class Access:
    """Safe to share between threads. Raises CannotConnect when the saved credentials cannot be decrypted."""

    def __init__(self, account: Account) -> None:
        self._account, self._held, self._turn = account.pk, credentials.decrypt_credentials(account), Lock()

    def token(self) -> str:
        """Raises AmoError when it is over and amoCRM gives no new one."""
        with self._turn:
            held = self._held
            if isinstance(held, Consent) and held.expires_at - moment.now() < MARGIN:
                self._held = renew_credentials(self._account, held)
            return self._held.token

    def refused(self, token: str) -> bool:
        """amoCRM does not take this token, or not at this address; whether there is another one to try."""
        with self._turn:
            if self._held.token == token:
                self._held = renew_credentials(self._account, self._held)
            return self._held.token != token


def renew_credentials(account: int, held: Credentials) -> Credentials:
    """Better credentials than these: those that another worker or a person has saved meanwhile, or a new pair.

    Marks the account as refused when there are none. Raises AmoError.
    """
    with own_connection():
        pair: TokenPair | None = None
        consent: Consent
        try:
            with transaction.atomic(durable=True):
                row = Account.objects.select_for_update().get(pk=account)
                kept = credentials.decrypt_credentials(row)
                if kept.token != held.token:
                    return kept
                if isinstance(kept, LongLived):
                    Account.objects.filter(pk=account, refused_at=None).update(refused_at=moment.now())
                    return kept
                if row.refused_at:
                    raise errors.AuthError(
                        "the consent in amoCRM is lost; an administrator must give it anew"
                    )
                consent = kept
                row.base_url, pair = request_pair(row, consent)
                return save_pair(row, consent, pair)
        except errors.AuthError:
            return find_saved_pair(row)
        except DATABASE_DOWN as error:
            if pair is None:
                raise
            log.warning("the database went away with a new token in our hands: %s", error)
            return save_pair_persistently(row, consent, pair)


def consent_lost() -> errors.AuthError:
    return errors.AuthError(
        _("The consent given in amoCRM is no longer valid: an administrator must give it again.")
    )


def request_pair(account: Account, kept: Consent) -> tuple[str, TokenPair]:
    """A new pair, and the address that gave it: the customer may have renamed the account. Raises AmoError."""

    def refresh(address: str) -> TokenPair:
        return call_within_budget(
            address, lambda: oauth.refresh_pair(address, kept.integration, kept.refresh_token, moment.now())
        )

    try:
        return account.base_url, refresh(account.base_url)
    except (errors.AuthError, errors.NotFound) as error:
        address = find_new_address(account, kept)
        if address is None:
            raise
        log.warning("%s has moved to %s (%s)", account.base_url, address, error)
        return address, refresh(address)


def find_new_address(account: Account, kept: Consent) -> str | None:
    """Where the account lives now when that is elsewhere; None when amoCRM does not say."""
    sandbox = settings.DEBUG or settings.DEMO
    try:
        address = call_within_budget(
            account.base_url,
            lambda: oauth.address_now(
                account.base_url, kept.token, kept.refresh_token, account.pk, sandbox=sandbox
            ),
        )
    except errors.AmoError as error:
        log.info("amoCRM does not say where %s lives: %s", account.base_url, error)
        return None
    return address if address != account.base_url else None


def save_pair(account: Account, kept: Consent, pair: TokenPair) -> Consent:
    fresh = Consent(
        pair.access_token,
        pair.refresh_token,
        pair.expires_at,
        kept.client_id,
        kept.client_secret,
        kept.redirect_uri,
    )
    Account.objects.filter(pk=account.pk).update(
        credentials=credentials.encrypt_credentials(fresh), base_url=account.base_url, refused_at=None
    )
    return fresh


def save_pair_persistently(account: Account, kept: Consent, pair: TokenPair) -> Consent:
    """amoCRM gives nobody a second copy of a pair: try for a minute, on new connections."""
    for attempt in stamina.retry_context(on=DATABASE_DOWN, attempts=None, timeout=60):
        with attempt:
            connection.close()
            return save_pair(account, kept, pair)
    raise AssertionError("unreachable")


def find_saved_pair(account: Account) -> Credentials:
    """After a refusal: the pair that another worker has saved without the lock, else the consent is lost.

    Raises AuthError then.
    """
    time.sleep(GRACE)
    unchanged = Account.objects.filter(pk=account.pk, credentials=bytes(account.credentials or b""))
    if unchanged.exclude(refused_at=None).exists() or unchanged.update(refused_at=moment.now()):
        raise consent_lost()
    return credentials.decrypt_credentials(Account.objects.get(pk=account.pk))


@contextmanager
def own_connection() -> Iterator[None]:
    """Threads of a client have no database connection that anybody would close after them."""
    borrowed = connection.connection is not None
    try:
        yield
    finally:
        if not borrowed:
            connection.close()
