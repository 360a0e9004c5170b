"""Commands of ``manage.py`` in processes that are forked from one that has loaded Django: cheap to start and to kill.

The parent is spoken to by lines: ``start COMMAND`` is answered by the child's pid, ``wait PID`` by its exit code.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from django.conf import settings


class Child:
    """A command that runs; like a `subprocess.Popen` of it."""

    def __init__(self, parent: "Forking", pid: int) -> None:
        self._parent, self.pid = parent, pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, negative after a signal. Once only: afterwards nothing is known of it."""
        return self._parent.ask(f"wait {self.pid}")


class Forking:
    """Starts ``command`` in one ``environment``, as often as one likes. Close it when all of them have ended."""

    def __init__(self, command: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            cwd=settings.BASE_DIR,
            text=True,
        )

    def start(self) -> Child:
        return Child(self, self.ask("start"))

    def ask(self, line: str) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def main(name: str) -> None:
    import django

    django.setup()
    from django.core.management import get_commands, load_command_class

    command = load_command_class(get_commands()[name], name)
    for line in sys.stdin:
        word, *pid = line.split()
        if word == "start":
            child = os.fork()
            if child == 0:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(2, 1)  # what it says is no answer
                command.run_from_argv(["manage.py", name])
                os._exit(0)
            print(child, flush=True)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(int(pid[0]), 0)[1]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
