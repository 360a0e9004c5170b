"""Tokens that are renewed: by one worker at a time, saved before use, lost only when they are really lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import stamina
from django.db import OperationalError, transaction
from django.db import connection as database
from django.test import override_settings
from django.utils import translation

from core import moment, redis
from pipelines.account import connection, credentials, tokens
from pipelines.account.connection import CannotConnect
from pipelines.account.credentials import Consent
from pipelines.account.tokens import Access
from pipelines.amo import errors, oauth
from pipelines.amo.oauth import Integration
from pipelines.models import Account
from pipelines.tests.amo import Serve
from sandbox.faults import Fault
from sandbox.server import Handle

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "POST /oauth2/access_token"


@pytest.fixture(autouse=True)
def quick_and_english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tokens, "GRACE", 0)
    with (
        stamina.set_testing(True, attempts=2, cap=True),
        translation.override("en"),
        override_settings(AMO_RATE=0, DEBUG=True),
    ):
        yield


def consented(amo: Handle, user: int | None = None) -> Account:
    keys = amo.app.integration
    code = amo.app.tokens.new_code(user or amo.world.admin_id, is_admin=user is None)
    integration = Integration(keys.client_id, keys.client_secret, keys.redirect_uri)
    account = connection.connect_by_code(amo.url, integration, code)
    Account.objects.update(mirrored_since=moment.now())
    account.refresh_from_db()
    return account


def tomorrow(amo: Handle, now: datetime) -> None:
    """The access token is over; the refresh token is not."""
    later = now + timedelta(hours=24, minutes=1)
    moment.fix(later.isoformat())
    amo.world.clock.set(later)


def kept(account: Account) -> Consent:
    found = credentials.decrypt_credentials(Account.objects.get(pk=account.pk))
    assert isinstance(found, Consent)
    return found


def test_the_pair_of_a_consent_is_saved_encrypted(amo: Handle) -> None:
    account = consented(amo)
    assert (account.pk, account.name, account.base_url) == (
        amo.world.account.id,
        amo.world.account.name,
        amo.url,
    )
    for secret in (kept(account).token, kept(account).refresh_token, amo.app.integration.client_secret):
        assert secret.encode() not in bytes(account.credentials or b"")
    with connection.client_for(account) as client:
        assert client.get("/api/v4/account")
    assert amo.app.counters[TOKEN] == 1


def test_a_pair_is_saved_before_it_is_used(amo: Handle) -> None:
    amo.app.faults.add(Fault(path="/api/v4/account", status=500, times=9))
    with pytest.raises(CannotConnect, match="out of order"):
        consented(amo)
    amo.app.faults.clear()
    with connection.client_for(Account.objects.get()) as client:
        assert client.get("/api/v4/account"), "the code was good once; the pair it brought is here"


def test_a_token_is_renewed_in_time_and_the_new_pair_is_saved(amo: Handle, now: datetime) -> None:
    account = consented(amo)
    first = kept(account)
    with connection.client_for(account) as client:
        tomorrow(amo, now)
        assert client.get("/api/v4/account")
    assert kept(account).refresh_token != first.refresh_token
    assert amo.app.counters["status 401"] == 0 and amo.app.counters[TOKEN] == 2


def test_two_workers_renew_once(amo: Handle, now: datetime) -> None:
    account = consented(amo)
    tomorrow(amo, now)
    amo.app.faults.add(Fault(path="/oauth2/access_token", latency=0.3))
    start = Barrier(4)

    def work(_number: int) -> str:
        try:
            start.wait()
            return Access(Account.objects.get(pk=account.pk)).token()
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        seen = set(pool.map(work, range(4)))
    assert seen == {kept(account).token} and amo.app.counters[TOKEN] == 2, "the exchange and one refresh"
    assert Account.objects.get().refused_at is None


def test_threads_of_one_client_renew_once(amo: Handle, now: datetime) -> None:
    account = consented(amo)
    with connection.client_for(account) as client, ThreadPoolExecutor(4) as pool:
        tomorrow(amo, now)
        assert all(pool.map(lambda _number: client.get("/api/v4/account"), range(8)))
    assert amo.app.counters[TOKEN] == 2


def test_a_worker_with_an_old_pair_takes_up_the_new_one(amo: Handle, now: datetime) -> None:
    account = consented(amo)
    late = Access(account)
    tomorrow(amo, now)
    fresh = Access(account).token()
    assert late.token() == fresh and amo.app.counters[TOKEN] == 2


def test_a_token_that_dies_early_is_replaced_in_the_middle_of_the_work(amo: Handle) -> None:
    account = consented(amo)
    with connection.client_for(account) as client:
        amo.app.tokens.revoke(kept(account).token)
        assert client.get("/api/v4/account")
    assert amo.app.counters[TOKEN] == 2


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_later_and_the_pair_is_kept(amo: Handle, now: datetime, status: Any) -> None:
    account = consented(amo)
    before = kept(account)
    tomorrow(amo, now)
    amo.app.faults.add(Fault(path="/oauth2/access_token", status=status, times=9))
    with pytest.raises(errors.AmoError) as caught:
        Access(account).token()
    assert not isinstance(caught.value, errors.AuthError)
    assert kept(account) == before and Account.objects.get().refused_at is None
    amo.app.faults.clear()
    redis.client().flushdb()  # ten minutes after a ban
    assert Access(account).token() != before.token


def test_a_dead_consent_is_lost_once_and_said_in_words(amo: Handle, now: datetime) -> None:
    account = consented(amo)
    moment.fix((now + timedelta(days=91)).isoformat())
    amo.world.clock.set(now + timedelta(days=91))
    with pytest.raises(errors.AuthError, match="no longer valid"):
        Access(account).token()
    assert Account.objects.get().refused_at == moment.now()
    asked = amo.app.counters[TOKEN]
    with pytest.raises(errors.AuthError):
        Access(account).token()
    with pytest.raises(CannotConnect, match="must give it again"):
        connection.find_account()
    assert amo.app.counters[TOKEN] == asked, "nobody knocks at a door that is shut"


def test_a_refusal_is_not_believed_when_another_worker_has_saved_meanwhile(
    amo: Handle, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = consented(amo)
    old = kept(account)
    tomorrow(amo, now)
    pair = oauth.refresh_pair(
        amo.url, old.integration, old.refresh_token, moment.now()
    )  # and his database went away
    monkeypatch.setattr(tokens.time, "sleep", lambda _seconds: tokens.save_pair(account, old, pair))
    assert Access(account).token() == pair.access_token
    assert Account.objects.get().refused_at is None


def test_a_pair_outlives_a_database_that_goes_away_at_the_wrong_moment(
    amo: Handle, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = consented(amo)
    tomorrow(amo, now)
    real, failures = (
        tokens.save_pair,
        [OperationalError("terminating connection"), OperationalError("not yet")],
    )

    def flaky(*arguments: Any) -> Consent:
        if failures:
            raise failures.pop()
        return real(*arguments)

    monkeypatch.setattr(tokens, "save_pair", flaky)
    with stamina.set_testing(True, attempts=5):
        assert Access(account).token() == kept(account).token
    assert amo.app.counters[TOKEN] == 2 and not failures


def test_a_pair_is_never_part_of_somebody_elses_transaction(amo: Handle, now: datetime) -> None:
    account = consented(amo)
    tomorrow(amo, now)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        Access(account).token()
    assert amo.app.counters[TOKEN] == 1, "it would be lost with a rollback"


@pytest.fixture
def elsewhere(amo: Handle, serve: Serve) -> Handle:
    """The same account at another address; the old one knows nothing but where that is."""
    new = serve(amo.world)
    new.app.tokens = amo.app.tokens
    amo.app.integration.domain = new.url.removeprefix("http://")
    return new


@pytest.mark.parametrize("status", [401, 404])
def test_quirk_22_a_renamed_account_is_followed_when_its_token_is_renewed(
    amo: Handle, elsewhere: Handle, now: datetime, status: Any
) -> None:
    account = consented(amo)
    tomorrow(amo, now)
    amo.app.faults.add(Fault(path="/api/|/oauth2/access_token", status=status, times=999))
    assert Access(account).token() == kept(account).token
    moved = Account.objects.get()
    assert (moved.pk, moved.base_url, moved.refused_at) == (account.pk, elsewhere.url, None)
    with connection.client_for(moved) as client:
        assert client.get("/api/v4/account")


@pytest.mark.parametrize("status", [401, 404])
def test_quirk_22_a_renamed_account_is_followed_before_its_token_ends(
    amo: Handle, elsewhere: Handle, status: Any
) -> None:
    account = consented(amo)
    amo.app.faults.add(Fault(path="/api/|/oauth2/access_token", status=status, times=999))
    with connection.client_for(account) as client, pytest.raises(errors.AmoError):
        client.get("/api/v4/account")
    with connection.client_for(connection.find_account()) as client:
        assert client.base_url == elsewhere.url and client.get("/api/v4/account")


def test_an_address_that_is_not_amocrms_is_not_followed(amo: Handle, now: datetime) -> None:
    account = consented(amo)
    tomorrow(amo, now)
    amo.app.integration.domain = "evil.example"
    amo.app.faults.add(Fault(path="/oauth2/access_token", status=404, times=9))
    with pytest.raises(errors.NotFound):
        Access(account).token()
    assert Account.objects.get().base_url == amo.url and Account.objects.get().refused_at is None


def test_a_revoked_long_lived_token_shows_and_may_come_back(amo: Handle) -> None:
    account = connection.connect_by_token(amo.url, amo.token)
    amo.app.faults.add(Fault(path="/leads", status=401))
    with connection.client_for(account) as client, pytest.raises(errors.AuthError):
        client.get("/api/v4/leads")
    assert Account.objects.get().refused_at == moment.now()
    assert connection.find_account().refused_at is None and Account.objects.get().refused_at is None
    amo.app.tokens.revoke(amo.token)
    with connection.client_for(account) as client, pytest.raises(errors.AuthError):
        client.get("/api/v4/leads")
    with pytest.raises(CannotConnect, match="wrong, expired or revoked"):
        connection.find_account()
    assert Account.objects.get().refused_at is not None


def test_a_long_work_takes_up_a_token_that_was_entered_meanwhile(amo: Handle) -> None:
    account = connection.connect_by_token(amo.url, amo.token)
    with connection.client_for(account) as client:
        connection.connect_by_token(amo.url, amo.app.tokens.add_long_lived("fresh", amo.world.admin_id))
        amo.app.tokens.revoke(amo.token)
        assert client.get("/api/v4/account")
    assert Account.objects.get().refused_at is None
