"""What `make run` and `manage.py` say when they cannot start: one sentence, no traceback."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from unittest import mock

import psycopg
import pytest
from psycopg import sql

from devtools import embedded
from devtools.embedded import PROJECT, environment
from devtools.embedded.home import Home, processes_in
from devtools.fresh_database import HoldsRealData, Use, make_fresh
from devtools.servers import Servers

OUTSIDE = "postgres://nobody:wrong@127.0.0.1:1/none"


def say(*command: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr.strip()


def test_a_used_port_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = say("-m", "devtools.run", "--port", str(port))
    assert (code, said.count("\n")) == (1, 0)
    assert said == f"Port {port} cannot be used (Address already in use); try another: make run PORT=8001."


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DATABASE_URL": OUTSIDE}, "The database does not answer: connection failed"),
        ({"DATABASE_URL": "mysql://u@h/n"}, "Settings: DATABASE_URL: must be a postgres:// address"),
        ({"DATABASE_URL": "nonsense"}, "Settings: DATABASE_URL: is not an address such as postgres://"),
        ({"TIME_ZONE": "Mars/Olympus"}, "Settings: TIME_ZONE: 'Mars/Olympus' is not a time zone"),
        ({"SECRET_KEY": ""}, "Settings: SECRET_KEY: must be set"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(variables: dict[str, str], sentence: str) -> None:
    code, said = say("manage.py", "migrate", **variables)
    assert code == 1 and said.startswith(sentence) and said.count("\n") == 0


@pytest.fixture
def database() -> str:
    """The address of an empty database of this test's own."""
    name = f"fresh_{os.getpid()}"
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield psycopg.conninfo.make_conninfo(url, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def mirror(database: str, account: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE pipelines_account (base_url text)")
        connection.execute("INSERT INTO pipelines_account VALUES (%s)", [account])


def mirrored(database: str) -> bool:
    with psycopg.connect(database) as connection:
        return connection.execute("SELECT to_regclass('pipelines_account') IS NOT NULL").fetchone() == (True,)


def test_a_demo_starts_anew_and_gives_way_to_a_real_account(database: str) -> None:
    make_fresh(database, None, Use.DEMO)
    mirror(database, "http://127.0.0.1:1")
    make_fresh(database, None, Use.DEMO)
    assert not mirrored(database)
    mirror(database, "http://127.0.0.1:2")
    make_fresh(database, None, Use.ACCOUNT)
    assert not mirrored(database)


def test_a_real_account_is_never_thrown_away(database: str) -> None:
    mirror(database, "https://example.amocrm.ru")
    make_fresh(database, None, Use.ACCOUNT)
    assert mirrored(database)
    with pytest.raises(HoldsRealData, match="mirrors https://example.amocrm.ru"):
        make_fresh(database, None, Use.DEMO)
    assert mirrored(database)


def test_what_was_imported_from_a_file_is_never_thrown_away(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE pipelines_account (base_url text)")
        connection.execute("CREATE TABLE pipelines_deal (id bigint)")
        connection.execute("CREATE TABLE pipelines_contact (id bigint)")
        connection.execute("INSERT INTO pipelines_contact VALUES (1)")
    for use in (Use.FILE, Use.ACCOUNT, Use.FILE):
        make_fresh(database, None, use)
    with pytest.raises(HoldsRealData, match="AMO=none"):
        make_fresh(database, None, Use.DEMO)
    assert mirrored(database)


def test_a_demo_gives_way_to_files(database: str) -> None:
    make_fresh(database, None, Use.DEMO)
    mirror(database, "http://127.0.0.1:1")
    make_fresh(database, None, Use.FILE)
    assert not mirrored(database)


def test_no_amocrm_and_an_account_exclude_each_other() -> None:
    code, said = say(
        "-m",
        "devtools.run",
        "--amo",
        "none",
        AMO_BASE_URL="https://x.amocrm.ru",
        AMO_TOKEN="t",
        DATABASE_URL=OUTSIDE,
    )
    assert (code, said.count("\n")) == (1, 0) and "exclude each other" in said


def test_a_server_that_was_killed_is_started_again_with_a_word(tmp_path) -> None:
    told: list[str] = []
    noted: list[str] = []
    services = {name: os.environ.pop(name) for name in ("DATABASE_URL", "REDIS_URL")}
    try:
        embedded.ensure(project=tmp_path)
        servers = Servers(tmp_path, database=True, redis=True, noted=noted.append, tell=told.append)
        servers.look(now=True)
        assert not told
        home = Home.of(tmp_path, test=False)
        for folder in ("postgres", "redis"):
            for pid in processes_in(home.folder / folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        servers.look(now=True)
        assert noted == ["Redis", "PostgreSQL"] and servers.mended == 2
        assert all("is started again" in one for one in told)
        assert embedded.status(project=tmp_path) == {"PostgreSQL": True, "Redis": True}
    finally:
        embedded.stop(project=tmp_path)
        os.environ |= services


@pytest.fixture
def own_environment() -> Iterator[None]:
    """What the test leaves in it does not lead the tests after it to another account."""
    with mock.patch.dict(os.environ):
        yield


def test_commands_beside_a_running_portal_know_its_account(tmp_path, own_environment: None) -> None:
    (tmp_path / ".local").mkdir()
    for name in environment.NAMES:
        os.environ.pop(name, None)
    with environment.shared(tmp_path, {"AMO_BASE_URL": "http://127.0.0.1:1", "AMO_TOKEN": "t", "HOME": "/"}):
        environment.join_running_portal(tmp_path)
        assert (os.environ["AMO_BASE_URL"], os.environ["AMO_TOKEN"]) == ("http://127.0.0.1:1", "t")
        for name in environment.NAMES:
            os.environ.pop(name, None)
    environment.join_running_portal(tmp_path)
    assert "AMO_BASE_URL" not in os.environ


def test_a_portal_that_died_is_not_joined(tmp_path, own_environment: None) -> None:
    os.environ.pop("AMO_BASE_URL", None)
    (tmp_path / ".local").mkdir()
    with subprocess.Popen(["true"]) as dead:
        pass
    (tmp_path / ".local" / "run.json").write_text(
        f'{{"pid": {dead.pid}, "AMO_BASE_URL": "http://127.0.0.1:1"}}'
    )
    environment.join_running_portal(tmp_path)
    assert "AMO_BASE_URL" not in os.environ
