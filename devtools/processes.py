"""A crew of child processes that starts together, is heard line by line and mended, and leaves together."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

GRACE = 12.0  # seconds for a child to finish its work after SIGTERM
DEATHS, WITHIN = 4, 60.0  # more than so many in so many seconds: it does not help to start it again
PAUSE = 1.0  # seconds before a second start, twice as long before every further one
LIBC = ctypes.CDLL(None)  # loaded here: between fork and exec nothing may be loaded
PR_SET_PDEATHSIG = 1


class ChildDied(Exception):
    """A process ended that should have gone on, and starting it again did not help."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name} {how_ended(code)}, so everything was stopped.")


def how_ended(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


class StepFailed(Exception):
    """A command of the start-up refused, and has already said why."""


@dataclass
class Child:
    """A process that shall go on: what it is, when it ended, and when it is to be started again (None: it runs)."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[str]
    deaths: list[float] = field(default_factory=list)
    due: float | None = None


class Crew:
    """Use as a context manager: leaving it, however, stops everybody.

    ``mended`` is told of every part that was started again, with its exit code; ``also`` is done at every look.
    """

    def __init__(
        self,
        folder: Path,
        *,
        mended: Callable[[str, int], None] = lambda name, code: None,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder, self._mended, self._also = folder, mended, also
        self._children: list[Child] = []
        self._listeners: list[threading.Thread] = []
        self._terminal = threading.Lock()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_error: object) -> None:
        """Ask all to finish, the first started last: the others may still need it."""
        for some in (self._children[1:], self._children[:1]):
            _end([child.process for child in some])
        for listener in self._listeners:
            listener.join()  # all ends of its pipe are closed by now, so the last words get out

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process that shall go on until the end; what it prints appears behind its name."""
        self._children.append(Child(name, command, environment, self._spawn(name, command, environment)))

    def _spawn(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        process = _spawn(command, self._folder, environment, subprocess.PIPE)
        assert process.stdout is not None
        listener = threading.Thread(target=self._relay, args=(name, process.stdout), daemon=True)
        listener.start()
        self._listeners.append(listener)
        return process

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
        """Start again whoever has gone, with a word about it. Raises ChildDied where that does not help."""
        self._also()
        for child in self._children:
            if child.process.poll() is not None:
                self._mend(child)

    def _mend(self, child: Child) -> None:
        now, code = time.monotonic(), child.process.returncode
        if child.due is None:
            child.deaths = [*(at for at in child.deaths if at > now - WITHIN), now]
            if len(child.deaths) > DEATHS:
                raise ChildDied(child.name, code)
            earlier = len(child.deaths) - 1
            child.due = now + (PAUSE * 2 ** (earlier - 1) if earlier else 0)
            _end([child.process])  # what is left of its group
            self.say(f"{child.name} {how_ended(code)} and is started again.")
        if now >= child.due:
            child.due = None
            child.process = self._spawn(child.name, child.command, child.environment)
            self._mended(child.name, code)

    def say(self, sentence: str) -> None:
        with self._terminal:
            print(sentence, file=sys.stderr, flush=True)

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
