"""What history says is kept: the pieces of deals' lives (``Stay``), and the moment each task was done.

So is the closing of a deal of which amoCRM tells only that it is closed.

Only what has become different is written. It follows from `timeline.loading.build`, under the locks of its deals.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import connection, transaction

from core import locks
from core.db import Statement, run_statements
from timeline.loading import BATCH, Loaded, build, reading

STAYS = """
WITH dropped AS (DELETE FROM pipelines_stay WHERE deal_id = ANY(%(deals)s)),
changed AS (INSERT INTO pipelines_lifechange (deal_id) SELECT unnest(%(deals)s::bigint[]))
INSERT INTO pipelines_stay
    (deal_id, stage_id, manager_id, visit, visit_since, entered_at, left_at, next_stage_id, inferred)
SELECT deal_id, stage, owner, visit, visit_since, since, until, next_stage, inferred
FROM jsonb_to_recordset(%(pieces)s::jsonb) AS piece(
    deal_id bigint, stage text, owner bigint, visit int, visit_since timestamptz, since timestamptz,
    until timestamptz, next_stage text, inferred boolean)"""
# Locked in the order of their keys, as `store` does.
TASKS = """
WITH folded AS (
    SELECT * FROM jsonb_to_recordset(%(tasks)s::jsonb) AS folded(id bigint, completed_at timestamptz, inferred boolean)
), mine AS MATERIALIZED (
    SELECT id FROM pipelines_task WHERE id IN (SELECT id FROM folded) ORDER BY id FOR NO KEY UPDATE
)
UPDATE pipelines_task task SET completed_at = folded.completed_at, completed_inferred = folded.inferred
FROM folded JOIN mine USING (id) WHERE task.id = folded.id"""
DEALS = """
WITH folded AS (
    SELECT * FROM jsonb_to_recordset(%(deals)s::jsonb) AS folded(id bigint, closed_at timestamptz)
), mine AS MATERIALIZED (
    SELECT id FROM pipelines_deal WHERE id IN (SELECT id FROM folded) ORDER BY id FOR NO KEY UPDATE
)
UPDATE pipelines_deal deal SET closed_at = folded.closed_at, closed_inferred = true
FROM folded JOIN mine USING (id) WHERE deal.id = folded.id AND (deal.closed_at IS NULL OR deal.closed_inferred)"""
# Tasks of contacts, and of deals that are not here.
REST = """
WITH mine AS MATERIALIZED (
    SELECT id FROM pipelines_task WHERE is_completed AND completed_at IS NULL ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE pipelines_task task
SET completed_at = coalesce(done.at, task.updated_at), completed_inferred = done.at IS NULL
FROM mine LEFT JOIN LATERAL (
    SELECT max(event.at) AS at FROM pipelines_event event
    WHERE event.entity_id = mine.id AND event.entity = 'task' AND event.kind = 'completed'
) done ON true
WHERE task.id = mine.id"""


def writing(loaded: Loaded) -> list[Statement]:
    """The statements that keep what differs; none where nothing does."""
    found: list[Statement] = []
    if loaded.stays:
        rows = [{"deal_id": deal} | piece._asdict() for deal, own in loaded.stays.items() for piece in own]
        found.append((STAYS, {"deals": list(loaded.stays), "pieces": _json(rows)}))
    if loaded.tasks:
        rows = [{"id": task} | done._asdict() for task, done in loaded.tasks.items()]
        found.append((TASKS, {"tasks": _json(rows)}))
    if loaded.closings:
        closed = [{"id": deal, "closed_at": at} for deal, at in loaded.closings.items()]
        found.append((DEALS, {"deals": _json(closed)}))
    return found


def fold_deals(deal_ids: Iterable[int]) -> int:
    """Keep what history says of these deals, without judging them; returns the number of those that lived otherwise."""
    ids, changed = sorted(set(deal_ids)), 0
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        with transaction.atomic():
            # The lock comes before every other read: whoever folds last has seen the newest events.
            _, *answers = run_statements(locks.of_deals(part), *reading(part, (), history=True))
            loaded = build(answers, history=True)
            run_statements(*writing(loaded))
            changed += len(loaded.stays)
    return changed


def fold_rest() -> None:
    """Tell when tasks that belong to no deal here were done: nobody else looks at their completion."""
    with connection.cursor() as cursor:
        cursor.execute(REST)


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
