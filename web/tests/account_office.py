"""Somebody with a password, and what he does with it, for the tests of logins, tokens and the second factor."""

import time

import pytest
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from core import redis
from devtools.tests import factory
from team.models import Employee, Role
from web.frame import proof

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
