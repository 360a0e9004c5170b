"""Which amoCRM account is mirrored, with whose key: from the environment, or saved encrypted in the database."""

from django.conf import settings
from django.utils.translation import gettext as _

from core import moment
from core.zone import account_zone
from pipelines.account import credentials, own
from pipelines.account.budget import call_within_budget, pace_of
from pipelines.account.credentials import CannotConnect, Consent, Credentials, LongLived
from pipelines.account.source import Source
from pipelines.account.tokens import Access, consent_lost
from pipelines.amo import errors, hosts, oauth
from pipelines.amo.client import ACCOUNT, Client
from pipelines.amo.oauth import Integration
from pipelines.models import Account

__all__ = ["CannotConnect", "client_for", "connect_by_code", "connect_by_token", "find_account", "source_of"]


class NotConnected(CannotConnect):
    """There is no account yet: nothing that would have to be told again and again."""


def connect_by_token(base_url: str, token: str, *, begin: bool = True) -> Account:
    """Read the account with this token, then save both. Raises CannotConnect and saves nothing when that fails.

    ``begin`` lets background work use a new account at once; else it waits until somebody has chosen pipelines.
    """
    base_url = base_url.rstrip("/")
    account = read_account(base_url, token)
    refuse_other_account(account)
    return save_credentials(account, LongLived(token), begin=begin)


def connect_by_code(base_url: str, integration: Integration, code: str) -> Account:
    """Exchange the code of a consent for the first pair of tokens, saved before it is used. Raises CannotConnect."""
    try:
        pair = call_within_budget(
            base_url, lambda: oauth.exchange_code(base_url, integration, code, moment.now())
        )
    except errors.AuthError as error:
        raise CannotConnect(
            _(
                "%(address)s did not accept the consent: the code was used before or is older than 20 minutes, or the "
                "integration ID, the secret key or the redirect address differ from those in amoCRM."
            )
            % {"address": base_url}
        ) from error
    except errors.AmoError as error:
        raise explain_error(error, base_url) from error
    named = oauth.read_claims(pair.access_token).get("account_id")
    if not isinstance(named, int):
        raise explain_error(errors.BadAnswer("the token names no account"), base_url)
    account = Account.objects.filter(pk=named).first() or Account(pk=named)
    account.base_url = base_url
    refuse_other_account(account)
    kept = Consent(
        pair.access_token,
        pair.refresh_token,
        pair.expires_at,
        integration.client_id,
        integration.client_secret,
        integration.redirect_uri,
    )
    save_credentials(account, kept, begin=False)
    said = read_account(base_url, kept.token)
    # Without the pair: another worker may have renewed it meanwhile.
    Account.objects.filter(pk=said.pk).update(
        name=said.name, currency=said.currency, time_zone=said.time_zone
    )
    return Account.objects.get(pk=said.pk)


def refuse_other_account(account: Account) -> None:
    other = Account.objects.exclude(pk=account.pk).first()
    if other:
        raise CannotConnect(
            _("This portal mirrors the account «%(known)s»; «%(other)s» needs a portal of its own.")
            % {"known": other.name or other.pk, "other": account.name or account.pk}
        )


def reread(account: Account) -> None:
    """Take over what the account says of itself now. Raises CannotConnect."""
    said = read_account(account.base_url, Access(account).token())
    if (said.name, said.currency, said.time_zone) != (account.name, account.currency, account.time_zone):
        before = own.read_own().zone
        Account.objects.filter(pk=account.pk).update(
            name=said.name, currency=said.currency, time_zone=said.time_zone
        )
        own.judge_again(before)


def save_credentials(account: Account, kept: Credentials, *, begin: bool) -> Account:
    before = own.read_own().zone
    account.credentials, account.refused_at = credentials.encrypt_credentials(kept), None
    account.mirrored_since = moment.now() if begin else None
    Account.objects.bulk_create(
        [account],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "base_url", "currency", "time_zone", "credentials", "refused_at"],
    )
    own.judge_again(before)
    if begin:
        Account.objects.filter(pk=account.pk, mirrored_since=None).update(mirrored_since=moment.now())
    return Account.objects.get(pk=account.pk)


