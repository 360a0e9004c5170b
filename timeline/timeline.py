"""The life of one deal as frozen values: where it stood, who owned it, what was planned, what was filled in.

Rules read nothing else of the mirror. Every moment is aware; every interval is half-open; ``until`` None goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from core.spans import Spans

INCOMING, WORK, WON, LOST = "incoming", "work", "won", "lost"  # kinds of stages
PRICE = "price"  # the name under which a deal's amount stands among its fields
LOSS_REASON = "loss_reason"  # and the reason of a loss, wherever the account writes it down
STAGE, OWNER = "stage", "owner"  # and those of a stage and an owner among its changes


class Piece(NamedTuple):
    """One stage with one owner: a ``Stay`` as a value.

    ``inferred``: the event of entering never came, so ``since`` is not proven. ``next_stage`` stands on the last piece
    of a finished visit.
    """

    stage: str
    kind: str
    owner: int | None
    since: datetime
    until: datetime | None
    visit: int
    visit_since: datetime
    inferred: bool = False
    next_stage: str | None = None


class Visit(NamedTuple):
    """A stay on one stage, however often the deal changed hands on it."""

    stage: str
    kind: str
    since: datetime
    until: datetime | None
    pieces: tuple[Piece, ...]


class Planned(NamedTuple):
    """A task of the deal. ``dues`` and ``owners``: (since when, due moment or owner), the first since its creation."""

    id: int
    owners: tuple[tuple[datetime, int | None], ...]
    created_at: datetime
    dues: tuple[tuple[datetime, datetime], ...]
    completed_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def ended_at(self) -> datetime | None:
        if self.completed_at and self.deleted_at:
            return min(self.completed_at, self.deleted_at)
        return self.completed_at or self.deleted_at


class Change(NamedTuple):
    """Something about the deal became another. ``field`` is the id of a custom field as text, PRICE, STAGE or OWNER."""

    at: datetime
    field: str
    before: Any
    after: Any


class Touch(NamedTuple):
    """A person called, wrote to the client or left a note; what the client or a robot does is no touch."""

    at: datetime
    person: int


@dataclass(frozen=True)
class Timeline:
    """A deal from its creation on. Pieces, tasks, changes and touches come in the order of time; ``touches`` are there
    only when they were asked for.

    Nothing outlives ``deleted_at``.
    """

    id: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    deleted_at: datetime | None = None
    price: Decimal = Decimal(0)
    fields: Mapping[str, Any] | None = None
    pieces: tuple[Piece, ...] = ()
    tasks: tuple[Planned, ...] = ()
    changes: tuple[Change, ...] = ()
    touches: tuple[Touch, ...] = ()

    def __post_init__(self) -> None:
        if (end := self.deleted_at) is not None:
            pieces = (
                p if p.until and p.until <= end else p._replace(until=end)
                for p in self.pieces
                if p.since < end
            )
            object.__setattr__(self, "pieces", tuple(pieces))
            tasks = (
                t if t.ended_at and t.ended_at <= end else t._replace(deleted_at=end) for t in self.tasks
            )
            object.__setattr__(self, "tasks", tuple(tasks))

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        found: list[Visit] = []
        first = 0
        pieces = self.pieces
        for place, piece in enumerate(pieces, 1):
            if place == len(pieces) or pieces[place].visit != piece.visit:
                own = pieces[first:place]
                found.append(Visit(piece.stage, piece.kind, own[0].visit_since, piece.until, own))
                first = place
        return tuple(found)

    @cached_property
    def in_work(self) -> Spans:
        """When somebody had to act: on stages of kind work. Incoming, closed and deleted deals wait for nobody."""
        return Spans((piece.since, piece.until) for piece in self.pieces if piece.kind == WORK)

    @cached_property
    def covered_by_tasks(self) -> Spans:
        """When a next step was planned: a task covers until it is completed or deleted, even past its due moment."""
        return Spans((task.created_at, task.ended_at) for task in self.tasks)

    @cached_property
    def _changes_of(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.field, []).append(change)
        return found

    def piece_at(self, moment: datetime) -> Piece | None:
        """The piece that holds ``moment``; the nearest one outside of the deal's life; None without any history."""
        found = None
        for piece in self.pieces:
            if found is not None and piece.since > moment:
                break
            found = piece
        return found

    def filled(self, field: str) -> Spans:
        """When a field had a value.

        Where no event tells since when, a value counts as having been there all along: what is not proven is not held
        against anybody. Where the row is newer than the last event and says otherwise, the row is right.
        """
        changes = self._changes_of.get(field)
        present = is_filled(self.price if field == PRICE else (self.fields or {}).get(field))
        if not changes:
            return Spans([(self.created_at, None)] if present else ())
        spans: list[tuple[datetime, datetime | None]] = []
        since, state = self.created_at, is_filled(changes[0].before)
        for change in changes:
            if state:
                spans.append((since, change.at))
            since, state = change.at, is_filled(change.after)
        if present != state and self.updated_at >= since:
            spans.append((since, None if present else self.updated_at))
        elif state:
            spans.append((since, None))
        return Spans(spans)


def is_filled(value: Any) -> bool:
    """Whether a field holds anything: an empty text, list or sum, and an unticked box, are nothing."""
    return value not in (None, "", 0, False) and value != [] and value != {}
