"""The entities one after another, parents before children."""

from collections.abc import Iterable

from django.db import connection

from pipelines import sync
from pipelines.amo import errors
from pipelines.entities import TABLE, Entity
from pipelines.models import Cursor, Deal
from pipelines.refetch import refetch
from pipelines.source import Source
from pipelines.sync import Progress

# nothing else will go better after one of these
HOPELESS = (errors.Blocked, errors.AuthError, errors.Unreachable, errors.PaymentRequired, errors.BadAnswer)


def loaded() -> set[str]:
    return set(Cursor.objects.exclude(as_of=None).values_list("entity", flat=True))


def complete() -> bool:
    """Every entity has been loaded once, to the end."""
    return loaded() >= {entity.name for entity in TABLE}


def dictionaries() -> list[Entity]:
    return [entity for entity in TABLE if entity.is_dictionary]


def changing() -> list[Entity]:
    return [entity for entity in TABLE if not entity.is_dictionary]


def unfinished() -> list[Entity]:
    known = loaded()
    return [entity for entity in TABLE if entity.name not in known]


def pull(
    source: Source, entities: Iterable[Entity], *, full: bool = False, progress: Progress = lambda run: None
) -> list[tuple[Entity, errors.AmoError]]:
    """Bring these up to date; returns the failures. One that concerns the whole account ends the round."""
    failures: list[tuple[Entity, errors.AmoError]] = []
    for entity in entities:
        try:
            sync.pull(source, entity, full=full, progress=progress)
        except errors.AmoError as error:
            failures.append((entity, error))
            if isinstance(error, HOPELESS):
                break
    return failures


def all_deals() -> list[int]:
    return list(Deal.objects.order_by("id").values_list("id", flat=True))


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
