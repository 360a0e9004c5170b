"""A crew of child processes that starts together, is heard line by line, and leaves together."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

GRACE = 12.0  # seconds for a child to finish its work after SIGTERM
LIBC = ctypes.CDLL(None)  # loaded here: between fork and exec nothing may be loaded
PR_SET_PDEATHSIG = 1


class ChildDied(Exception):
    """A process ended that should have gone on."""

    def __init__(self, name: str, code: int) -> None:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        super().__init__(f"{name} {how}, so everything was stopped.")


class StepFailed(Exception):
    """A command of the start-up refused, and has already said why."""


class Crew:
    """Use as a context manager: leaving it, however, stops everybody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[tuple[str, subprocess.Popen[str]]] = []
        self._listeners: list[threading.Thread] = []
        self._terminal = threading.Lock()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_error: object) -> None:
        """Ask all to finish, the first started last: the others may still need it."""
        for some in (self._children[1:], self._children[:1]):
            _end([child for _, child in some])
        for listener in self._listeners:
            listener.join()  # all ends of its pipe are closed by now, so the last words get out

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process that shall go on until the end; what it prints appears behind its name."""
        child = _spawn(command, self._folder, environment, subprocess.PIPE)
        self._children.append((name, child))
        assert child.stdout is not None
        listener = threading.Thread(target=self._relay, args=(name, child.stdout), daemon=True)
        listener.start()
        self._listeners.append(listener)

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a command to its end, with the terminal to itself. Raises StepFailed or ChildDied."""
        step = _spawn(command, self._folder, environment, None)
        try:
            while step.poll() is None:
                self.check()
                time.sleep(0.05)
        finally:
            _end([step])
        if step.returncode < 0:
            raise ChildDied(name, step.returncode)
        if step.returncode > 0:
            raise StepFailed(name)

    def check(self) -> None:
        """Raise ChildDied if one of the crew has gone."""
        for name, child in self._children:
            if child.poll() is not None:
                raise ChildDied(name, child.returncode)

    def _relay(self, name: str, lines: IO[str]) -> None:
        with lines:
            for line in filter(str.strip, lines):
                with self._terminal:
                    print(f"{name:<11}| {line}", end="", file=sys.stderr, flush=True)


def _spawn(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: int | None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches only us, and we stop the others in order
        preexec_fn=_follow_parent,
    )


def _follow_parent() -> None:
    """Leave with the parent even when that is killed and can tell nobody."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(children: Sequence[subprocess.Popen[str]]) -> None:
    """Ask politely, wait, then kill what is left of each one's own process group."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + GRACE
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
