"""«Мой вход» and «Доступ»: one's own password, sessions, tokens, second factor; what an administrator sees of all."""

import re
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from access import second_factor, sessions
from access.models import ApiToken, OpenSession, SecondFactorDemand
from access.tokens import LONGEST, make_token
from audit.models import Change
from core import redis
from core.locks import lease_now
from devtools.tests import factory
from team.models import Employee, Role
from web.frame import proof

pytestmark = pytest.mark.django_db
OLD, NEW = "a long enough password", "quite another secret 7"


@pytest.fixture(autouse=True)
def nobody_has_tried() -> None:
    redis.client().flushdb()


@pytest.fixture
def markova() -> Employee:
    return factory.make_employee(
        Role.MANAGER,
        factory.make_person(),
        username="markova",
        last_name="Маркова",
        password=OLD,
        language="en",
    )


def enter(user: Employee, **options: object) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def grow_old(client: Client) -> None:
    """The password was given long ago."""
    session = client.session
    session[proof.PROVED] = time.time() - proof.FRESH - 1
    session.save()


def call_api(key: str, method: str = "get", path: str = "/api/v1/deals/") -> int:
    return getattr(Client(), method)(path, headers={"Authorization": f"Token {key}"}).status_code


def code_now(user: Employee, ahead: int = 0) -> str:
    device = TOTPDevice.objects.get(user=user)
    # A code that was typed in as its half minute ended has taught the device that the telephone's clock is slow.
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0, drift=0)
    return f"{totp(device.bin_key, t0=-30 * ahead):06d}"


# The password


def change(client: Client, old: str, new: str) -> object:
    return client.post(
        "/account/password/", {"old_password": old, "new_password1": new, "new_password2": new}
    )


def test_a_new_password_ends_other_sessions_and_tokens_and_this_one_goes_on(markova: Employee) -> None:
    here, there = enter(markova), enter(markova)
    _row, key = make_token(markova, "report", may_write=False)
    assert change(here, OLD, NEW).status_code == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert call_api(key) == 401
    markova.refresh_from_db()
    assert markova.check_password(NEW)


@pytest.mark.parametrize(
    "new",
    [
        "markova1",
        "markova123",
        "МАРКОВА 2026",
        "marko-va-2026",
        "1234567890",
        "password12",
        "short1!",
        "я" * 201,
    ],
)
def test_a_password_that_can_be_guessed_is_refused(markova: Employee, new: str) -> None:
    assert change(enter(markova), OLD, new).status_code == 422
    markova.refresh_from_db()
    assert markova.check_password(OLD)


def test_a_wrong_old_password_changes_nothing_and_is_counted(markova: Employee) -> None:
    client = enter(markova)
    answers = [change(client, "wrong", NEW).status_code for _ in range(7)]
    assert answers[0] == 422
    assert 429 in answers
    markova.refresh_from_db()
    assert markova.check_password(OLD)


def test_a_password_that_is_only_hashed_anew_revokes_nothing(markova: Employee) -> None:
    _row, key = make_token(markova, "report", may_write=False)
    markova.set_password(OLD)
    markova._password = None
    markova.save()
    assert call_api(key) == 200


# Sessions


