"""Tokens of the API: shown once, kept as a digest, ended by date, by hand and with the account."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from access.models import ApiToken
from access.tokens import LONGEST, make_token
from audit.models import Change
from core.locks import lease_now
from devtools.tests import factory
from team.models import Employee, Role
from web.tests.account_office import call_api, enter
from web.tests.account_office import markova as markova
from web.tests.account_office import nobody_has_tried as nobody_has_tried

pytestmark = pytest.mark.django_db


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
