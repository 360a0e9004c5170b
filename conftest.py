"""Tests run on a real PostgreSQL and Redis: those of the environment, or the embedded ones for tests.

``TEST_DB_NAME`` (default ``test_salesops``) lets several runs share one checkout.
"""

import gc
import os
import ssl
from collections.abc import Generator, Iterator
from functools import cache
from time import monotonic
from typing import Any

import django
import hypothesis
import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import rsa

from core import account, changes, collecting
from core import redis as own_redis
from devtools import embedded, lanes
from devtools.embedded.home import Home

pytest_plugins = ["pipelines.tests.amo"]  # an account over HTTP, for the tests of every room

# what Django writes after migrating: to delete it and to write it anew takes 25 ms a test
OF_MIGRATIONS = {"django_content_type", "auth_permission"}
SWEPT_EVERY = 5.0  # seconds, between modules
BEGUN_FIRST = ("/faults/", "test_bpi2012.py", "test_demo_company.py")
in_use: dict[str, float] = {}  # of the lane's database: when it was swept last

OF_CHANNELS = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL", "TELEGRAM_HOOK_SECRET", "EMAIL_URL", "EMAIL_FROM")
outside_redis = os.environ.get("REDIS_URL")
for name in (
    "AMO_BASE_URL",
    "AMO_TOKEN",
    "AMO_RATE",
    "DEBUG",
    "DEMO",
    "SALESOPS_NOW",
    "TIME_ZONE",
    *OF_CHANNELS,
):
    os.environ.pop(name, None)  # a developer's shell must not change what is tested
os.environ["SECRET_KEY"] = "only-for-tests-0123456789-abcdefghijklm"
os.environ["PORTAL_URL"] = (
    "http://127.0.0.1:9"  # nobody listens there: a portal that is run beside tests hears no bell
)
os.environ["DJANGO_SETTINGS_MODULE"] = "salesops.settings"
try:
    embedded.fill_environment(test=True)
except embedded.EmbeddedError as error:
    pytest.exit(str(error), returncode=3)
if not outside_redis:
    os.environ["REDIS_URL"] = lanes.choose_redis(os.environ)
django.setup()

from django.conf import settings
from django.core.management.commands import flush
from django.db import connection, transaction

from devtools import migrated_database
from jobs import kept_reports
from kpi import kept_cases
from metrics import losses
from qc import dwell
from qc.defaults import ensure_defaults
from web.frame import totals

# A machine that does other work besides is slow, and no Redis that hangs: pages would count what is kept for them. Nor
# is it a large account: what one test has read slowly another would be given.
own_redis.PATIENCE = losses.SLOW = kept_cases.SLOW = kept_reports.QUICK = totals.SLOW = dwell.SLOW = 30.0
# Otherwise the threads of live_server would hold the database at the end.
settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # logins cost nothing
hypothesis.settings.register_profile(
    "salesops", suppress_health_check=[hypothesis.HealthCheck.too_slow]
)  # a machine that does other work besides draws slowly
hypothesis.settings.load_profile("salesops")
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Lanes begin as this process did, and choose for themselves.

    They inherit its environment: with the settings named there pytest-django would read them before any conftest, and
    every lane would have the first one's Redis.
    """
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    if not outside_redis:
        os.environ.pop("REDIS_URL", None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """What is collected lives to the end: the garbage collector would go through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)  # tests make rows by the thousand, and few of them in circles
        gc.enable()


def pytest_sessionfinish() -> None:
    """pytest ends with ten collections of everything, to hear what garbage complains of: when none is left, they find
    nothing and need look at nothing."""
    while gc.collect():
        pass
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The days of faults wait more than they work: begun first, another lane does all the rest beside them.

    So are modules that load a company for half a minute: an idle lane takes over from the end of what another has, and
    would load it once more.
    """
    items.sort(key=lambda item: not any(name in item.nodeid for name in BEGUN_FIRST))


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """The roots of trust and the sandbox's key, 60 ms together: hundreds of tests speak HTTP, and all alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        patch.setattr(rsa, "generate_private_key", cache(rsa.generate_private_key))
        # A command that is called here would walk over all tests, which were set aside once and for all.
        patch.setattr(collecting, "set_loaded_aside", lambda: None)
        yield