def test_a_session_is_listed_with_its_device_and_ended(markova: Employee) -> None:
    here = enter(markova)
    there = Client(HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Version/18 Safari/605", REMOTE_ADDR="203.0.113.7")
    there.post("/login/", {"username": "markova", "password": OLD})
    page = here.get("/account/").content.decode()
    assert "Safari, iOS" in page
    assert "203.0.113.7" in page
    [other] = [one for one in sessions.list_sessions(markova) if one.address == "203.0.113.7"]
    assert other.session_key not in page
    assert here.post("/account/sessions/", {"session": other.public_id}).status_code == 302
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


def test_nobody_ends_anothers_session(markova: Employee) -> None:
    enter(markova)
    [hers] = sessions.list_sessions(markova)
    stranger = enter(factory.make_employee(Role.MANAGER, factory.make_person()))
    assert stranger.post("/account/sessions/", {"session": hers.public_id}).status_code == 404
    assert sessions.list_sessions(markova).count() == 1


def test_all_others_are_ended_at_once(markova: Employee) -> None:
    here, *others = [enter(markova) for _ in range(3)]
    here.post("/account/sessions/", {"all": "1"})
    assert [one.get("/account/").status_code for one in others] == [302, 302]
    assert here.get("/account/").status_code == 200


def test_a_session_that_is_used_is_seen(markova: Employee) -> None:
    client = enter(markova)
    OpenSession.objects.update(seen_at=lease_now() - timedelta(days=1))
    client.get("/deals/")
    assert OpenSession.objects.get().seen_at < lease_now() - timedelta(hours=1), "noted within the minute"
    sessions._noted.clear()
    client.get("/deals/")
    assert OpenSession.objects.get().seen_at > lease_now() - timedelta(minutes=1)


# Tokens


def test_a_token_is_shown_once_and_kept_as_a_digest(markova: Employee) -> None:
    client = enter(markova)
    asked = {"title": "Excel", "may_write": "", "reach": "all", "days": "30"}
    page = client.post("/account/tokens/", asked).content.decode()
    [key] = re.findall(r"[0-9a-f]{40}", page)
    assert call_api(key) == 200
    assert key not in client.get("/account/").content.decode()
    token = ApiToken.objects.get()
    assert key not in str(token.__dict__)
    assert (token.expires_at - token.created_at).days == 30
    assert token.digest not in str(list(Change.objects.values_list("before", "after")))


@pytest.mark.parametrize("days", ["0", "-1", str(LONGEST + 1), "9" * 30, "x"])
def test_a_token_without_a_sensible_end_is_not_made(markova: Employee, days: str) -> None:
    answer = enter(markova).post("/account/tokens/", {"title": "a", "reach": "all", "days": days})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_token_ends_by_its_date_by_hand_and_with_the_account(markova: Employee) -> None:
    row, key = make_token(markova, "report", may_write=False)
    ApiToken.objects.update(expires_at=lease_now())
    assert call_api(key) == 401
    ApiToken.objects.update(expires_at=lease_now() + timedelta(days=1))
    assert call_api(key) == 200
    assert ApiToken.objects.get().last_used_at
    Employee.objects.filter(pk=markova.pk).update(is_active=False)
    assert call_api(key) == 401
    Employee.objects.filter(pk=markova.pk).update(is_active=True)
    stranger = enter(factory.make_employee(Role.MANAGER, factory.make_person()))
    assert stranger.post(f"/account/tokens/{row.pk}/revoke/").status_code == 404
    assert enter(markova).post(f"/account/tokens/{row.pk}/revoke/").status_code == 302
    assert call_api(key) == 401


def test_a_token_for_reading_changes_nothing() -> None:
    admin = factory.make_employee(Role.ADMIN)
    path = "/api/v1/regulations/1:2/backtest/"
    reads, writes = (make_token(admin, "x", may_write=may)[1] for may in (False, True))
    assert call_api(reads, "post", path) == 403
    assert call_api(writes, "post", path) == 404, "let through: there is no such stage"


def test_a_token_for_own_rows_sees_what_a_manager_would() -> None:
    stage = factory.make_stage(factory.make_pipeline())
    own, other = factory.make_person(), factory.make_person()
    factory.make_deal(stage, own), factory.make_deal(stage, other)
    director = factory.make_employee(Role.DIRECTOR, own)
    keys = {reach: make_token(director, "x", may_write=True, reach=reach)[1] for reach in ("own", "all")}
    seen = {
        reach: Client().get("/api/v1/deals/", headers={"Authorization": f"Token {key}"}).json()["count"]
        for reach, key in keys.items()
    }
    assert seen == {"own": 1, "all": 2}
    assert call_api(keys["own"], path="/api/v1/audit/") == 403
    assert call_api(keys["all"], path="/api/v1/audit/") == 200
    director.refresh_from_db()
    assert director.role == Role.DIRECTOR
    director.narrow()
    with pytest.raises(RuntimeError):
        director.save()


def test_the_command_prints_a_token_that_works_and_reset_ends_earlier_ones() -> None:
    factory.make_employee(Role.DIRECTOR, username="director")

    def made(*options: str) -> str:
        out = StringIO()
        call_command("drf_create_token", "director", *options, stdout=out)
        said = re.fullmatch(r"Generated token ([0-9a-f]{40}) for user director\n", out.getvalue())
        assert said
        return said[1]

    first, second = made(), made()
    assert [call_api(first), call_api(second)] == [200, 200]
    third = made("--reset")
    assert [call_api(first), call_api(second), call_api(third)] == [401, 401, 200]
    with pytest.raises(CommandError):
        call_command("drf_create_token", "nobody")
    with pytest.raises(CommandError):
        call_command("drf_create_token", "director", "--days=9999")


# The second factor


def set_up(client: Client, user: Employee) -> list[str]:
    assert "<svg" in client.get("/account/factor/").content.decode()
    page = client.post("/account/factor/", {"code": code_now(user)}).content.decode()
    return re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", page)


def test_who_only_looks_at_the_page_has_changed_nothing(markova: Employee) -> None:
    client = enter(markova)
    kept = Change.objects.filter(table=TOTPDevice._meta.db_table)
    first, again = (client.get("/account/factor/").content.decode() for _ in range(2))
    assert re.findall('class="secret">(.*?)<', first) == re.findall('class="secret">(.*?)<', again) != []
    assert client.post("/account/factor/", {"code": "000000"}).status_code == 422
    assert not kept.exists()
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    set_up(client, markova)
    assert [(one.act, one.user) for one in kept] == [("added", markova.pk)]
    second_factor.drop_factor(markova)
    assert sorted(one.act for one in kept.all()) == ["added", "removed"]


def test_signing_in_asks_for_a_code_once_it_is_set_up(markova: Employee) -> None:
    here, there = enter(markova), enter(markova)
    codes = set_up(here, markova)
    assert len(codes) == second_factor.CODES
    assert there.get("/account/").status_code == 302, "sessions without it have ended"
    client = Client()
    form = {"username": "markova", "password": OLD}
    assert client.post("/login/?next=/deals/", form).headers["Location"] == "/login/code/"
    assert client.get("/deals/").status_code == 302, "half in is out"
    assert client.post("/login/code/", {"code": "000000"}).status_code == 422
    assert client.post("/login/code/", {"code": code_now(markova, 1)}).status_code == 302
    assert client.get("/deals/").status_code == 200
    again = Client()
    again.post("/login/", form)
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    assert again.post("/login/code/", {"code": codes[0].upper()}).status_code == 302
    assert again.get("/deals/").status_code == 200
    assert not second_factor.is_right(markova, codes[0]), "once"
    assert second_factor.is_right(markova, codes[1])


def test_codes_are_counted_like_passwords(markova: Employee) -> None:
    set_up(enter(markova), markova)
    client = Client()
    client.post("/login/", {"username": "markova", "password": OLD})
    answers = [client.post("/login/code/", {"code": "123456"}).status_code for _ in range(8)]
    assert answers[0] == 422
    assert 429 in answers


def test_the_code_page_is_nobodys_without_a_right_password(markova: Employee) -> None:
    set_up(enter(markova), markova)
    client = Client()
    assert client.post("/login/code/", {"code": code_now(markova, 1)}).headers["Location"] == "/login/"
    client.post("/login/", {"username": "markova", "password": OLD})
    session = client.session
    session["half_in"] |= {"at": time.time() - 301}
    session.save()
    assert client.post("/login/code/", {"code": code_now(markova, 1)}).headers["Location"] == "/login/"


def test_a_role_that_demands_it_opens_nothing_else(markova: Employee) -> None:
    admin = enter(factory.make_employee(Role.ADMIN, is_staff=True, is_superuser=True))
    client = enter(markova)
    assert client.get("/deals/").status_code == 200
    assert admin.post("/access/demand/", {"roles": ["manager"]}).status_code == 302
    assert client.get("/deals/").headers["Location"] == "/account/factor/"
    assert client.get("/api/v1/deals/").status_code == 403
    assert client.get("/deals/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account/factor/"
    set_up(client, markova)
    assert client.get("/deals/").status_code == 200
    assert client.post("/account/factor/off/").status_code == 302
    assert second_factor.has_factor(markova)
    assert admin.post("/access/demand/", {"roles": []}).status_code == 302
    client.post("/account/factor/off/")
    assert not second_factor.has_factor(markova)
    assert [one.act for one in Change.objects.filter(table="access_secondfactordemand")] == [
        "removed",
        "added",
    ]


def test_an_administrator_takes_a_lost_factor_away_and_its_secret_is_nowhere(markova: Employee) -> None:
    set_up(enter(markova), markova)
    device = TOTPDevice.objects.get()
    admin = enter(factory.make_employee(Role.ADMIN, is_staff=True, is_superuser=True))
    page = admin.get("/access/").content.decode()
    assert "Маркова" in page
    assert device.key not in page
    assert device.key not in str(list(Change.objects.values_list("before", "after")))
    assert admin.get(f"/admin/otp_totp/totpdevice/{device.pk}/change/").status_code == 404
    admin.post(f"/access/people/{markova.pk}/factor/")
    assert not second_factor.has_factor(markova)
    assert (
        Client().post("/login/", {"username": "markova", "password": OLD}).headers["Location"]
        != "/login/code/"
    )


# The password again


def test_closing_a_month_asks_for_the_password_once_more_and_goes_on_with_what_was_posted() -> None:
    user = factory.make_employee(Role.FINANCE, password=OLD, language="en")
    client = enter(user)
    grow_old(client)
    asked = client.post("/my/close/", {"period": "2026-01"})
    page = asked.content.decode()
    assert asked.status_code == 200
    assert 'name="period" value="2026-01"' in page
    form = {"period": "2026-01", "after_password": "sent"}
    assert client.post("/my/close/", form | {"password_again": "wrong"}).status_code == 422
    assert client.post("/my/close/", form | {"password_again": OLD}).status_code == 302, (
        "the view has answered"
    )
    assert client.post("/my/close/", {"period": "2026-01"}).status_code == 302, "just given"


def test_a_page_that_shows_keys_opens_after_the_password() -> None:
    admin = enter(factory.make_employee(Role.ADMIN, password=OLD, is_staff=True, is_superuser=True))
    grow_old(admin)
    assert 'name="password_again"' in admin.get("/access/").content.decode()
    assert admin.post("/access/", {"password_again": OLD}).headers["Location"] == "/access/"
    assert admin.get("/access/").status_code == 200


def test_the_connection_with_its_keys_opens_after_the_password() -> None:
    admin = enter(factory.make_employee(Role.ADMIN, password=OLD, is_staff=True, is_superuser=True))
    grow_old(admin)
    assert 'name="password_again"' in admin.get("/connect/").content.decode()
    for path in ("/connect/token/", "/connect/keys/", "/connect/load/"):
        assert 'name="password_again"' in admin.post(path, {"x": "1"}).content.decode()
    assert admin.post("/connect/", {"password_again": "wrong"}).status_code == 422
    assert admin.post("/connect/", {"password_again": OLD}).headers["Location"] == "/connect/"
    assert 'name="password_again"' not in admin.get("/connect/").content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {"usable_password": "false", "password1": "", "password2": "", "unset-password": "1"},
        {"usable_password": "true", "password1": "quite another one", "password2": "quite another one"},
    ],
    ids=["taken away", "another"],
)
def test_a_password_that_an_administrator_sets_or_takes_away_ends_what_the_old_one_opened(
    markova: Employee, sent: dict[str, str]
) -> None:
    browser, (_row, key) = enter(markova), make_token(markova, "BI", may_write=False)
    admin = enter(factory.make_employee(Role.ADMIN, password=OLD, is_staff=True, is_superuser=True))
    page = admin.post(f"/admin/team/employee/{markova.pk}/password/", sent)
    assert page.status_code == 302
    assert browser.get("/account/").status_code == 302
    assert not OpenSession.objects.filter(user=markova).exists()
    assert call_api(key) == 401
    assert admin.get("/account/").status_code == 200


def test_an_administrators_own_password_ends_other_sessions_and_this_one_goes_on() -> None:
    user = factory.make_employee(Role.ADMIN, password=OLD, is_staff=True, is_superuser=True)
    here, there = enter(user), enter(user)
    sent = {"usable_password": "true", "password1": "quite another one", "password2": "quite another one"}
    assert here.post(f"/admin/team/employee/{user.pk}/password/", sent).status_code == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302


def test_the_demand_costs_no_question_of_its_own(markova: Employee, django_assert_max_num_queries) -> None:
    client = enter(markova)
    SecondFactorDemand.objects.create(role=Role.ADMIN)
    with django_assert_max_num_queries(12):
        assert client.get("/account/").status_code == 200
