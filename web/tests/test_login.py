"""The way in: who is let in, and what somebody reads who is not."""

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory

from access import attempts
from access.models import SecondFactorDemand
from access.tokens import make_token
from core import moment, redis
from core.zone import local_day
from devtools.tests import factory
from devtools.tests.factory import NOW
from team.models import Employee, HeadAssignment, Role
from web.frame import proof
from web.frame.login import StaffBackend
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


@pytest.fixture(autouse=True)
def nobody_has_tried() -> None:
    redis.client().flushdb()


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
    token = {"Authorization": f"Token {make_token(employee, 'test', may_write=True)[1]}"}
    assert session.get("/deals/").status_code == (200 if gets_in else 302)
    assert sign_in(Client()).status_code == (302 if gets_in else 200)
    assert Client().get("/api/v1/deals/", headers=token).status_code == (200 if gets_in else 401)


def test_a_form_that_grew_old_is_answered_by_our_own_page() -> None:
    page = Client(enforce_csrf_checks=True).post("/login/")
    assert page.status_code == 403
    text = page.content.decode()
    assert "css/tokens.css" in text
    assert "<style" not in text


def test_wrong_passwords_are_answered_by_a_page_that_says_when_to_come_back(employee: Employee) -> None:
    client = Client()
    for _ in range(attempts.FREE + 1):
        assert sign_in(client, "wrong").status_code == 200
    page = sign_in(client)
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "1"
    assert "Try again in 1 second" in page.content.decode() or "Повторите" in page.content.decode()
    assert "css/tokens.css" in page.content.decode()


def test_nothing_is_hashed_of_an_attempt_that_comes_too_soon(employee: Employee, monkeypatch) -> None:
    client = Client()
    for _ in range(attempts.FREE + 1):
        sign_in(client, "wrong")
    monkeypatch.setattr(Employee, "check_password", lambda *_: pytest.fail("hashed"))
    assert sign_in(client).status_code == 429


def test_nobody_can_lock_a_colleague_out(employee: Employee) -> None:
    """Neither from elsewhere nor, where the colleague has signed in before, from behind the same address."""
    used = Client()
    assert sign_in(used).status_code == 302
    used.post("/logout/")
    enemy = Client(REMOTE_ADDR="203.0.113.7")
    for _ in range(20):
        sign_in(enemy, "wrong")
    assert sign_in(enemy).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="198.51.100.4")).status_code == 302
    used.defaults["REMOTE_ADDR"] = "203.0.113.7"
    assert sign_in(used).status_code == 302


def test_a_device_is_known_for_the_name_that_signed_in_there_only(employee: Employee) -> None:
    client = Client()
    sign_in(client)
    request = RequestFactory().get("/")
    request.COOKIES = {name: one.value for name, one in client.cookies.items()}
    assert proof.known_device(request, "Pavel ")
    assert not proof.known_device(request, "markova")
    [device] = [name for name in request.COOKIES if name.startswith("device_")]
    request.COOKIES[device] += "x"
    assert not proof.known_device(request, "pavel")


def test_the_admin_has_no_door_of_its_own(employee: Employee) -> None:
    page = Client().get("/admin/login/", {"next": "/admin/team/"})
    assert page.headers["Location"] == "/login/?next=%2Fadmin%2Fteam%2F"


@pytest.mark.parametrize(("role", "label"), [(Role.MANAGER, "My month"), (Role.HEAD, "Managers’ money")])
def test_the_menu_names_what_opens(role: str, label: str) -> None:
    client = signed_in(factory.make_employee(role, factory.make_person(), language="en"))
    page = client.get("/my/").content.decode()
    assert f"<span>{label}</span>" in page
    assert label in page.partition("<h1>")[2].partition("</h1>")[0]


@pytest.mark.parametrize("role", Role.values)
def test_who_is_signed_in_is_read_as_the_query_says(role: str) -> None:
    """The statement that is built once gives what Django's own gives, on another day as well."""
    SecondFactorDemand.objects.create(role=Role.HEAD)
    factory.make_person(id=9, is_active=False)
    head = factory.make_employee(Role.HEAD, factory.make_person(id=1))
    user = head if role == Role.HEAD else factory.make_employee(role, factory.make_person(id=2))
    factory.make_employee(Role.MANAGER, factory.make_person(id=3), head=head)
    HeadAssignment.objects.update(since=TODAY)
    for days in (-1, 0):
        now = NOW + timedelta(days=days)
        moment.fix(now.isoformat())
        told = Employee.objects.with_sight(now, local_day(now)).get(pk=user.pk)
        read = StaffBackend().get_user(user.pk)
        assert [getattr(read, field.attname) for field in Employee._meta.concrete_fields] == [
            getattr(told, field.attname) for field in Employee._meta.concrete_fields
        ]
        assert (read.sees, read.leavers) == (told.sees, told.leavers) and 9 in read.leavers
        assert read.must_prove_twice is (role == Role.HEAD)
        if role == Role.HEAD:
            assert read.sees == ({1} if days else {1, 3})
    assert StaffBackend().get_user(user.pk + 1_000) is None
