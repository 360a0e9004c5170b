"""The embedded servers, each time a pair of this file's own in a temporary project."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis

from devtools import embedded
from devtools.embedded import account, postgres
from devtools.embedded.home import Home, processes_in


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    embedded.stop(project=tmp_path)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose servers may be killed, but whose data stay."""
    path = tmp_path_factory.mktemp("lasting")
    yield path
    embedded.stop(project=path)


def postmaster(project: Path) -> int:
    return int((project / ".local" / "postgres" / "postmaster.pid").read_text().split()[0])


def test_four_starters_at_once_get_the_same_servers(project: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from devtools import embedded;"
        "print(embedded.ensure(project=Path(sys.argv[1])))"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code, project], stdout=subprocess.PIPE, text=True, cwd=embedded.PROJECT
        )
        for _ in range(4)
    ]
    answers = {starter.communicate(timeout=60)[0] for starter in starters}
    assert len(answers) == 1 and "salesops" in answers.pop()
    assert postmaster(project) in processes_in(project / ".local" / "postgres")
    assert embedded.status(project=project) == {"PostgreSQL": True, "Redis": True}


def test_stop_leaves_no_process_and_no_socket(project: Path) -> None:
    embedded.ensure(project=project)
    sockets = Home.of(project, test=False).sockets
    embedded.stop(project=project)
    assert not processes_in(project / ".local" / "postgres") | processes_in(project / ".local" / "redis")
    assert not sockets.exists()
    embedded.stop(project=project)  # again, and nothing happens


def test_data_survive_a_killed_postmaster_with_a_busy_orphan(lasting: Path) -> None:
    services = embedded.ensure(project=lasting)
    with closing(psycopg.connect(services.database_url, autocommit=True)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        # A loop that never looks up: it outlives its postmaster and holds the shared memory.
        busy = "DO $$ BEGIN FOR i IN 1..2000000000 LOOP END LOOP; END $$"
        connection.pgconn.send_query(busy.encode())
        os.kill(postmaster(lasting), signal.SIGKILL)
        time.sleep(0.2)
        assert processes_in(lasting / ".local" / "postgres"), "the orphan should still be there"
        embedded.ensure(project=lasting)
    with psycopg.connect(services.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_data_survive_a_killed_redis(lasting: Path) -> None:
    client = redis.Redis.from_url(embedded.ensure(project=lasting).redis_url)
    client.set("kept", "yes")
    time.sleep(1.2)  # the journal is written down every second
    (server,) = processes_in(lasting / ".local" / "redis")
    os.kill(server, signal.SIGKILL)
    embedded.ensure(project=lasting)
    assert client.get("kept") == b"yes"
    client.close()


def test_servers_that_lost_their_sockets_are_found_again(lasting: Path) -> None:
    services = embedded.ensure(project=lasting)
    shutil.rmtree(Home.of(lasting, test=False).sockets)  # as a cleaner of /tmp does
    assert embedded.ensure(project=lasting) == services
    with psycopg.connect(services.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_russian_words_are_words(lasting: Path) -> None:
    with psycopg.connect(embedded.ensure(project=lasting).database_url) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        assert connection.execute(
            "SELECT upper('привет'), 'ПРИВЕТ' ILIKE 'привет', similarity('Иванов', 'Иванова') > 0.5"
        ).fetchone() == ("ПРИВЕТ", True, True)


def test_a_copied_checkout_has_servers_of_its_own(lasting: Path, tmp_path: Path) -> None:
    services = embedded.ensure(project=lasting)
    shutil.copytree(
        lasting / ".local", tmp_path / ".local", symlinks=True, ignore=shutil.ignore_patterns("postgres")
    )
    assert Home.of(tmp_path, test=False).sockets != Home.of(lasting, test=False).sockets
    assert embedded.status(project=tmp_path) == {"PostgreSQL": False, "Redis": False}
    assert embedded.ensure(project=lasting) == services


def test_a_deep_folder_with_spaces_works(tmp_path: Path) -> None:
    project = tmp_path / ("отдел продаж " * 6) / "it's a portal"
    project.mkdir(parents=True)
    assert len(str(project).encode()) > 107
    try:
        services = embedded.ensure(project=project)
        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("salesops",)
        with redis.Redis.from_url(services.redis_url) as client:
            assert client.ping()
    finally:
        embedded.stop(project=project)


def test_a_killed_first_start_leaves_nothing_half_made(project: Path) -> None:
    draft = project / ".local" / "postgres.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    assert embedded.ensure(project=project).database_url
    assert not draft.exists()


def test_servers_named_in_the_environment_are_used_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://example/db")
    monkeypatch.setenv("REDIS_URL", "redis://example/1")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert embedded.ensure(project=tmp_path) == embedded.Services(
        "postgres://example/db", "redis://example/1"
    )
    embedded.fill_environment(project=tmp_path)
    assert "SECRET_KEY" not in os.environ
    assert not list(tmp_path.iterdir())


def test_a_stranger_in_the_place_of_the_sockets_is_refused(tmp_path: Path) -> None:
    home = Home.of(tmp_path, test=False)
    home.sockets.write_text("not a folder")
    try:
        with pytest.raises(embedded.EmbeddedError, match="is somebody else's"):
            embedded.ensure(project=tmp_path)
    finally:
        home.sockets.unlink()


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _name: None)
    with pytest.raises(embedded.EmbeddedError, match="make setup"):
        embedded.ensure(project=tmp_path)


def test_data_of_another_version_are_refused(tmp_path: Path) -> None:
    data = tmp_path / ".local" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(embedded.EmbeddedError, match="is PostgreSQL 15's, but this is 18"):
        embedded.ensure(project=tmp_path)
    embedded.stop(project=tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_becomes_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "namespaces_allowed", lambda: False)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        project.chmod(0o755)
        if not may_enter(postgres.binary("postgres")):
            pytest.skip("the virtualenv lies in a folder that only root may enter")
        try:
            services = embedded.ensure(project=project)
            with psycopg.connect(services.database_url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            assert (project / ".local" / "postgres").stat().st_uid != 0
        finally:
            embedded.stop(project=project)


def may_enter(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def test_the_key_of_a_checkout_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    key = embedded._secret(path)
    assert len(key) > 40 and embedded._secret(path) == key
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
