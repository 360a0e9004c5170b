"""Under which user PostgreSQL runs: it refuses to be root, and a fresh container has nobody else."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.embedded.home import EmbeddedError

# Inside a user namespace the server sees a harmless user, while its files stay the caller's: no chown, no
# useradd, and it works below folders that only root may enter.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")

# Nothing of the caller: PGOPTIONS would change the server, and a token would stay in its environment.
CLEAN_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


@dataclass(frozen=True)
class Account:
    """How to run a program as a user that PostgreSQL accepts, and who will own its files."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def run(self, command: Sequence[str | Path], *, stdin: str = "", timeout: float = 120) -> tuple[int, str]:
        """Run to the end, out of reach of the terminal's Ctrl-C; returns the exit code and all output."""
        change = self.uid != os.geteuid()
        done = subprocess.run(
            [*self.prefix, *command],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd="/",
            start_new_session=True,
            env=CLEAN_ENVIRONMENT,
            user=self.uid if change else None,
            group=self.gid if change else None,
            extra_groups=[] if change else None,
        )
        return done.returncode, done.stdout.strip()


def account_for(data: Path) -> Account:
    """The account that owns ``data`` or, before it exists, the one that shall."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    if namespaces_allowed():
        return Account(0, 0, NAMESPACE)
    if data.exists():
        raise EmbeddedError(
            f"{data} is root's, as whom PostgreSQL refuses to run; remove it or set DATABASE_URL."
        )
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise EmbeddedError("PostgreSQL refuses to run as root here; use an ordinary user or set DATABASE_URL.")


def namespaces_allowed() -> bool:
    """Containers often forbid user namespaces; only trying tells."""
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
