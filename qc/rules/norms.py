"""The norms of a stage in their versions, and since when each of their demands has been in force."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import NamedTuple

CALENDAR, OWNER, CLIENT, NORM = (
    "calendar",
    "owner",
    "client",
    "norm",
)  # NORM: the one that the stage's norm names


class Norm(NamedTuple):
    """The norms of one version of a stage's regulation. ``fields``: ids of required fields with their names."""

    regulation: int | None = None
    published_at: datetime | None = None
    max_stay: timedelta | None = None
    stay_clock: str = CALENDAR
    needs_task: bool = False
    task_grace: timedelta = timedelta()
    fields: tuple[tuple[str, str], ...] = ()
    fields_grace: timedelta = timedelta()


Demand = tuple[tuple[datetime | None, timedelta], ...]  # since when each grace was in force, oldest first


class Versions:
    """The versions of a stage up to the one that judges, oldest first. What it demands has been demanded by it and by
    those before it without a break.
    """

    def __init__(self, norms: tuple[Norm, ...]) -> None:
        self.norms = norms
        self.last = norms[-1]

    @cached_property
    def task(self) -> Demand:
        """Of a next task; empty when none is demanded."""
        return self._demand(lambda norm: norm.task_grace if norm.needs_task else None)

    @cached_property
    def fields(self) -> dict[Demand, list[str]]:
        """The required fields, by since when and with which graces each has been required."""
        found: dict[Demand, list[str]] = defaultdict(list)
        for field, _ in self.last.fields:
            found[self._demand(partial(_grace, field))].append(field)
        return found

    def _demand(self, grace: Callable[[Norm], timedelta | None]) -> Demand:
        found: list[tuple[datetime | None, timedelta]] = []
        for norm in reversed(self.norms):
            if (allowed := grace(norm)) is None:
                break
            found.append((norm.published_at, allowed))
        return tuple(reversed(found))


def _grace(field: str, norm: Norm) -> timedelta | None:
    return norm.fields_grace if any(field == required for required, _ in norm.fields) else None