@pytest.fixture(autouse=True)
def unknown_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test before this one knew of the account has been rolled back with it.

    Within a test it is asked once, however slow the machine: numbers of queries would depend on it.
    """
    account.forget()
    changes.announce_change()  # nor are the desk's figures, which Redis keeps for a quarter of a minute
    monkeypatch.setattr(account, "KEPT_FOR", 3600.0)


@pytest.fixture(autouse=True)
def unbanned() -> Iterator[None]:
    """An account that a test was banned from is nobody's afterwards: the next one may be served on the same port."""
    client = own_redis.client()  # before the test puts another one in its place
    yield
    if kept := client.keys("amo:*"):
        client.delete(*kept)  # type: ignore[misc]  # a list, as the client is not an asynchronous one


@pytest.fixture(scope="session", autouse=True)
def empty_redis() -> Iterator[None]:
    """Nothing of an earlier run is in the way, and nothing of this one stays."""
    if str(Home.of(embedded.PROJECT, test=True).sockets) in settings.REDIS_URL:
        assert lanes.choose_redis(os.environ) == settings.REDIS_URL, "that is another lane's"
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield
    client.flushdb()
    client.close()


def delete_rows(ops: Any, style: Any, tables: list[str], **options: bool) -> list[str]:
    """After a test of real transactions Django truncates a hundred tables: each and its indexes get files of their own,
    260 ms of the server's time. The test has left a few rows, to delete which takes 5 ms. A superuser may only."""
    names = [f'"{table}"' for table in tables if table not in OF_MIGRATIONS]
    return [
        "SET LOCAL session_replication_role = replica",  # no trigger keeps or forbids it, no key asks for an order
        f"LOCK TABLE {', '.join(names)}",  # as TRUNCATE does: what others have not ended is waited for
        *(f"DELETE FROM {name}" for name in names),
    ]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_blocker: Any,
) -> Iterator[None]:
    """Instead of pytest-django's, which migrates for each lane and each run."""
    name = settings.DATABASES["default"]["TEST"]["NAME"]
    with django_db_blocker.unblock():
        if django_db_keepdb and not django_db_createdb:
            migrated_database.use(name)
        else:
            migrated_database.create_migrated(name)
        with connection.cursor() as cursor:
            # Tests of real transactions empty all tables behind them, the audit with them.
            cursor.execute("ALTER TABLE audit_change DISABLE TRIGGER audit_guard_all")
            cursor.execute("SHOW is_superuser")
            [superuser] = cursor.fetchone()
    in_use["swept"] = monotonic()
    with pytest.MonkeyPatch.context() as patch:
        if superuser == "on":
            patch.setattr(type(connection.ops), "sql_flush", delete_rows)
            patch.setattr(flush, "emit_post_migrate_signal", lambda *said: ensure_defaults())
        yield
    in_use.clear()
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            migrated_database.remove(name)


@pytest.fixture(scope="module", autouse=True)
def swept(django_db_blocker: Any) -> Iterator[None]:
    """The server of tests vacuums nothing by itself, and what a test undoes stays in its tables as dead rows: after a
    bank's log or a thousand tests every read went through them, and a test of two seconds took fifty.

    The catalogs that all databases share are left out: lanes would wait for each other there, for a minute at times.
    """
    yield
    if in_use and monotonic() - in_use["swept"] > SWEPT_EVERY:
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            cursor.execute(f"VACUUM {', '.join(map(connection.ops.quote_name, tables))}")
        connection.close()
        in_use["swept"] = monotonic()


@pytest.fixture(scope="module")
def rows_of_module(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Fixtures of a module that stand on this make their rows once; each test's own changes are undone as ever.

    Not for modules with tests of real transactions (``transaction=True``): those empty all tables.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
