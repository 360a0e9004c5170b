"""Tokens from before: in clear in a table that has gone, and still let their programs in."""

from importlib import import_module

import pytest
from django.db import connection

from access.models import ApiToken
from access.tokens import find_token
from devtools.tests import factory

earlier = import_module("access.migrations.0002_earlier_tokens")
KEY = "401f7ac837da42b97f613d789819ff93537bee6a"


@pytest.mark.django_db
def test_an_earlier_token_goes_on_and_its_clear_text_goes() -> None:
    user = factory.make_employee()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE authtoken_token (key varchar(40), created timestamptz, user_id bigint)")
        cursor.execute(
            "INSERT INTO authtoken_token VALUES (%s, now() - interval '1 year', %s)", [KEY, user.pk]
        )
        cursor.execute(earlier.TAKE_OVER)
        cursor.execute("SELECT to_regclass('authtoken_token')")
        assert cursor.fetchone() == (None,)
        cursor.execute(earlier.TAKE_OVER)
    found = find_token(KEY)
    assert found is not None
    assert (found.user, found.may_write, found.reach) == (user, True, ApiToken.Reach.ALL)
    assert ApiToken.objects.count() == 1
