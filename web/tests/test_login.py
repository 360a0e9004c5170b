"""The way in: who is let in, and what somebody reads who is not."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.authtoken.models import Token

from core import moment
from devtools.tests import factory
from devtools.tests.factory import NOW
from team.models import Employee, Role

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def employee() -> Employee:
    return factory.make_employee(Role.DIRECTOR, username="pavel", password=PASSWORD, language="en")


def sign_in(client: Client, password: str = PASSWORD) -> object:
    return client.post("/login/", {"username": "pavel", "password": password})


@pytest.mark.parametrize(
    ("days", "gets_in"),
    [(None, True), (1, True), (0, True), (-1, False)],
    ids=["stays", "goes", "last", "left"],
)
def test_the_last_day_ends_password_session_and_token(
    employee: Employee, days: int | None, gets_in: bool
) -> None:
    session = Client()
    sign_in(session)
    assert session.get("/deals/").status_code == 200
    employee.left_on = None if days is None else TODAY + timedelta(days=days)
    employee.save()
    token = {"Authorization": f"Token {Token.objects.create(user=employee)}"}
    assert session.get("/deals/").status_code == (200 if gets_in else 302)
    assert sign_in(Client()).status_code == (302 if gets_in else 200)
    assert Client().get("/api/v1/deals/", headers=token).status_code == (200 if gets_in else 401)


def test_a_form_that_grew_old_is_answered_by_our_own_page() -> None:
    page = Client(enforce_csrf_checks=True).post("/login/")
    assert page.status_code == 403
    text = page.content.decode()
    assert "css/tokens.css" in text
    assert "<style" not in text


def test_too_many_wrong_passwords_are_answered_by_a_page_that_says_when_to_come_back(
    employee: Employee,
) -> None:
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        page = sign_in(client, "wrong")
    assert page.status_code == 429
    text = page.content.decode()
    assert "15\xa0мин" in text.replace(" ", "\xa0")
    assert "css/tokens.css" in text


@pytest.mark.parametrize(("role", "label"), [(Role.MANAGER, "My month"), (Role.HEAD, "Managers’ money")])
def test_the_menu_names_what_opens(role: str, label: str) -> None:
    client = Client()
    client.force_login(factory.make_employee(role, factory.make_person(), language="en"))
    page = client.get("/my/").content.decode()
    assert f"<span>{label}</span>" in page
    assert label in page.partition("<h1>")[2].partition("</h1>")[0]
