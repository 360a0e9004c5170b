import socket
from collections.abc import Callable, Iterator

import pytest
import stamina
from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils import translation

from pipelines.account import connection, credentials
from pipelines.account.connection import CannotConnect, connect_by_token
from pipelines.models import Account
from sandbox.faults import Fault
from sandbox.server import Handle, serve_in_thread
from sandbox.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_and_english() -> Iterator[None]:
    with (
        stamina.set_testing(True, attempts=2, cap=True),
        translation.override("en"),
        override_settings(AMO_RATE=0),
    ):
        yield


def nowhere() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_an_account_is_read_and_its_token_is_saved_encrypted(amo: Handle) -> None:
    account = connect_by_token(amo.url + "/", amo.token)
    assert (account.pk, account.name, account.base_url) == (
        amo.world.account.id,
        amo.world.account.name,
        amo.url,
    )
    assert (account.currency, account.time_zone) == ("RUB", "Europe/Moscow")
    assert amo.token.encode() not in bytes(account.credentials or b"")
    with connection.client_for(account) as client:
        assert client.get("/api/v4/account")


def test_connecting_again_keeps_the_secret_of_the_hooks(amo: Handle) -> None:
    connect_by_token(amo.url, amo.token)
    Account.objects.update(hook_secret="kept")
    assert connect_by_token(amo.url, amo.token).hook_secret == "kept"


def status(code: int) -> Callable[[Handle], tuple[str, str]]:
    def broken(amo: Handle) -> tuple[str, str]:
        amo.app.faults.add(Fault(path="/account", status=code, times=9))  # type: ignore[arg-type]  # any status
        return amo.url, amo.token

    return broken


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (lambda amo: (amo.url, "wrong"), "does not accept the token: it is wrong, expired or revoked."),
        (lambda amo: (nowhere(), "T"), "does not answer."),
        (lambda amo: ("http://no-such-host.invalid", "T"), "does not answer."),
        (lambda amo: ("not an address", "T"), "does not answer like amoCRM."),
        (lambda amo: (amo.url + "/nowhere", amo.token), "does not answer like amoCRM."),
        (status(500), "is out of order now: 500"),
        (status(402), "subscription"),
        (status(403), "blocked"),
    ],
    ids=["wrong token", "dead host", "no such name", "no address", "not amoCRM", "500", "402", "403 page"],
)
def test_what_does_not_work_is_one_sentence_and_saves_nothing(
    amo: Handle, case: Callable, sentence: str
) -> None:
    with pytest.raises(CannotConnect) as caught:
        connect_by_token(*case(amo))
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
    assert not Account.objects.exists()


def test_a_second_account_is_refused(amo: Handle) -> None:
    connect_by_token(amo.url, amo.token)
    other = serve_in_thread(World.from_data({"account": {"id": 77, "name": "Другая"}}))
    try:
        with pytest.raises(CannotConnect, match="Другая"):
            connect_by_token(other.url, other.token)
    finally:
        other.stop()
    assert Account.objects.count() == 1


def test_keys_can_be_changed_one_after_another(amo: Handle) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with override_settings(CREDENTIALS_KEYS=[old]):
        account = connect_by_token(amo.url, amo.token)
    with override_settings(CREDENTIALS_KEYS=[new, old]):
        assert credentials.decrypt_credentials(account).token == amo.token
        account = connect_by_token(amo.url, amo.token)
    with override_settings(CREDENTIALS_KEYS=[new]):
        assert credentials.decrypt_credentials(account).token == amo.token
    with override_settings(CREDENTIALS_KEYS=[old]), pytest.raises(CannotConnect, match="CREDENTIALS_KEYS"):
        credentials.decrypt_credentials(account)


def test_the_account_of_the_environment_is_connected_at_its_first_use(amo: Handle) -> None:
    with override_settings(AMO_BASE_URL=amo.url, AMO_TOKEN=amo.token):
        assert connection.find_account() == connection.find_account()
    assert connection.find_account().pk == amo.world.account.id


def test_a_new_token_in_the_environment_is_taken_up(amo: Handle) -> None:
    connect_by_token(amo.url, amo.token)
    fresh = amo.app.tokens.add_long_lived("fresh", amo.world.admin_id)
    with override_settings(AMO_BASE_URL=amo.url, AMO_TOKEN=fresh):
        assert credentials.decrypt_credentials(connection.find_account()).token == "fresh"


def test_without_an_account_it_is_said_what_to_do() -> None:
    with pytest.raises(CannotConnect, match="AMO_BASE_URL and AMO_TOKEN"):
        connection.find_account()
