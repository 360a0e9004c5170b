"""How old the mirror's data is: a fact like any other. What is stale costs nobody money."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import account
from pipelines.mirror.entities import TABLE, Entity
from pipelines.models import Cursor

State = Literal["denied", "fresh", "stale", "critical", "never"]
WORST: list[State] = [
    "denied",
    "fresh",
    "stale",
    "critical",
    "never",
]  # what may not be read holds nothing up
CHANGING = timedelta(minutes=10), timedelta(minutes=60)  # stale, critical
DICTIONARY = timedelta(hours=1), timedelta(hours=24)
NOTHING = datetime.min.replace(tzinfo=UTC)


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


def read_freshness(now: datetime, cursors: Iterable[Cursor] | None = None) -> list[Freshness]:
    """Every mirrored entity, parents before children; by these cursors, or in one query."""
    known = {cursor.entity: cursor for cursor in (Cursor.objects.all() if cursors is None else cursors)}
    return [freshness_of(entity, known.get(entity.name), now) for entity in TABLE]


def freshness_of(entity: Entity, cursor: Cursor | None, now: datetime) -> Freshness:
    as_of = cursor.as_of if cursor else None
    limits = DICTIONARY if entity.is_dictionary else CHANGING
    rows = cursor.rows if cursor else 0
    denied = cursor is not None and cursor.state == Cursor.State.DENIED
    found: State = "denied" if denied else grade_age(as_of, now, limits)
    return Freshness(entity.name, entity.label, as_of, rows, found, *limits)


def grade_age(as_of: datetime | None, now: datetime, limits: tuple[timedelta, timedelta]) -> State:
    """A limit itself is still within it."""
    if as_of is None:
        return "never"
    age, (stale, critical) = now - as_of, limits
    return "critical" if age > critical else "stale" if age > stale else "fresh"


def overall_freshness(now: datetime, cursors: Iterable[Cursor] | None = None) -> Freshness:
    """The mirror as a whole: as old as the oldest of what changes, as bad as its worst part."""
    return worst_freshness(read_freshness(now, cursors))


def worst_freshness(parts: Iterable[Freshness]) -> Freshness:
    parts = list(parts)
    dictionaries = {entity.name for entity in TABLE if entity.is_dictionary}
    changing = [part for part in parts if part.entity not in dictionaries and part.state != "denied"]
    moments = [part.as_of for part in changing]
    return Freshness(
        "all",
        _("Data"),
        None if None in moments else min((moment for moment in moments if moment), default=None),
        sum(part.rows for part in parts),
        max((part.state for part in parts), key=WORST.index),
        *CHANGING,
    )


def is_loading(cursors: Iterable[Cursor] | None = None) -> bool:
    """Whether the first load has begun and not ended, so that what is here is a part of what there is."""
    known = list(Cursor.objects.all() if cursors is None else cursors)
    return bool(known) and overall_freshness(NOTHING, known).as_of is None


def is_connected() -> bool:
    """Whether the mirror is amoCRM's; one that only files have filled never gets older."""
    return _has_key() or Cursor.objects.exists()


def _has_key() -> bool:
    return bool(settings.AMO_BASE_URL) or account.own().has_key


def known_until(now: datetime) -> datetime:
    """Up to when it is known what people did: ``now``, unless the data is critically old.

    What is read anew (a wider choice of pipelines) is known up to the end of its last run, what has never been read is
    not known at all: ``NOTHING``.
    """
    cursors = {cursor.entity: cursor for cursor in Cursor.objects.all()}
    if not (cursors or _has_key()):
        return now
    ages = []
    for entity in TABLE:
        cursor = cursors.get(entity.name)
        if not entity.is_dictionary and (cursor is None or cursor.state != Cursor.State.DENIED):
            ages.append((cursor and (cursor.as_of or cursor.finished_at)) or NOTHING)
    known = min(ages, default=now)
    return known if grade_age(known, now, CHANGING) == "critical" else now
