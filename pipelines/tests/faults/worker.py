"""A worker that can be killed at any moment: a process that has loaded Django forks one for every job.

Its parent speaks to it by lines: ``TASK LIMIT SECONDS [NOW]`` runs ``jobs.mirror.TASK`` or ``jobs.judgement.TASK`` with
LIMIT rows a page and the portal's clock stopped at NOW, and kills it after that time (0 = never); the answer is the
exit code, -9 after a kill.
"""

import os
import signal
import sys
import time
from datetime import datetime

from devtools.tests.processes import Parent, environment_of_test


class Worker(Parent):
    """Runs tasks of the mirror and of judgement in processes of their own, on the tests' database.

    ``limit``: rows a page, so that small accounts have many.
    """

    limit = 20

    def __init__(self) -> None:
        super().__init__(__name__, environment=environment_of_test(AMO_RATE="0", SALESOPS_NOW=""))

    def run(self, task: str, *, kill_after: float = 0.0, now: datetime | None = None) -> int:
        return self.ask(f"{task} {self.limit} {kill_after} {now.isoformat() if now else ''}")


def main() -> None:
    import django

    django.setup()
    from core import moment
    from jobs import judgement, mirror
    from pipelines.mirror.entities import TABLE

    for line in sys.stdin:
        name, limit, seconds, *now = line.split()
        child = os.fork()
        if child == 0:
            try:
                for entity in TABLE:
                    object.__setattr__(entity, "limit", int(limit))
                moment.fix(now[0] if now else None)
                (getattr(mirror, name, None) or getattr(judgement, name))()
            finally:
                sys.stdout.flush()
                os._exit(0 if sys.exc_info()[0] is None else 1)
        print(end_of(child, float(seconds)), flush=True)


def end_of(child: int, seconds: float) -> int:
    """The exit code of a process that is killed after so many seconds."""
    deadline = time.monotonic() + seconds
    while seconds and time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    if seconds:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
