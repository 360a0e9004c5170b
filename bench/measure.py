"""What an action costs, and two actions turn by turn: neighbours on the machine then disturb both alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection

Action = Callable[[], Any]


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of processor (ours and PostgreSQL's backend), and bytes of write-ahead log."""

    wall: float
    cpu: float
    wal: float = 0.0


def cost(action: Action) -> Cost:
    """The cost of one call, which has to keep to this thread and to Django's connection."""
    began_log, began_backend = log_position(), backend_seconds()
    began_cpu, began = time.process_time(), time.perf_counter()
    action()
    wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    return Cost(wall, cpu + backend_seconds() - began_backend, log_position() - began_log)


def turn_by_turn(
    ours: Callable[[int], Action], base: Callable[[int], Action], rounds: int
) -> tuple[Cost, Cost]:
    """Medians of A, B, A, B, … Each is called with a running number to prepare, unmeasured, what is then measured."""
    found: tuple[list[Cost], list[Cost]] = ([], [])
    for number in range(rounds + 1):
        for place, prepare in enumerate((ours, base)):
            measured = cost(prepare(2 * number + place))
            if number:  # the first turn warms caches and prepared statements
                found[place].append(measured)
    return typical(found[0]), typical(found[1])


def typical(costs: Sequence[Cost]) -> Cost:
    return Cost(
        median(one.wall for one in costs), median(one.cpu for one in costs), median(one.wal for one in costs)
    )


def share(values: Sequence[float], part: float) -> float:
    """The value below which ``part`` of them lie: 0.95 is p95."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def backend_seconds() -> float:
    """Processor time of Django's PostgreSQL backend; 0 where the kernel does not tell it or the server is elsewhere."""
    connection.ensure_connection()
    try:
        spent = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    except OSError:
        return 0.0
    return int(spent.split()[0]) / 1e9


def log_position() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])
