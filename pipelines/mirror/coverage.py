"""The mirror as a whole: which entities there are to read, and what none of them can find alone."""

from collections.abc import Callable, Iterable

from django.db import connection

from pipelines.account.source import Source
from pipelines.amo import errors
from pipelines.mirror.entities import TABLE, Entity
from pipelines.mirror.readers import Round, denied, finished
from pipelines.mirror.refetch import refetch
from pipelines.mirror.sync import Progress


def loaded_entities() -> set[str]:
    return set(finished())


def is_complete() -> bool:
    """Every entity has been loaded once, to the end, but for those that amoCRM denies to this token."""
    return not unfinished()


def dictionaries() -> list[Entity]:
    return [entity for entity in TABLE if entity.is_dictionary]


def changing() -> list[Entity]:
    return [entity for entity in TABLE if not entity.is_dictionary]


def unfinished() -> list[Entity]:
    known = loaded_entities() | denied()
    return [entity for entity in TABLE if entity.name not in known]


def pull_entities(
    source: Source,
    entities: Iterable[Entity],
    *,
    full: bool = False,
    progress: Progress = lambda run: None,
    ended: Progress = lambda run: None,
    others: Callable[[list[Entity]], bool] = lambda entities: False,
) -> list[tuple[Entity, errors.AmoError]]:
    """Bring these up to date; returns the failures. One that concerns the whole account ends the round.

    When only that is left which other workers are reading, ``others`` is told: True looks again (they may die), False
    leaves it to them.
    """
    with Round(source, entities, full=full, progress=progress, ended=ended) as reading:
        while reading.advance() or (reading.others and others(reading.others)):
            pass
    return reading.failures


ORPHANED = """
SELECT DISTINCT child.deal_id FROM (
    SELECT deal_id FROM pipelines_task UNION ALL SELECT deal_id FROM pipelines_touch
    UNION ALL SELECT entity_id FROM pipelines_event WHERE entity = 'deal'
) child
WHERE child.deal_id IS NOT NULL AND NOT EXISTS (SELECT FROM pipelines_deal deal WHERE deal.id = child.deal_id)"""


def adopt_orphans(source: Source) -> None:
    """Ask once for deals that tasks and events name and the list did not show: rows slip from page to page while others
    are deleted. What stays unknown was deleted long ago. Raises AmoError."""
    with connection.cursor() as cursor:
        cursor.execute(ORPHANED)
        missing = [deal for (deal,) in cursor.fetchall()]
    refetch(source, {"deals": missing}, events=False, singly=False)
