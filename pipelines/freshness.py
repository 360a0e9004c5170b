"""How old the mirror's data is: a fact like any other. What is stale costs nobody money."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pipelines.entities import TABLE, Entity
from pipelines.models import Cursor

State = Literal["fresh", "stale", "critical", "never"]
WORST: list[State] = ["fresh", "stale", "critical", "never"]
CHANGING = timedelta(minutes=10), timedelta(minutes=60)  # stale, critical
DICTIONARY = timedelta(hours=1), timedelta(hours=24)


@dataclass(frozen=True)
class Freshness:
    """Everything amoCRM knew of the entity at ``as_of`` is here; None before the first load has ended.

    Older than ``stale_after`` it is stale, older than ``critical_after`` critical.
    """

    entity: str
    label: str | Promise
    as_of: datetime | None
    rows: int
    state: State
    stale_after: timedelta
    critical_after: timedelta


def read(now: datetime) -> list[Freshness]:
    """Every mirrored entity, parents before children."""
    known = {cursor.entity: cursor for cursor in Cursor.objects.all()}
    return [of(entity, known.get(entity.name), now) for entity in TABLE]


def of(entity: Entity, cursor: Cursor | None, now: datetime) -> Freshness:
    as_of = cursor.as_of if cursor else None
    limits = DICTIONARY if entity.is_dictionary else CHANGING
    rows = cursor.rows if cursor else 0
    return Freshness(entity.name, entity.label, as_of, rows, state(as_of, now, limits), *limits)


def state(as_of: datetime | None, now: datetime, limits: tuple[timedelta, timedelta]) -> State:
    """A limit itself is still within it."""
    if as_of is None:
        return "never"
    age, (stale, critical) = now - as_of, limits
    return "critical" if age > critical else "stale" if age > stale else "fresh"


def overall(now: datetime) -> Freshness:
    """The mirror as a whole: as old as the oldest of what changes, as bad as its worst part."""
    return worst(read(now))


def worst(parts: Iterable[Freshness]) -> Freshness:
    parts = list(parts)
    dictionaries = {entity.name for entity in TABLE if entity.is_dictionary}
    moments = [part.as_of for part in parts if part.entity not in dictionaries]
    return Freshness(
        "all",
        _("Data"),
        None if None in moments else min(moment for moment in moments if moment),
        sum(part.rows for part in parts),
        max((part.state for part in parts), key=WORST.index),
        *CHANGING,
    )
