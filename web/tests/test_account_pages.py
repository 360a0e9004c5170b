"""«Мой вход» and «Доступ»: one's own password and sessions, and what asks for the password once more."""

from datetime import timedelta

import pytest
from django.test import Client

from access import sessions
from access.models import OpenSession
from access.tokens import make_token
from core.locks import lease_now
from devtools.tests import factory
from team.models import Employee, Role
from web.tests.account_office import NEW, OLD, call_api, enter, grow_old
from web.tests.account_office import markova as markova
from web.tests.account_office import nobody_has_tried as nobody_has_tried

pytestmark = pytest.mark.django_db


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
