"""Entries: deals on the stages that they first entered within a period. A return counts where it came first."""

from collections.abc import Iterable
from typing import Any

from core.periods import Period

ENTRIES = """
    select s.deal_id, s.stage_id, coalesce(bool_or(n.kind <> 'lost'), false) as moved_on
    from pipelines_stay s
    join pipelines_stage g on g.id = s.stage_id and {stages}
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
    left join pipelines_stage n on n.id = s.next_stage_id
    where (%s::bigint[] is null or d.manager_id = any(%s)) and (%s::bigint[] is null or g.pipeline_id = any(%s))
    group by s.deal_id, s.stage_id
    having min(s.visit_since) >= %s and min(s.visit_since) < %s
"""
WORKING_STAGES = "g.kind in ('incoming', 'work')"
STAGES_OF_PIPELINE = "g.pipeline_id = %s"


def select_entries(
    stages: str,
    period: Period,
    people: Iterable[int] | None,
    *values: Any,
    pipelines: Iterable[int] | None = None,
) -> tuple[str, list[Any]]:
    """The statement and its values: rows of (deal_id, stage_id, moved_on), of deals that ``people`` own now.

    ``stages`` is the condition that chooses them, with its ``values``. ``moved_on``: to any stage but a lost one.
    """
    owners = None if people is None else sorted(people)
    funnels = None if pipelines is None else sorted(pipelines)
    asked = [*values, owners, owners, funnels, funnels, period.start, period.end]
    return ENTRIES.format(stages=stages), asked
