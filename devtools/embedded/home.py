"""Where the embedded servers live: data under ``.local``, sockets in a short private folder, one lock."""

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_FOLDER = 80  # the kernel allows 107 bytes for the whole path of a socket


class EmbeddedError(Exception):
    """A server could not be found, started or stopped; the text is one sentence for a person."""


@dataclass(frozen=True)
class Home:
    """The folders of one pair of servers."""

    folder: Path
    test: bool

    @classmethod
    def of(cls, project: Path, *, test: bool) -> "Home":
        folder = project.resolve() / ".local"
        return cls(folder / "test" if test else folder, test)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one process at a time start or stop servers."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = open(self.folder / "embedded.lock", "a")  # noqa: SIM115 - closed two lines below
        except OSError as error:
            raise EmbeddedError(f"{self.folder} is not yours to write to ({error.strerror}).") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def sockets(self) -> Path:
        """The folder of the sockets; ``.local/sockets`` leads there, whatever TMPDIR says later."""
        name = "salesops-" + hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        link = self.folder / "sockets"
        # A copied checkout brings a link along that leads to the servers of the original: the name tells.
        if link.is_symlink() and (known := link.readlink()).name == name:
            return known
        temporary = Path(tempfile.gettempdir())
        if len(os.fsencode(temporary)) > LONGEST_SOCKET_FOLDER - len(name):
            temporary = Path("/tmp")
        return temporary / name

    def make_sockets(self, owner: int) -> Path:
        """Create the folder of the sockets, open to ``owner`` (a user id) alone. Call with the lock held."""
        folder, link = self.sockets, self.folder / "sockets"
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), owner):
            raise EmbeddedError(f"{folder} is somebody else's; remove it, or set TMPDIR to another folder.")
        folder.chmod(0o700)
        if found.st_uid != owner:
            os.chown(folder, owner, -1)
        if not (link.is_symlink() and link.readlink() == folder):
            link.unlink(missing_ok=True)
            link.symlink_to(folder)
        return folder

    def forget_sockets(self) -> None:
        """Remove the folder of the sockets when both servers are down."""
        try:
            self.sockets.rmdir()
        except OSError:
            return
        (self.folder / "sockets").unlink(missing_ok=True)


def processes_in(folder: Path) -> set[int]:
    """Live processes whose working directory is ``folder``, as the servers change into their data."""
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if os.readlink(f"/proc/{entry.name}/cwd") == str(folder):
                    found.add(int(entry.name))
            except OSError:  # gone, a zombie, or another user's
                continue
    return found


def last_line(log: Path) -> str:
    """What a server said last, to be quoted in an error."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    telling = [line for line in lines if "FATAL" in line or "# " in line] or lines
    return f" ({telling[-1].strip()})" if telling else ""
