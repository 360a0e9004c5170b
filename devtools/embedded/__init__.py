"""PostgreSQL and Redis for a machine that has neither, from wheels, in the project's own ``.local`` folder.

The servers listen on unix sockets only, in a temporary folder that nobody else may enter. They stay up until
`stop`; everything here may be called by several processes at once. Needs Linux.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devtools.embedded import environment, postgres, redis
from devtools.embedded.home import EmbeddedError, Home

__all__ = ["PROJECT", "EmbeddedError", "Services", "ensure", "fill_environment", "status", "stop"]

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Services:
    """Addresses of the two servers, in the spelling of ``DATABASE_URL`` and ``REDIS_URL``."""

    database_url: str
    redis_url: str


def ensure(*, test: bool = False, project: Path = PROJECT) -> Services:
    """Start what is not running and return where it is; a server named in the environment is left alone.

    ``test`` means a second pair of servers, fast and forgetful, that never touches the data of the first.
    Raises EmbeddedError with one sentence when a server cannot be found or started (within about 30 s).
    """
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if not (database_url and redis_url):
        home = Home.of(project, test=test)
        with home.lock():
            database_url = database_url or postgres.ensure(home)
            redis_url = redis_url or redis.ensure(home)
    return Services(database_url, redis_url)


def stop(*, test: bool = False, project: Path = PROJECT) -> None:
    """Stop both servers and wait until they have written everything down; fine when they do not run."""
    home = Home.of(project, test=test)
    with home.lock():
        postgres.stop(home)
        redis.stop(home)
        home.forget_sockets()


def status(*, test: bool = False, project: Path = PROJECT) -> dict[str, bool]:
    """Which of the embedded servers answer."""
    home = Home.of(project, test=test)
    return {"PostgreSQL": postgres.answers(home), "Redis": redis.answers(home)}


def fill_environment(*, test: bool = False, project: Path = PROJECT) -> None:
    """Give settings what they read: the two addresses and, this being no production, a secret key.

    Call before Django loads. With both addresses given from outside nothing is added at all.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    services = ensure(test=test, project=project)
    os.environ["DATABASE_URL"] = services.database_url
    os.environ["REDIS_URL"] = services.redis_url
    os.environ.setdefault("SECRET_KEY", _secret(Home.of(project, test=test).folder / "secret"))
    if not test:
        environment.join_running_portal(project)


def _secret(path: Path) -> str:
    """The key of this checkout, made once."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            os.link(draft, path)  # the first process wins, and nobody ever reads half a key
        draft.unlink()
    return path.read_text()
