"""The embedded PostgreSQL and Redis while `make run` lives: whichever does not answer any more is started again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devtools.embedded import postgres
from devtools.embedded import redis as valkey
from devtools.embedded.home import Home

EVERY, AGAIN = 2.0, 0.5  # seconds between two looks, and before the second of a doubtful one


@dataclass
class Servers:
    """``database`` and ``redis``: whether it is an embedded one, and ours to look after. ``tell`` gets a sentence for
    the terminal, ``noted`` the name of the server; ``mended`` counts how often one was started again."""

    project: Path
    database: bool
    redis: bool
    noted: Callable[[str], None] = lambda part: None
    tell: Callable[[str], None] = print
    mended: int = field(init=False, default=0)
    _looked: float = field(init=False, default_factory=time.monotonic)

    def look(self, *, now: bool = False) -> None:
        """Now and then, unless ``now``. Raises EmbeddedError when a server cannot be started again."""
        if not now and time.monotonic() < self._looked + EVERY:
            return
        home = Home.of(self.project, test=False)
        # Redis first: what is told of the other is kept in it.
        if self.redis and silent(lambda: valkey.answers(home)):
            self._mend("Redis", lambda: valkey.ensure(home), home)
        if self.database and silent(lambda: postgres.answers(home)):
            self._mend("PostgreSQL", lambda: postgres.ensure(home), home)
        self._looked = time.monotonic()

    def _mend(self, name: str, start: Callable[[], str], home: Home) -> None:
        self.tell(f"{name} does not answer and is started again.")
        with home.lock():
            start()
        self.mended += 1
        self.noted(name)


def silent(answers: Callable[[], bool]) -> bool:
    """One missed answer may be a busy machine's."""
    if answers():
        return False
    time.sleep(AGAIN)
    return not answers()