def read_account(base_url: str, token: str) -> Account:
    """The account as amoCRM describes it, unsaved. Raises CannotConnect."""
    try:
        with Client(
            base_url, lambda: token, pace=pace_of(base_url), lane="interactive", attempts=2
        ) as client:
            answer = client.get(ACCOUNT, [("with", "datetime_settings")])
    except errors.AmoError as error:
        raise explain_error(error, base_url) from error
    if not answer or not isinstance(answer.get("id"), int):
        raise explain_error(errors.BadAnswer("there is no account in the answer"), base_url)
    dates = (answer.get("_embedded") or {}).get("datetime_settings") or {}
    return Account(
        pk=answer["id"],
        name=answer.get("name") or "",
        base_url=base_url,
        currency=answer.get("currency") or "RUB",
        time_zone=dates.get("timezone") or settings.TIME_ZONE,
    )


def explain_error(error: errors.AmoError, base_url: str) -> CannotConnect:
    """One sentence for a person."""
    place = {"address": base_url}
    match error:
        case errors.AuthError():
            text = _("%(address)s does not accept the token: it is wrong, expired or revoked.") % place
        case errors.Forbidden():
            text = _("The token of %(address)s may not read the account.") % place
        case errors.PaymentRequired():
            text = _("The amoCRM subscription of %(address)s has ended.") % place
        case errors.Blocked():
            text = _("amoCRM has blocked this server for too many calls; its support can lift that.")
        case errors.Unreachable():
            text = _("%(address)s does not answer.") % place
        case errors.Transient():
            text = _("%(address)s is out of order now: %(error)s.") % {**place, "error": error}
        case _other:
            text = _("%(address)s does not answer like amoCRM.") % place
    return CannotConnect(text)


def find_account() -> Account:
    """The account to work with: the one of the environment, checked, or the saved one. Raises CannotConnect."""
    if settings.AMO_BASE_URL:
        saved = Account.objects.filter(base_url=settings.AMO_BASE_URL).exclude(mirrored_since=None).first()
        if saved is None or credentials.decrypt_credentials(saved) != LongLived(settings.AMO_TOKEN):
            return connect_by_token(settings.AMO_BASE_URL, settings.AMO_TOKEN)
        return require_access(saved)
    account = Account.objects.exclude(credentials=None).first()
    if account is None:
        raise NotConnected(
            _(
                "No amoCRM account is connected: an administrator connects it on the page «Connection», or set "
                "AMO_BASE_URL and AMO_TOKEN."
            )
        )
    if account.mirrored_since is None:
        raise CannotConnect(_("The first load waits until pipelines are chosen on the page «Connection»."))
    return require_access(account)


def require_access(account: Account) -> Account:
    """The account, unless amoCRM has shut the door: a lost consent needs a person, a token may be good again."""
    if account.refused_at is None:
        return account
    kept = credentials.decrypt_credentials(account)
    if isinstance(kept, Consent):
        raise CannotConnect(str(consent_lost()))
    read_account(account.base_url, kept.token)
    Account.objects.filter(pk=account.pk).update(refused_at=None)
    account.refused_at = None
    return account


def check_access(account: Account) -> None:
    """Raises CannotConnect or AmoError when amoCRM does not accept the saved key."""
    read_account(account.base_url, Access(account).token())


def client_for(account: Account, lane: str = "bulk", attempts: int = 6) -> Client:
    """A client of the account; ``lane`` says who waits for whom: "bulk" or "interactive". Raises CannotConnect."""
    access = Access(account)
    return Client(
        account.base_url,
        access.token,
        refused=access.refused,
        pace=pace_of(account.base_url),
        lane=lane,
        attempts=attempts,
    )


def source_of(account: Account, lane: str = "bulk") -> Source:
    return Source(client_for(account, lane), account_zone())


def read_address(text: str) -> str:
    """The address of an account, out of what a person or amoCRM's redirect says. Raises CannotConnect."""
    try:
        return hosts.account_address(text, sandbox=settings.DEBUG or settings.DEMO)
    except ValueError as error:
        raise CannotConnect(
            _("«%(text)s» is not the address of an amoCRM account, such as https://example.amocrm.ru.")
            % {"text": text.strip()[:100]}
        ) from error
