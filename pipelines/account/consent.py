"""A consent under way: begun in one browser session, given on amoCRM's page, answered once."""

import secrets
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import QueryDict
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from pipelines.account import connection, credentials
from pipelines.account.credentials import CannotConnect, Consent
from pipelines.amo import errors, hosts, oauth
from pipelines.amo.client import ACCOUNT
from pipelines.amo.oauth import Integration
from pipelines.mirror import hooks
from pipelines.models import Account

KEPT = "consent"  # in the session, encrypted


class Pending(msgspec.Struct):
    """``state`` is empty until the person goes to amoCRM, and again when the answer has come."""

    address: str
    client_id: str
    client_secret: str
    state: str = ""

    @property
    def integration(self) -> Integration:
        return Integration(self.client_id, self.client_secret, redirect_uri())


def redirect_uri() -> str:
    """What must stand in the integration's settings, to the letter."""
    return settings.PORTAL_URL + reverse("connect-callback")


def off_uri() -> str:
    return settings.PORTAL_URL + reverse("connect-off")


def keep_pending(session: SessionBase, pending: Pending) -> None:
    session[KEPT] = credentials.cipher().encrypt(msgspec.json.encode(pending)).decode()


def drop_pending(session: SessionBase) -> None:
    session.pop(KEPT, None)


def find_pending(session: SessionBase) -> Pending | None:
    """What was entered in this session, else what the present connection knows, else nothing."""
    if KEPT in session:
        try:
            return msgspec.json.decode(credentials.cipher().decrypt(session[KEPT].encode()), type=Pending)
        except (InvalidToken, msgspec.MsgspecError):
            return None
    account = Account.objects.exclude(credentials=None).first()
    try:
        known = credentials.decrypt_credentials(account) if account else None
    except CannotConnect:
        return None
    if account is None or not isinstance(known, Consent):
        return None
    return Pending(account.base_url, known.integration.client_id, known.integration.client_secret)


def begin_consent(session: SessionBase) -> str | None:
    """Where to send the person to agree, with a state that is good once in this session; None without keys."""
    found = find_pending(session)
    if found is None:
        return None
    found.state = secrets.token_urlsafe(32)
    keep_pending(session, found)
    asked = {"client_id": found.client_id, "state": found.state, "mode": "popup"}
    return f"{hosts.consent_page(found.address)}?{urlencode(asked)}"


def finish_consent(session: SessionBase, answer: QueryDict) -> Account:
    """Take amoCRM's answer. Raises CannotConnect and changes nothing when it is not to be believed or says no."""
    found = find_pending(session)
    state = answer.get("state", "")
    if found is None or not found.state or not constant_time_compare(found.state, state):
        raise CannotConnect(
            _("This answer belongs to no consent that was begun here, or it was used already: begin again.")
        )
    found.state = ""
    keep_pending(session, found)
    session.save()  # before anything is asked: the answer is good once
    if error := answer.get("error"):
        if error == "access_denied":
            raise CannotConnect(_("Access was refused in amoCRM; nothing was changed."))
        raise CannotConnect(_("amoCRM gave no access: %(error)s.") % {"error": error[:100]})
    code = answer.get("code", "")
    if not code:
        raise CannotConnect(_("There is no code in amoCRM's answer: begin again."))
    address = connection.read_address(answer.get("referer", ""))
    account = connection.connect_by_code(address, found.integration, code)
    drop_pending(session)
    return account


def end_consent(query: Any) -> bool:
    """amoCRM says that the integration was switched off; whether it was really amoCRM.

    Its signature is the same each time, and an old word may come again after a new consent: so the consent is lost when
    amoCRM, asked at once, does not take it any more (`pipelines.account.tokens` marks that).
    """
    key = hooks.number(query.get("account_id", ""))
    account = Account.objects.filter(pk=key).exclude(credentials=None).first() if key else None
    try:
        known = credentials.decrypt_credentials(account) if account else None
    except CannotConnect:
        return False
    if account is None or not isinstance(known, Consent):
        return False
    named = query.get("client_uuid") or query.get("client_id") or ""
    if named != known.client_id or not oauth.signed_off(
        known.integration, str(account.pk), query.get("signature", "")
    ):
        return False
    with (
        suppress(errors.AmoError),  # whatever else is wrong, the next sync sees it
        connection.client_for(account, "interactive", attempts=1) as client,
    ):
        client.get(ACCOUNT)
    return True
