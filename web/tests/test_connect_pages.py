"""Connecting an account on a page, from a key to the first load, against a sandbox that plays amoCRM."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.utils import translation

from core import moment
from jobs import mirror
from pipelines.account import connection, credentials
from pipelines.account.connection import CannotConnect
from pipelines.account.credentials import Consent, LongLived
from pipelines.account.webhook_address import doubt_address
from pipelines.mirror import selection
from pipelines.models import Account, Cursor
from pipelines.tests.loads import populate
from sandbox.faults import Fault
from sandbox.server import Handle, serve_in_thread
from sandbox.world import World
from team.models import Role
from web.tests.connect_office import admin as admin
from web.tests.connect_office import consent, enter_keys, enter_token, login, start, text, visit_amo
from web.tests.connect_office import loads as loads
from web.tests.connect_office import portal as portal

pytestmark = pytest.mark.django_db
PAGES = ("/connect/", "/connect/consent/", "/connect/callback/")
FORMS = ("/connect/token/", "/connect/keys/", "/connect/load/")


def test_the_way_with_a_long_lived_token(portal: Handle, admin: Client, loads: list[int]) -> None:
    assert "With a long-lived token" in text(admin.get("/connect/"))
    answer = enter_token(admin, portal)
    assert answer.status_code == 302 and answer["Location"] == "/connect/"
    with pytest.raises(CannotConnect, match="pipelines are chosen"), translation.override("en"):
        connection.find_account()
    page = text(admin.get("/connect/"))
    (pipeline,) = portal.world.pipelines.values()
    assert pipeline.name in page and "is an administrator: everything is seen" in page
    assert loads == []
    page = text(start(admin, [pipeline.id], hooks="on"))
    assert loads == [1] and "The first load" in page and portal.world.account.name in page
    (hook,) = portal.world.webhooks.values()
    assert hook.destination.startswith("http://testserver/hooks/amocrm/")
    account = connection.find_account()
    assert account.pipelines is None, "all were chosen, later ones included"
    assert account.mirrored_since == moment.now()


def test_the_way_with_a_consent(portal: Handle, admin: Client, loads: list[int]) -> None:
    answer = enter_keys(admin, portal)
    assert "Go to amoCRM and agree" in text(admin.get(answer["Location"]))
    assert portal.app.integration.client_secret not in repr(dict(admin.session)), "encrypted in the session"
    back = visit_amo(admin)
    assert "What the token opens" in text(admin.get(back, follow=True))
    account = Account.objects.get()
    assert (
        isinstance(credentials.decrypt_credentials(account), Consent)
        and account.name == portal.world.account.name
    )
    (pipeline,) = portal.world.pipelines
    assert "renewed by itself" in text(start(admin, [pipeline])) and loads == [1]
    assert not portal.world.webhooks, "nobody asked for hooks"


def test_the_keys_of_the_environment_are_not_asked_for(portal: Handle, admin: Client) -> None:
    keys = portal.app.integration
    with override_settings(AMO_CLIENT_ID=keys.client_id, AMO_CLIENT_SECRET=keys.client_secret):
        assert "keys-client_id" not in admin.get("/connect/").content.decode()
        admin.post("/connect/keys/", {"keys-address": portal.url})
        assert "What the token opens" in text(admin.get(visit_amo(admin), follow=True))


def test_a_refused_consent_changes_nothing(portal: Handle, admin: Client) -> None:
    portal.app.consent = False
    assert "Access was refused in amoCRM; nothing was changed." in text(consent(admin, portal))
    assert not Account.objects.exists()
    portal.app.consent = True
    assert "What the token opens" in text(admin.get(visit_amo(admin), follow=True)), "the keys are still here"


def forged(back: str, **changed: str | None) -> str:
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | changed
    return "/connect/callback/?" + urlencode(
        {name: value for name, value in query.items() if value is not None}
    )


@pytest.mark.parametrize("state", ["forged", "", None, "ё"])
def test_a_forged_answer_is_not_believed_and_does_not_spoil_the_true_one(
    portal: Handle, admin: Client, state: str | None
) -> None:
    enter_keys(admin, portal)
    back = visit_amo(admin)
    assert "belongs to no consent that was begun here" in text(
        admin.get(forged(back, state=state), follow=True)
    )
    assert not Account.objects.exists() and not portal.app.counters["POST /oauth2/access_token"]
    admin.get(back)
    assert Account.objects.exists()


def test_an_answer_belongs_to_the_session_that_began(portal: Handle, admin: Client) -> None:
    enter_keys(admin, portal)
    back = visit_amo(admin)
    other = login()
    enter_keys(other, portal)
    visit_amo(other)
    assert "belongs to no consent" in text(other.get(back, follow=True)) and not Account.objects.exists()


def test_an_answer_is_good_once(portal: Handle, admin: Client) -> None:
    enter_keys(admin, portal)
    back = visit_amo(admin)
    admin.get(back)
    before = credentials.decrypt_credentials(Account.objects.get())
    assert "it was used already" in text(admin.get(back, follow=True))
    assert credentials.decrypt_credentials(Account.objects.get()) == before


def test_a_code_that_was_used_is_one_sentence(portal: Handle, admin: Client) -> None:
    enter_keys(admin, portal)
    back = visit_amo(admin)
    code = parse_qs(urlsplit(back).query)["code"][0]
    keys = portal.app.integration
    portal.app.tokens.exchange(
        {
            "client_id": keys.client_id,
            "client_secret": keys.client_secret,
            "redirect_uri": keys.redirect_uri,
            "grant_type": "authorization_code",
            "code": code,
        }
    )
    assert "the code was used before or is older than 20 minutes" in text(admin.get(back, follow=True))
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    "referer", ["evil.example", "", "example.amocrm.ru.evil.example", "http://10.0.0.1:1", "www.amocrm.ru"]
)
def test_the_secret_is_sent_to_amocrm_only(portal: Handle, admin: Client, referer: str) -> None:
    enter_keys(admin, portal)
    answer = admin.get(forged(visit_amo(admin), referer=referer), follow=True)
    assert "is not the address of an amoCRM account" in text(answer) and not Account.objects.exists()


def test_without_demo_and_debug_no_sandbox_is_taken_for_amocrm(portal: Handle, admin: Client) -> None:
    with override_settings(DEBUG=False, DEMO=False):
        assert "is not the address of an amoCRM account" in text(enter_token(admin, portal))
        assert "is not the address of an amoCRM account" in text(enter_keys(admin, portal))
    assert not Account.objects.exists()


@pytest.mark.parametrize("missing", [{"code": None}, {"code": None, "error": "server_error"}])
def test_an_answer_without_a_code_is_one_sentence(portal: Handle, admin: Client, missing: dict) -> None:
    enter_keys(admin, portal)
    page = text(admin.get(forged(visit_amo(admin), **missing), follow=True))
    assert "no code in amoCRM" in page or "gave no access: server_error" in page
    assert not Account.objects.exists()


def test_another_account_is_refused_either_way(portal: Handle, admin: Client) -> None:
    enter_token(admin, portal)
    before = Account.objects.get().credentials
    other = serve_in_thread(World.from_data({"account": {"id": 77, "name": "Другая"}}, now=moment.now()))
    other.app.integration.redirect_uri = "http://testserver/connect/callback/"
    try:
        assert "needs a portal of its own" in text(enter_token(admin, other))
        assert "needs a portal of its own" in text(consent(admin, other))
    finally:
        other.stop()
    assert bytes(Account.objects.get().credentials or b"") == bytes(before or b"")


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "This field is required"),
        ({"token-address": "зайка", "token-token": "T"}, "is not the address of an amoCRM account"),
        ({"token-address": "http://[::1", "token-token": "T"}, "is not the address of an amoCRM account"),
        ({"token-address": "http://127.0.0.1:9", "token-token": "жетон"}, "consists of Latin letters"),
        ({"token-address": "http://127.0.0.1:9", "token-token": "T"}, "does not answer"),
        ({"token-address": "http://127.0.0.1:9", "token-token": "x" * 6000}, "at most 5000"),
        ({"token-address": "x" * 300, "token-token": "T"}, "at most 200"),
    ],
)
def test_nonsense_is_answered_on_the_form_and_saves_nothing(admin: Client, form: dict, sentence: str) -> None:
    answer = admin.post("/connect/token/", form)
    assert answer.status_code == 422 and sentence in text(answer) and not Account.objects.exists()


def test_a_wrong_token_is_one_sentence(portal: Handle, admin: Client) -> None:
    answer = enter_token(admin, portal, "wrong")
    assert answer.status_code == 422 and "does not accept the token" in text(answer)


@pytest.mark.parametrize("pipelines", [[], [999], ["x"], ["1; DROP TABLE"]])
def test_a_choice_that_amocrm_does_not_know_starts_nothing(
    portal: Handle, admin: Client, loads: list[int], pipelines: list
) -> None:
    enter_token(admin, portal)
    answer = start(admin, pipelines)
    assert answer.status_code == 422 and not loads and Account.objects.get().mirrored_since is None


def test_what_an_ordinary_users_token_sees_is_said(portal: Handle, admin: Client) -> None:
    user = portal.world.create_user(name="Менеджер", email="m@example.com").id
    enter_keys(admin, portal)
    code = portal.app.tokens.new_code(user, is_admin=False)
    page = text(admin.get(forged(visit_amo(admin), code=code), follow=True))
    assert "belongs to an ordinary user" in page and "may not set up hooks" in page
    (pipeline,) = portal.world.pipelines
    assert "may not set up hooks: changes are asked for every minute." in text(
        start(admin, [pipeline], hooks="on")
    )
    assert Account.objects.get().mirrored_since is not None


def test_an_amocrm_that_is_out_of_order_while_choosing_is_one_sentence(portal: Handle, admin: Client) -> None:
    enter_token(admin, portal)
    portal.app.faults.add(Fault(path="/api/", status=500, times=99))
    page = text(admin.get("/connect/"))
    assert "is out of order now" in page and "Try again" in page
    assert "is out of order now" in text(start(admin, [1]))


def test_the_environment_wins_and_the_page_is_read_only(portal: Handle, admin: Client) -> None:
    with override_settings(AMO_BASE_URL=portal.url, AMO_TOKEN=portal.token):
        connection.find_account()
        page = admin.get("/connect/?key=1&pipelines=1")
        assert "wins over this page" in text(page) and "<textarea" not in page.content.decode()
        for address in FORMS:
            assert admin.post(address).status_code == 404
        for address in PAGES[1:]:
            assert admin.get(address).status_code == 404
        assert admin.get("/connect/?check=1").status_code == 200


def test_who_does_not_want_hooks_gets_none(portal: Handle, admin: Client) -> None:
    consent(admin, portal)
    start(admin, list(portal.world.pipelines))
    mirror.pull_dictionaries()
    assert not portal.world.webhooks
    start(admin, list(portal.world.pipelines), hooks="on")
    mirror.pull_dictionaries()
    assert portal.world.webhooks


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.ADMIN])
def test_only_an_administrator_connects(role: str) -> None:
    client = login(role)
    assert {client.get(address).status_code for address in PAGES} == {404}
    assert {client.post(address).status_code for address in FORMS} == {404}


def test_a_stranger_is_asked_to_sign_in() -> None:
    for address in (*PAGES, *FORMS):
        answer = Client().get(address)
        assert answer.status_code == 302 and answer["Location"].startswith("/login/")
    assert Client().get("/connect/off/").status_code == 404


def test_a_public_account_and_a_portal_at_home_is_doubted() -> None:
    account = "https://example.amocrm.ru"
    with translation.override("en"):
        for portal in ("http://127.0.0.1:8000", "http://10.0.0.5", "https://[::1]/", "http://81.2.69.142"):
            assert "bare IP" in doubt_address(portal, account)
        for portal in ("http://localhost:8000", "https://portal", "https://portal.local"):
            assert "inside your network" in doubt_address(portal, account)
        assert "Latin letters" in doubt_address("https://портал.рф", account)
        assert "Latin letters" in doubt_address("https://xn--80aswg.xn--p1ai", account)
    assert doubt_address("https://sales.example.ru", account) == ""
    assert doubt_address("http://127.0.0.1:8000", "http://127.0.0.1:8765") == "", "a sandbox rings anywhere"


def test_keys_are_rotated_and_a_wrong_one_changes_nothing(portal: Handle, admin: Client, capsys: Any) -> None:
    first, second = (Fernet.generate_key().decode() for _ in range(2))
    enter_token(admin, portal)  # with SECRET_KEY alone
    with override_settings(CREDENTIALS_KEYS=[first]):
        call_command("amo_rotate_keys")
    with override_settings(SECRET_KEY="another", CREDENTIALS_KEYS=[second]):
        before = bytes(Account.objects.get().credentials or b"")
        with pytest.raises(CommandError, match="CREDENTIALS_KEYS"), translation.override("en"):
            call_command("amo_rotate_keys")
        assert bytes(Account.objects.get().credentials or b"") == before
        assert "cannot be decrypted" in text(login().get("/connect/"))
    with override_settings(SECRET_KEY="another", CREDENTIALS_KEYS=[second, first]):
        call_command("amo_rotate_keys")
    with override_settings(SECRET_KEY="another", CREDENTIALS_KEYS=[second]):
        assert credentials.decrypt_credentials(Account.objects.get()) == LongLived(portal.token)
    assert capsys.readouterr().out.count(": 1.") == 2


def test_a_wider_choice_is_loaded_and_a_narrower_one_keeps_what_stands(
    portal: Handle, admin: Client, loads: list[int]
) -> None:
    populate(portal.world, 3)
    more = portal.world.create_pipeline(name="Опт", stages=["Новая"]).id
    (first, *_others) = portal.world.pipelines
    enter_token(admin, portal)
    start(admin, [first])
    assert selection.chosen_pipelines() == {first}
    Cursor.objects.create(entity="deals", as_of=moment.now(), state="ready")
    start(admin, [first, more])
    assert selection.chosen_pipelines() is None and Cursor.objects.get(entity="deals").as_of is None
    Cursor.objects.update(as_of=moment.now())
    start(admin, [more])
    assert Cursor.objects.get(entity="deals").as_of is not None, "nothing is read again, nothing is deleted"
    assert len(loads) == 3
