"""`manage.py logins` for a real account, which a sandbox plays here."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from sandbox.server import Handle, serve_in_thread
from sandbox.tests.conftest import NOW, account_data
from sandbox.world import World
from team.models import Employee, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def amo() -> Iterator[Handle]:
    handle = serve_in_thread(World.from_data(account_data(), now=NOW))
    yield handle
    handle.stop()


def logins() -> str:
    out = StringIO()
    call_command("logins", stdout=out)
    return out.getvalue()


def test_the_first_logins_are_made_and_shown_once(amo: Handle, settings) -> None:
    settings.AMO_BASE_URL, settings.AMO_TOKEN = amo.url, amo.token
    passwords = {line.split()[0]: line.split()[1] for line in logins().splitlines()}
    assert passwords.keys() == {"director", "admin", "controller"}
    assert all(Employee.objects.get(username=name).check_password(passwords[name]) for name in passwords)
    managers = Employee.objects.filter(role=Role.MANAGER)
    assert {one.person.name for one in managers} == {"u11", "u12", "u13"}  # u14 has gone
    assert not any(one.has_usable_password() for one in managers)
    assert logins() == ""
    assert Employee.objects.count() == 6


@pytest.mark.parametrize("token", ["wrong", None])
def test_without_a_connection_nothing_is_made(amo: Handle, settings, token: str | None) -> None:
    settings.AMO_BASE_URL, settings.AMO_TOKEN = amo.url, token or amo.token
    if token is None:
        amo.stop()
    with pytest.raises(CommandError):
        logins()
    assert not Employee.objects.exists()


def test_the_demo_shows_its_logins_and_makes_none(settings) -> None:
    settings.DEMO = True
    Employee.objects.create_user("gusev", password="demo", role=Role.MANAGER, first_name="Павел")
    assert logins().split()[:2] == ["gusev", "demo"]
    assert Employee.objects.count() == 1
