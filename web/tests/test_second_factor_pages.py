"""The second factor: set up, asked for, demanded of a role, taken away."""

import re
import time

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from access import second_factor
from access.models import SecondFactorDemand
from audit.models import Change
from devtools.tests import factory
from team.models import Employee, Role
from web.tests.account_office import OLD, code_now, enter
from web.tests.account_office import markova as markova
from web.tests.account_office import nobody_has_tried as nobody_has_tried

pytestmark = pytest.mark.django_db


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


def test_the_demand_costs_no_question_of_its_own(markova: Employee, django_assert_max_num_queries) -> None:
    client = enter(markova)
    SecondFactorDemand.objects.create(role=Role.ADMIN)
    with django_assert_max_num_queries(12):
        assert client.get("/account/").status_code == 200
