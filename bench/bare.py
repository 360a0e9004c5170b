"""The least that could take a hook: a WSGI function that does the same INSERT. Served by gunicorn as the portal is."""

import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg

INSERT = "INSERT INTO pipelines_hook (received_at, body, attempts, error) VALUES (%s, %s, 0, '')"
own = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if not hasattr(own, "connection"):
        own.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", 0)))
    own.connection.execute(INSERT, [datetime.now(UTC), body])
    start_response("204 No Content", [])
    return [b""]
