"""Events folded into the pieces of a deal's life (``Stay``) and into the moment each task was done.

`pieces` is the rule, pure; `fold` reads what it needs in a few sets, and writes only what has become different.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
from django.db import connection, transaction

from pipelines.models import FROM_FILE

CHUNK = 2000  # deals folded in one transaction
FOLD_LOCK = 0x5A1E5001  # folds go one at a time: one that knows less must not overwrite one that knows more


@dataclass(frozen=True, slots=True)
class Change:
    """A stage or owner event: what was before and after it, as amoCRM said."""

    at: datetime
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Life:
    """All that the pieces of one deal follow from; ``stage`` and ``owner`` as of ``updated_at``."""

    deal: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    stage: str
    owner: int | None
    stages: list[Change]
    owners: list[Change]


@dataclass(frozen=True, slots=True)
class Piece:
    deal_id: int
    stage_id: str
    manager_id: int | None
    visit: int
    visit_since: datetime
    entered_at: datetime
    left_at: datetime | None
    next_stage_id: str | None
    inferred: bool


Step = tuple[datetime, Any, bool]  # since when, what, whether the event of it never came


def steps(
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


def pieces(life: Life) -> list[Piece]:
    """The deal's visits to stages, cut where the owner changed; the last piece is open.

    An owner change counts for the whole second it fell in. A visit shorter than a second is kept: it is a transition.
    """
    seen_at = life.closed_at or life.updated_at
    visits = steps(life.stages, life.created_at, life.stage, life.updated_at, seen_at)
    owners = steps(life.owners, visits[0][0], life.owner, life.updated_at, life.updated_at)
    found = []
    for number, (since, stage, inferred) in enumerate(visits, 1):
        until = visits[number][0] if number < len(visits) else None
        following = visits[number][1] if number < len(visits) else None
        cuts = cut(owners, since, until)
        for index, (start, owner, guessed) in enumerate(cuts):
            last = index + 1 == len(cuts)
            found.append(
                Piece(
                    life.deal,
                    stage,
                    owner,
                    number,
                    since,
                    start,
                    until if last else cuts[index + 1][0],
                    following if last else None,
                    inferred if index == 0 else guessed,
                )
            )
    return found


def cut(owners: list[Step], since: datetime, until: datetime | None) -> list[Step]:
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


def fold(deal_ids: Iterable[int] | None = None) -> int:
    """Rewrite the stays of these deals (None: of all) and the completion of their tasks; returns how many differed."""
    ids = None if deal_ids is None else sorted(set(deal_ids))
    changed = 0
    for first, last in chunks(ids):
        part = None if ids is None else [deal for deal in ids if first <= deal <= last]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FOLD_LOCK])
            changed += fold_stays(cursor, first, last, part)
            fold_tasks(cursor, first, last, part)
    return changed


def chunks(ids: list[int] | None) -> Iterator[tuple[int, int]]:
    """Ranges of deal ids, both ends included."""
    if ids is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM pipelines_deal ORDER BY id")
            ids = [deal for (deal,) in cursor.fetchall()]
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        yield part[0], part[-1]


LIVES = """
SELECT deal.id, deal.created_at, deal.updated_at, deal.closed_at, deal.stage_id, deal.manager_id
FROM pipelines_deal deal WHERE {deals} AND deal.stage_id IS NOT NULL ORDER BY deal.id"""
CHANGES = """
SELECT event.entity_id, event.kind, event.at, event.before, event.after
FROM pipelines_event event
WHERE event.entity = 'deal' AND event.kind IN ('stage', 'owner') AND {events}
ORDER BY event.entity_id, event.at, event.id"""
STAYS = """
SELECT stay.deal_id, stay.stage_id, stay.manager_id, stay.visit, stay.visit_since, stay.entered_at, stay.left_at,
       stay.next_stage_id, stay.inferred
