"""Whether there is so much that a first answer takes seconds, and is better counted by a worker than by a reader."""

import time

from django.db import connection

LARGE = 400_000  # pieces of lives
REMEMBERED = 60.0  # seconds
_size: tuple[str, float, float] | None = None  # of the database: its name, when it was asked, pieces of lives


def is_large() -> bool:
    """As the database remembers from when it was analysed last."""
    global _size
    name, now = str(connection.settings_dict["NAME"]), time.monotonic()
    if _size is None or _size[0] != name or now - _size[1] > REMEMBERED:
        with connection.cursor() as cursor:
            cursor.execute("select reltuples from pg_class where oid = 'pipelines_stay'::regclass")
            _size = (name, now, float(cursor.fetchone()[0]))
    return _size[2] > LARGE
