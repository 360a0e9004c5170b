"""A deal's events as the pieces of its life. Pure; fed by `timeline.loading`, kept by `timeline.folding`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.imports.names import FROM_FILE
from timeline.timeline import OWNER, RESTORED, STAGE, WORK, Change, Piece


@dataclass(frozen=True, slots=True)
class Life:
    """All that the pieces of one deal follow from; ``stage`` and ``owner`` as of ``updated_at``.

    ``changes`` are ordered by time and id; those of anything else than STAGE, OWNER and RESTORED do not matter.
    """

    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    stage: str
    owner: int | None
    changes: Sequence[Change] = ()


class Completion(NamedTuple):
    """When a task was done, and whether that was never told."""

    completed_at: datetime | None
    inferred: bool


Step = tuple[datetime, Any, bool]  # since when, what, whether the event of it never came


def fold_steps(
    changes: list[Change], born: datetime, current: Any, known_at: datetime, seen_at: datetime
) -> list[Step]:
    """What was so since when: the first step at birth, then one per change (metrics 2.0).

    ``changes`` are ordered by time and id. Where two neighbours do not meet, the step between them was never told: it
    is put at the moment of the later one, when it had surely happened, and marked. The same where ``current``, read at
    ``known_at``, is not what the last change led to; that step stands at ``seen_at``. A row that was imported from a
    file has no history at all: what it says is put at birth, and marked.
    """
    told = [change for change in changes if change.before != change.after]
    if not told:
        return [(born, current, known_at == FROM_FILE)]
    first = told[0].after if told[0].before is None else told[0].before
    found: list[Step] = [(min(born, told[0].at), first, False)]
    for change in told:
        if change.before is not None and change.before != found[-1][1]:
            found.append((change.at, change.before, True))
        if change.after != found[-1][1]:
            found.append((change.at, change.after, False))
    last = told[-1].at
    if current is not None and current != found[-1][1] and known_at > last:
        found.append((max(last, seen_at), current, True))
    return found


def fold_pieces(life: Life, kinds: Mapping[str, str]) -> list[Piece]:
    """The deal's visits to stages, cut where the owner changed; the last piece is open.

    An owner change counts for the whole second it fell in. A visit shorter than a second is kept: it is a transition.
    ``kinds`` of stages: one that is not named is in work. A restored deal was read after that: while it lay in the bin
    its stage may have been deleted, which moves it without a word and without another ``updated_at``.
    """
    known_at = max([life.updated_at, *(one.at for one in life.changes if one.field == RESTORED)])
    seen_at = life.closed_at or known_at
    stages = [change for change in life.changes if change.field == STAGE]
    given = [change for change in life.changes if change.field == OWNER]
    visits = fold_steps(stages, life.created_at, life.stage, known_at, seen_at)
    owners = fold_steps(given, visits[0][0], life.owner, known_at, known_at)
    found = []
    for number, (since, stage, inferred) in enumerate(visits, 1):
        until = visits[number][0] if number < len(visits) else None
        following = visits[number][1] if number < len(visits) else None
        kind = kinds.get(stage, WORK)
        cuts = cut_by_owner(owners, since, until)
        for index, (start, owner, guessed) in enumerate(cuts):
            last = index + 1 == len(cuts)
            found.append(
                Piece(
                    stage,
                    kind,
                    owner,
                    start,
                    until if last else cuts[index + 1][0],
                    number,
                    since,
                    inferred if index == 0 else guessed,
                    following if last else None,
                )
            )
    return found


def completion(
    is_completed: bool, known: Completion, updated_at: datetime, told_at: datetime | None
) -> Completion:
    """When a task was done: at its last event ``told_at``, else when it was first seen to be done.

    Later edits of a done task move its ``updated_at`` on, but not what was ``known`` of it by then.
    """
    if not is_completed:
        return Completion(None, False)
    if told_at is not None:
        return Completion(told_at, False)
    return Completion((known.completed_at if known.inferred else None) or updated_at, True)


def cut_by_owner(owners: list[Step], since: datetime, until: datetime | None) -> list[Step]:
    """Who owned ``[since, until)`` from when on; the first entry is who owned it at ``since``."""
    found = [(since, owners[0][1], False)]
    for at, owner, guessed in owners:
        if at <= since:
            found = [(since, owner, False)]
        elif until is None or at < until:
            if found[-1][0] == at:
                found.pop()
            if not found or found[-1][1] != owner:
                found.append((at, owner, guessed))
    return found