FROM pipelines_stay stay WHERE {stays} ORDER BY stay.deal_id, stay.visit, stay.entered_at"""
REWRITE = """
INSERT INTO pipelines_stay
    (deal_id, stage_id, manager_id, visit, visit_since, entered_at, left_at, next_stage_id, inferred)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS piece(deal_id bigint, stage_id text, manager_id bigint, visit int,
    visit_since timestamptz, entered_at timestamptz, left_at timestamptz, next_stage_id text, inferred boolean)"""


def fold_stays(cursor: Any, first: int, last: int, ids: list[int] | None) -> int:
    def ask(query: str) -> list[tuple[Any, ...]]:
        scope = {"deals": "deal.id", "events": "event.entity_id", "stays": "stay.deal_id"}
        if ids is None:
            cursor.execute(
                query.format(**{key: f"{column} BETWEEN %s AND %s" for key, column in scope.items()}),
                [first, last],
            )
        else:
            cursor.execute(
                query.format(**{key: f"{column} = ANY(%s)" for key, column in scope.items()}), [ids]
            )
        return cursor.fetchall()

    changes: dict[int, dict[str, list[Change]]] = {}
    for deal, kind, at, before, after in ask(CHANGES):
        changes.setdefault(deal, {}).setdefault(kind, []).append(Change(at, decoded(before), decoded(after)))
    standing = {deal: list(rows) for deal, rows in groupby(ask(STAYS), key=lambda row: row[0])}
    different: dict[int, list[Piece]] = {}
    for deal, created_at, updated_at, closed_at, stage, owner in ask(LIVES):
        told = changes.get(deal, {})
        life = Life(
            deal,
            created_at,
            updated_at,
            closed_at,
            stage,
            owner,
            told.get("stage", []),
            told.get("owner", []),
        )
        found = pieces(life)
        if standing.get(deal) != [as_row(piece) for piece in found]:
            different[deal] = found
    if different:
        cursor.execute("DELETE FROM pipelines_stay WHERE deal_id = ANY(%s)", [list(different)])
        written = [piece for found in different.values() for piece in found]
        cursor.execute(REWRITE, [msgspec.json.encode(written).decode()])
    return len(different)


def decoded(value: Any) -> Any:
    """Django registers no JSON loader with psycopg, so a jsonb column may come as its text."""
    return msgspec.json.decode(value) if isinstance(value, str) else value


def as_row(piece: Piece) -> tuple[Any, ...]:
    return (
        piece.deal_id,
        piece.stage_id,
        piece.manager_id,
        piece.visit,
        piece.visit_since,
        piece.entered_at,
        piece.left_at,
        piece.next_stage_id,
        piece.inferred,
    )


# An inferred completion keeps the first moment it was seen at: later edits of a done task move ``updated_at`` on.
TASKS = """
UPDATE pipelines_task task SET completed_at = folded.completed_at, completed_inferred = folded.inferred
FROM (
    SELECT task.id,
           CASE WHEN task.is_completed THEN
               coalesce(done.at, CASE WHEN task.completed_inferred THEN task.completed_at END, task.updated_at)
           END AS completed_at,
           task.is_completed AND done.at IS NULL AS inferred
    FROM pipelines_task task
    LEFT JOIN LATERAL (
        SELECT max(event.at) AS at FROM pipelines_event event
        WHERE event.entity_id = task.id AND event.entity = 'task' AND event.kind = 'completed'
    ) done ON true
    WHERE {tasks}
) folded
WHERE task.id = folded.id
  AND (task.completed_at, task.completed_inferred) IS DISTINCT FROM (folded.completed_at, folded.inferred)"""


def fold_tasks(cursor: Any, first: int, last: int, ids: list[int] | None) -> None:
    if ids is None:
        cursor.execute(TASKS.format(tasks="task.deal_id BETWEEN %s AND %s"), [first, last])
    else:
        cursor.execute(TASKS.format(tasks="task.deal_id = ANY(%s)"), [ids])
    # tasks of contacts, and of deals that are not here: those whose completion nobody has looked at
    cursor.execute(TASKS.format(tasks="task.is_completed AND task.completed_at IS NULL"))
