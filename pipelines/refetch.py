"""Reading named items again: after a hook, a deletion, a merge."""

from collections.abc import Collection, Iterator, Mapping

from pipelines.amo.client import Client
from pipelines.amo.errors import NotFound
from pipelines.amo.paging import Listing
from pipelines.entities import ENTITIES, Entity
from pipelines.models import Cursor
from pipelines.rows import Item
from pipelines.source import OVERLAP, Source
from pipelines.upsert import Stored, bury, save
from salesops.lib import moment

BATCH = 100  # ids a call: 250 would overrun the length of an address
ASKED_AT_ONCE = 10  # entity ids that the event log takes in one question


def reread_family(source: Source, deal: int) -> Stored:
    """All that belongs to one deal: a merge moves tasks, notes and events over without a trace in their own rows."""
    touched = Stored()
    for entity in ENTITIES.values():
        if entity.of_deal:
            asked = [*entity.params, *entity.of_deal(deal)]
            found = Listing(
                source.client,
                entity.path,
                entity.key,
                asked,
                entity.limit,
                keep=lambda item: item["entity_id"] == deal,
            )
            touched |= save(entity, entity.rows(found.items(), source.zone))
    return touched


def refetch(
    source: Source, ids: Mapping[str, Collection[int]], *, events: bool = True, singly: bool = True
) -> Stored:
    """Read these items again, by entity name, with their events; what amoCRM no longer has is marked deleted.

    What a list does not return is asked for ``singly``, else left as it is. Raises AmoError.
    """
    touched = Stored()
    for entity in (entity for name, entity in ENTITIES.items() if ids.get(name)):
        for batch in batches(ids[entity.name], BATCH):
            touched |= refetch_batch(source, entity, batch, singly=singly)
        if events and entity.subject:
            for batch in batches(ids[entity.name], ASKED_AT_ONCE):
                touched |= refetch_events(source, entity.subject, batch)
    return touched


def refetch_batch(source: Source, entity: Entity, ids: list[int], *, singly: bool) -> Stored:
    asked = [*entity.params, *(("filter[id][]", key) for key in ids)]
    wanted = set(ids)
    found, _ = Listing(source.client, entity.path, entity.key, asked).page(1, 250)
    items = [item for item in found if item["id"] in wanted and not item.get("is_deleted")]
    gone = {}
    unseen = wanted - {item["id"] for item in items}  # gone, or in a place that lists leave out
    for key in sorted(unseen) if singly else ():
        item = one(source.client, entity, key)
        if item is None or item.get("is_deleted"):
            gone[key] = moment.now()
        else:
            items.append(item)
    return save(entity, entity.rows(items, source.zone)) | bury(entity, gone)


def one(client: Client, entity: Entity, key: int) -> Item | None:
    """One item, None when amoCRM says 204 or 404: both mean that it is not there."""
    try:
        return client.get(f"{entity.path}/{key}", entity.params)
    except NotFound:
        return None


def refetch_events(source: Source, subject: str, ids: list[int]) -> Stored:
    log = ENTITIES["events"]
    asked: list[tuple[str, str | int]] = [*log.params, ("filter[entity][]", subject)]
    asked += [("filter[entity_id][]", key) for key in ids]
    cursor = Cursor.objects.filter(entity=log.name).first()
    if cursor and cursor.as_of:  # what is older was mirrored in its turn
        asked.append(("filter[created_at][from]", int((cursor.as_of - OVERLAP).timestamp())))
    wanted = set(ids)
    found = Listing(
        source.client, log.path, log.key, asked, log.limit, keep=lambda item: item["entity_id"] in wanted
    )
    return save(log, log.rows(found.items(), source.zone))


def batches(ids: Collection[int], size: int) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
