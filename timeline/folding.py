"""Events folded into the pieces of deals' lives (``Stay``) and into the moment each task was done.

What is needed is read in a few sets; only what has become different is written.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from django.db import connection, transaction

from core.db import ask
from timeline.history import Change, Life, Piece, pieces

CHUNK = 2000  # deals folded in one transaction
FOLD_LOCK = 0x5A1E5001  # folds go one at a time: one that knows less must not overwrite one that knows more

LOCK = "SELECT pg_advisory_xact_lock(%(lock)s)"
LIVES = """
SELECT deal.id, deal.created_at, deal.updated_at, deal.closed_at, deal.stage_id, deal.manager_id
FROM pipelines_deal deal WHERE deal.id {deals} AND deal.stage_id IS NOT NULL ORDER BY deal.id"""
CHANGES = """
SELECT event.entity_id, event.kind, event.at, event.before, event.after
FROM pipelines_event event
WHERE event.entity = 'deal' AND event.kind IN ('stage', 'owner') AND event.entity_id {deals}
ORDER BY event.entity_id, event.at, event.id"""
STAYS = """
SELECT stay.deal_id, stay.stage_id, stay.manager_id, stay.visit, stay.visit_since, stay.entered_at, stay.left_at,
       stay.next_stage_id, stay.inferred
FROM pipelines_stay stay WHERE stay.deal_id {deals} ORDER BY stay.deal_id, stay.visit, stay.entered_at"""
REWRITE = """
WITH dropped AS (DELETE FROM pipelines_stay WHERE deal_id = ANY(%(deals)s))
INSERT INTO pipelines_stay
    (deal_id, stage_id, manager_id, visit, visit_since, entered_at, left_at, next_stage_id, inferred)
SELECT * FROM jsonb_to_recordset(%(pieces)s::jsonb) AS piece(
    deal_id bigint, stage_id text, manager_id bigint, visit int, visit_since timestamptz, entered_at timestamptz,
    left_at timestamptz, next_stage_id text, inferred boolean)
RETURNING deal_id"""
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
  AND (task.completed_at, task.completed_inferred) IS DISTINCT FROM (folded.completed_at, folded.inferred)
RETURNING task.id"""
# Tasks of contacts, and of deals that are not here: those whose completion nobody has looked at. In a statement of its
# own: joined by OR the planner reads all tasks.
UNFOLDED = TASKS.format(tasks="task.is_completed AND task.completed_at IS NULL")

Scope = tuple[str, dict[str, Any]]  # a condition on a deal's id, and its parameters


def fold(deal_ids: Iterable[int] | None = None) -> int:
    """Rewrite the stays of these deals (None: of all) and the completion of their tasks; returns how many differed."""
    changed = 0
    for deals, values in scopes(deal_ids):
        with transaction.atomic():
            changed += fold_stays(deals, values)
            ask((TASKS.format(tasks=f"task.deal_id {deals}"), values), (UNFOLDED, {}))
    return changed


def scopes(deal_ids: Iterable[int] | None) -> Iterator[Scope]:
    """Parts of a transaction's size: named deals by name, all of them by ranges of ids (both ends included)."""
    if deal_ids is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM pipelines_deal ORDER BY id")
            ids = [deal for (deal,) in cursor.fetchall()]
    else:
        ids = sorted(set(deal_ids))
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        if deal_ids is None:
            yield "BETWEEN %(first)s AND %(last)s", {"first": part[0], "last": part[-1]}
        else:
            yield "= ANY(%(ids)s)", {"ids": part}


def fold_stays(deals: str, values: dict[str, Any]) -> int:
    # The lock comes before every other read: whoever folds last has seen the newest events.
    _, told, stood, lives = ask(
        (LOCK, {"lock": FOLD_LOCK}),
        *((query.format(deals=deals), values) for query in (CHANGES, STAYS, LIVES)),
    )
    changes: dict[int, dict[str, list[Change]]] = {}
    for deal, kind, at, before, after in told:
        changes.setdefault(deal, {}).setdefault(kind, []).append(Change(at, before, after))
    standing = {deal: list(rows) for deal, rows in groupby(stood, key=itemgetter(0))}
    different: dict[int, list[Piece]] = {}
    for deal, born, updated_at, closed_at, stage, owner in lives:
        events = changes.get(deal, {})
        stages, owners = events.get("stage", []), events.get("owner", [])
        found = pieces(Life(deal, born, updated_at, closed_at, stage, owner, stages, owners))
        if standing.get(deal) != found:
            different[deal] = found
    if different:
        written = [piece._asdict() for found in different.values() for piece in found]
        ask((REWRITE, {"deals": list(different), "pieces": msgspec.json.encode(written).decode()}))
    return len(different)
