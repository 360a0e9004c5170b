"""The life of one deal as frozen values: where it stood, who owned it, what was planned, what was filled in.

Rules read nothing else of the mirror. Every moment is aware; every interval is half-open; ``until`` None goes on.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
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
RESTORED = "restored"  # out of amoCRM's bin, also among them
CALL_IN, CALL_OUT, MESSAGE_OUT, NOTE = "call_in", "call_out", "message_out", "note"  # kinds of touches


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

    def owner_at(self, moment: datetime) -> int | None:
        """Whose the deal was at a moment of the visit; before it, whose it was first."""
        pieces = self.pieces
        if len(pieces) == 1:  # mostly
            return pieces[0].owner
        return next((piece.owner for piece in reversed(pieces) if piece.since <= moment), pieces[0].owner)


class Planned(NamedTuple):
    """A task of the deal. ``dues`` and ``owners``: (since when, due moment or owner), the first since its creation.

    ``author``: the person who set it, None a robot. ``has_result``: whether anything was written on completing it;
    None: not known.
    """

    id: int
    owners: tuple[tuple[datetime, int | None], ...]
    created_at: datetime
    dues: tuple[tuple[datetime, datetime], ...]
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    author: int | None = None
    has_result: bool | None = None

    @property
    def ended_at(self) -> datetime | None:
        if self.completed_at and self.deleted_at:
            return min(self.completed_at, self.deleted_at)
        return self.completed_at or self.deleted_at

    def holder_at(self, moment: datetime) -> int | None:
        """Whose the task was; before its creation, whose it was first."""
        if len(self.owners) == 1:  # mostly
            return self.owners[0][1]
        return next((person for since, person in reversed(self.owners) if since <= moment), self.owners[0][1])


class Change(NamedTuple):
    """Something about the deal became another. ``field`` is the id of a custom field as text, PRICE, STAGE,
    OWNER or RESTORED.

    ``author``: the person who changed it; None: a robot, or nobody knows.
    """

    at: datetime
    field: str
    before: Any
    after: Any
    author: int | None = None


class Touch(NamedTuple):
    """A person called, wrote to the client or left a note; what the client or a robot does is no touch.

    ``seconds``: how long they talked; a call that nobody took has none. ``on_contact``: it hangs on the client's card,
    where telephony puts what it knows no deal for.
    """

    at: datetime
    person: int
    kind: str = NOTE
    seconds: int = 0
    on_contact: bool = False

    @property
    def is_attempt(self) -> bool:
        """Whether somebody tried to reach the client."""
        return self.kind in (CALL_OUT, MESSAGE_OUT)

    @property
    def is_contact(self) -> bool:
        """The same, or a call of the client that was taken."""
        return self.is_attempt or (self.kind == CALL_IN and self.seconds > 0)


class Review(NamedTuple):
    """Somebody has gone through the deal by a checklist. ``answers``: of each item whether it was in order; what does
    not apply, or was seen otherwise by each of two reviewers, is not among them.

    ``person`` and ``stage``: whose the deal was, and where it stood, in what was looked at. ``reviewers``: their ids
    and names. ``number``: by which it is found again.
    """

    at: datetime
    number: int
    person: int | None
    stage: str
    answers: Mapping[str, bool]
    reviewers: tuple[tuple[int, str], ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Timeline:
    """A deal from its creation on. Pieces, tasks, changes and touches come in the order of time; ``touches``, ``heard``
    (when the client wrote), and changes of STAGE with their authors, are there only when they were asked for.
    ``loss_reason`` is today's. Of touches on the client's card those are the deal's that came while it was open.
    ``reviews`` are what people said of the deal, put in by whoever asks for them.

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
    heard: tuple[datetime, ...] = ()
    loss_reason: int | None = None
    reviews: tuple[Review, ...] = ()

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
            reviews = (one for one in self.reviews if one.at < end)
            object.__setattr__(self, "reviews", tuple(reviews))
        if any(touch.on_contact for touch in self.touches):
            own = (t for t in self.touches if not t.on_contact or is_open_at(self.pieces, t.at))
            object.__setattr__(self, "touches", tuple(own))

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
    def runs(self) -> tuple[tuple[Visit, ...], ...]:
        """The visits, cut where the deal went to another pipeline."""
        found: list[list[Visit]] = []
        before = None
        for visit in self.visits:
            pipeline = pipeline_of(visit.stage)
            if pipeline != before:
                found.append([])
            found[-1].append(visit)
            before = pipeline
        return tuple(map(tuple, found))

    @cached_property
    def worked_out(self) -> dict[Any, Any]:
        """What several rules work out of this life alike: whoever is first keeps it here for the others."""
        return {}

    @cached_property
    def in_work(self) -> Spans:
        """When somebody had to act: on stages of kind work. Incoming, closed and deleted deals wait for nobody."""
        return Spans((piece.since, piece.until) for piece in self.pieces if piece.kind == WORK)

    @cached_property
    def covered_by_tasks(self) -> Spans:
        """When a next step was planned: a task covers until it is completed or deleted, even past its due moment."""
        return Spans((task.created_at, task.ended_at) for task in self.tasks)

    @cached_property
    def _begins(self) -> list[datetime]:
        return [piece.since for piece in self.pieces]

    @cached_property
    def _changes_of(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.field, []).append(change)
        return found

    def piece_at(self, moment: datetime) -> Piece | None:
        """The piece that holds ``moment``; the nearest one outside of the deal's life; None without any history."""
        place = bisect_right(self._begins, moment)
        return self.pieces[place - 1 if place else 0] if self.pieces else None

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

    def values(self, field: str) -> list[tuple[datetime, datetime | None, Any]]:
        """What a custom field held from when until when, gaps left out; where it is filled is what `filled` says.

        An event may write a value otherwise than the row (a date as seconds): where the row is not older than the last
        event, its own writing stands for the last value.
        """
        changes = self._changes_of.get(field, [])
        present = (self.fields or {}).get(field)
        steps = [(self.created_at, changes[0].before if changes else present)]
        steps += [(change.at, change.after) for change in changes]
        if changes and is_filled(present) and self.updated_at >= steps[-1][0]:
            steps[-1] = (steps[-1][0], present)
        found: list[tuple[datetime, datetime | None, Any]] = []
        held = self.filled(field)
        for place, (since, value) in enumerate(steps):
            until = steps[place + 1][0] if place + 1 < len(steps) else None
            if is_filled(value):
                found += [(start, end, value) for start, end in Spans([(since, until)]) & held]
        return found


def is_open_at(pieces: Iterable[Piece], moment: datetime) -> bool:
    """Whether the deal of these pieces stood on an incoming stage or one of work; at its closing it does no longer."""
    return any(
        piece.since <= moment and (piece.until is None or moment < piece.until)
        for piece in pieces
        if piece.kind in (INCOMING, WORK)
    )


def is_filled(value: Any) -> bool:
    """Whether a field holds anything: an empty text, list or sum, and an unticked box, are nothing."""
    return value not in (None, "", 0, False) and value != [] and value != {}


def pipeline_of(stage: str) -> str:
    """The id of a stage's pipeline, from its key."""
    return stage.rpartition(":")[0]
