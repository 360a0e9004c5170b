"""Processes that tests start beside themselves, on the database and the Redis that are theirs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection


def environment_of_test(**more: str) -> dict[str, str]:
    """By which a process works on the database that pytest-django has made for this lane, with ``more`` settings."""
    name = connection.settings_dict["NAME"]
    return os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "PYTHONWARNINGS": "ignore",
        **more,
    }


class Parent:
    """Runs a module that answers each line with a number: it has loaded Django and forks what it is asked for.

    Close it when all that it has forked has ended.
    """

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            cwd=settings.BASE_DIR,
            text=True,
        )

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
