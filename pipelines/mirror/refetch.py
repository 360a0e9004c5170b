"""Reading named items again: after a hook, a deletion, a restoration, a merge."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from core import moment
from pipelines.account.source import OVERLAP, Source
from pipelines.amo.client import Client
from pipelines.amo.errors import Forbidden, NotFound
from pipelines.amo.paging import Listing
from pipelines.mirror import selection
from pipelines.mirror.entities import ENTITIES, TABLE, Entity
from pipelines.mirror.quarantine import sort_readable
from pipelines.mirror.rows import Item, Row
from pipelines.mirror.upsert import Stored, alive_rows, mark_deleted, store_mirrored_rows
from pipelines.models import Contact, Cursor, Deal, Task

BATCH = 100  # ids a call: 250 would overrun the length of an address
ASKED_AT_ONCE = 10  # entity ids that the event log takes in one question
# More rows than both that a whole list shows no longer are not believed to be deleted.
DOUBTFUL_ROWS, DOUBTFUL_SHARE = 100, 0.1
Ids = Mapping[str, Collection[int]]


def refetch(source: Source, ids: Ids, *, events: bool = True, singly: bool = True) -> Stored:
    """Read these items again, by entity name, with their events; what amoCRM no longer has is marked deleted.

    What a list does not return is asked for ``singly``, else left as it is. Raises AmoError.
    """
    touched = Stored()
    for entity in (entity for name, entity in ENTITIES.items() if ids.get(name)):
        for batch in batches(ids[entity.name], BATCH):
            touched |= refetch_batch(source, entity, batch, singly=singly)
        if events and entity.subject:
            touched |= refetch_events(source, entity.subject, ids[entity.name], since=mirrored_events())
    return touched


def refetch_batch(source: Source, entity: Entity, ids: list[int], *, singly: bool) -> Stored:
    asked = moment.now()
    params = [*entity.params, *(("filter[id][]", key) for key in ids)]
    wanted = set(ids)
    found, _ = Listing(source.client, entity.path, entity.key, params).page(1, 250)
    items = [item for item in found if item["id"] in wanted and not item.get("is_deleted")]
    gone = {}
    unseen = wanted - {item["id"] for item in items}  # gone, or in a place that lists leave out
    for key in sorted(unseen) if singly else ():
        looked = moment.now()
        item = fetch_one(source.client, entity, key)
        if item is None or item.get("is_deleted"):
            gone[key] = looked
        else:
            items.append(item)
    rows = sort_readable(entity, items, source.zone)
    return store_with_stories(source, entity, rows, asked) | mark_gone(source, entity, gone)


def store_with_stories(source: Source, entity: Entity, rows: Sequence[Row], asked: datetime) -> Stored:
    """Save rows; a deal's client comes before it, and one that comes over from a pipeline that is not mirrored brings
    its story with it.

    Both or neither: of a deal that stands here nobody asks for the story again. New and changed are these rows alone.
    Raises AmoError before it writes.
    """
    if entity.hidden:
        adopt_contacts(source, (row["contact_id"] for row in selection.keep_mirrored(entity, rows)))
    comers = batches(selection.latecomers(entity, rows), ASKED_AT_ONCE)
    stories = [part for batch in comers for part in fetch_story(source, batch)]
    with transaction.atomic() if stories else nullcontext():
        stored = store_mirrored_rows(entity, rows, asked)
        told = [store_mirrored_rows(part.entity, part.rows, part.asked).deals for part in stories]
    return replace(stored, deals=stored.deals.union(*told))


def adopt_contacts(source: Source, named: Iterable[int | None]) -> None:
    """Contacts that deals name and no list has shown: those of an incoming deal are hidden until somebody accepts it,
    and come out of hiding unchanged. Whoever is killed before the deals are stored adopts them again."""
    wanted = {key for key in named if key}
    unknown = wanted.difference(Contact.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    with suppress(Forbidden):  # deals are of use without contacts
        refetch(source, {"contacts": unknown}, singly=False)


def fetch_one(client: Client, entity: Entity, key: int) -> Item | None:
    """One item, None when amoCRM says 204 or 404: both mean that it is not there."""
    try:
        return client.get(f"{entity.path}/{key}", entity.params)
    except NotFound:
        return None


def mark_gone(source: Source, entity: Entity, gone: Mapping[int, datetime]) -> Stored:
    """Bury rows; what belongs to a deal goes with it, or has gone over to another. Its client stays: one that came out
    of hiding with it is in no list of changes.

    That first: a row is buried once, so whoever is killed in between begins again with both.
    """
    touched = Stored()
    if entity.model is Deal:
        buried = dict(alive_rows(entity).filter(pk__in=gone).values_list("pk", "contact_id"))
        adopt_contacts(source, buried.values())
        touched = reread_families(source, buried)
    return touched | mark_deleted(entity, gone)


def reread_families(source: Source, deals: Collection[int]) -> Stored:
    """All that belongs to these deals, and what belonged to them here and does so no longer.

    A merge moves tasks, notes and events over, tasks disappear and come back with their deal, all without a trace in
    their own rows.
    """
    touched = Stored()
    for batch in batches(deals, ASKED_AT_ONCE):
        for part in fetch_story(source, batch):
            touched |= store_mirrored_rows(part.entity, part.rows, part.asked)
            if part.entity.trashable:
                standing = alive_rows(part.entity).filter(deal_id__in=batch).values_list("pk", flat=True)
                left = set(standing) - {row["id"] for row in part.rows}
                touched |= refetch(source, {part.entity.name: left}, events=False)
    return touched


@dataclass(frozen=True)
class Part:
    """Of the story of some deals: the rows of one entity, and when they were asked for."""

    entity: Entity
    rows: list[Row]
    asked: datetime


def fetch_story(source: Source, deals: list[int]) -> list[Part]:
    """What belongs to these deals, ten at most, in the order in which it is to be stored.

    Events are read first and stored last: one that tells of a merge must not stand here before what has moved. What
    amoCRM denies to this token is no part of any story.
    """
    denied = set(Cursor.objects.filter(state=Cursor.State.DENIED).values_list("entity", flat=True))
    told = [entity for entity in TABLE if entity.of_deals and entity.name not in denied]
    parts = [belongings(source, entity, deals) for entity in reversed(told)][::-1]
    if selection.chosen_pipelines() is not None:
        parts += [own for part in parts if part.entity.model is Task for own in own_events(source, part)]
    return parts


def own_events(source: Source, tasks: Part) -> Iterator[Part]:
    """Those of tasks that are new here: like the tasks they may have been left out before."""
    ids = {row["id"] for row in tasks.rows}
    for batch in batches(ids - selection.known(Task, ids), ASKED_AT_ONCE):
        yield Part(ENTITIES["events"], events_of(source, "task", batch), tasks.asked)


def belongings(source: Source, entity: Entity, deals: list[int]) -> Part:
    asked = moment.now()
    found = Listing(
        source.client,
        entity.path,
        entity.key,
        [*entity.params, *(entity.of_deals(deals) if entity.of_deals else ())],
        entity.limit,
        keep=lambda item: item["entity_id"] in deals,
    )
    return Part(entity, sort_readable(entity, found.items(), source.zone), asked)


def mirrored_events() -> datetime | None:
    """Events before this moment have been read in their turn."""
    cursor = Cursor.objects.filter(entity="events").first()
    return cursor.as_of - OVERLAP if cursor and cursor.as_of else None


def refetch_events(
    source: Source, subject: str, ids: Collection[int], *, since: datetime | None = None
) -> Stored:
    """The events of these items: all of them, or those ``since`` a moment."""
    log, touched = ENTITIES["events"], Stored()
    for batch in batches(ids, ASKED_AT_ONCE):
        rows = events_of(source, subject, batch, since=since)
        touched |= settle(source, log, rows) | store_mirrored_rows(log, rows)
    return touched


def events_of(source: Source, subject: str, ids: list[int], *, since: datetime | None = None) -> list[Row]:
    """Of these items, ten at most."""
    log = ENTITIES["events"]
    asked: list[tuple[str, str | int]] = [*log.params, ("filter[entity][]", subject)]
    asked += [("filter[entity_id][]", key) for key in ids]
    if since:
        asked.append(("filter[created_at][from]", int(since.timestamp())))
    found = Listing(
        source.client, log.path, log.key, asked, log.limit, keep=lambda item: item["entity_id"] in ids
    )
    return sort_readable(log, found.items(), source.zone)


def settle(source: Source, log: Entity, rows: Collection[Row]) -> Stored:
    """Look again at what rows that are new here put in question, with all that belongs to such a deal, and at deals
    that have only changed. Before they are stored: whoever is killed or fails in between finds them new again."""
    known = set(
        log.model._default_manager.filter(pk__in=[row["id"] for row in rows]).values_list("pk", flat=True)
    )
    news = [row for row in rows if row["id"] not in known]
    doubts = log.doubts(news)
    touched = refetch(source, doubts, events=False) | reread_families(source, doubts.get("deals", ()))
    return touched | refetch(source, {"deals": log.outdated(news)}, events=False)


def too_many(entity: Entity, absent: Collection[int]) -> bool:
    """Whether so many rows at once are rather out of sight than gone: a token that has lost rights sees less."""
    pipelines = selection.chosen_pipelines() if entity.model is Deal else None
    there = alive_rows(entity) if pipelines is None else alive_rows(entity).filter(pipeline__in=pipelines)
    gone = there.filter(pk__in=absent).count()
    return gone > max(DOUBTFUL_ROWS, DOUBTFUL_SHARE * there.count())


def batches(ids: Collection[int], size: int) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
