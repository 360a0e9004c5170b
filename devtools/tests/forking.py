"""Commands of ``manage.py`` in processes that are forked from one that has loaded Django: cheap to start and to kill.

The parent is spoken to by lines: ``start`` is answered by the child's pid, ``wait PID`` by its exit code.
"""

import os
import signal
import sys
from collections.abc import Mapping

from devtools.tests.processes import Parent


class Child:
    """A command that runs; like a `subprocess.Popen` of it."""

    def __init__(self, parent: Parent, pid: int) -> None:
        self._parent, self.pid = parent, pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, negative after a signal. Once only: afterwards nothing is known of it."""
        return self._parent.ask(f"wait {self.pid}")


class Forking(Parent):
    """Starts ``command`` in one ``environment``, as often as one likes."""

    def __init__(self, command: str, environment: Mapping[str, str]) -> None:
        super().__init__(__name__, command, environment=environment)

    def start(self) -> Child:
        return Child(self, self.ask("start"))


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
