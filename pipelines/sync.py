"""How the mirror is read: in full, then by what has changed; nothing here knows an entity by name.

Everything may be interrupted at any point and started again: a cursor moves after its page is stored, and storing
twice changes nothing.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.db.models import Model, QuerySet

from pipelines import cursors
from pipelines.amo.client import Client
from pipelines.amo.errors import NotFound
from pipelines.amo.paging import IN_FLIGHT, Listing
from pipelines.cursors import claim
from pipelines.entities import ENTITIES, Entity, Params, Reading
from pipelines.models import Cursor
from pipelines.rows import Item, Row
from pipelines.upsert import Stored, bury, note_vanished_people, store
from salesops.lib import moment

OVERLAP = timedelta(minutes=10)  # what amoCRM shows late, and the boundary second
WINDOW_PAGES = 30
LONG_LIST = 15  # pages after which it is worth asking how long the list is
FIRST_WINDOW, SHORTEST_WINDOW = 86_400, 60  # seconds
BATCH = 100  # ids a call: 250 would overrun the length of an address
ASKED_AT_ONCE = 10  # entity ids that the event log takes in one question

__all__ = ["Pulled", "Source", "claim", "pull", "refetch", "store"]


@dataclass(frozen=True)
class Source:
    """An account to read: its client and the time zone of its dates. Leaving it as a context closes the client."""

    client: Client
    zone: tzinfo

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *exception: object) -> None:
        self.client.close()


@dataclass
class Pulled:
    """What one run brought. ``progress`` is called with it after every page."""

    entity: Entity
    cursor: Cursor
    full: bool
    new: int = 0
    changed: int = 0
    deals: set[int] = field(default_factory=set)

    def add(self, stored: Stored) -> None:
        self.new += len(stored.new)
        self.changed += len(stored.changed)
        self.deals |= stored.deals


Progress = Callable[[Pulled], None]


def pull(
    source: Source, entity: Entity, *, full: bool = False, progress: Progress = lambda run: None
) -> Pulled | None:
    """Bring one entity up to date, or None when another worker is at it.

    The first time, with ``full`` and after an interrupted load everything is read. Raises AmoError after the reason
    has been written to the cursor; what was stored stays.
    """
    cursor = claim(entity.name)
    if cursor is None:
        return None
    try:
        run = Pulled(entity, cursor, cursors.begin(cursor, full=full))
        READERS[entity.reading](source, run, progress)
        cursors.finish(cursor, cursor.started_at or moment.now())
    except cursors.LostLease:
        raise
    except BaseException as error:  # Ctrl-C gives the lease back as well
        cursors.fail(cursor, error)
        raise
    return run


def save(entity: Entity, rows: list[Row]) -> Stored:
    note_vanished_people(entity, rows, moment.now())
    return store(entity, rows)


def take(
    run: Pulled, source: Source, items: list[Item], progress: Progress, *, pages: int = 1, **moved: Any
) -> list[Row]:
    """Store items, then move the cursor past them; returns the rows that were news."""
    rows = run.entity.rows(items, source.zone)
    stored = save(run.entity, rows)
    run.add(stored)
    more = len(rows) if run.full else len(stored.new)
    cursors.save(run.cursor, rows=run.cursor.rows + more, pages=run.cursor.pages + pages, **moved)
    progress(run)
    return [row for row in rows if row["id"] in stored.new or row["id"] in stored.changed]


def read_whole(source: Source, run: Pulled, progress: Progress) -> None:
    """A dictionary: all of it, and what is no longer in it gets ``deleted_at``."""
    entity = run.entity
    items = list(listing(source, entity).items())
    run.full = True
    cursors.save(run.cursor, rows=0, pages=0)
    take(run, source, items, progress)
    if items:
        present = [row["id"] for row in entity.rows(items, source.zone)]
        alive(entity).exclude(pk__in=present).update(deleted_at=moment.now())


def read_list(source: Source, run: Pulled, progress: Progress) -> None:
    """A list in the order of ids, whose rows stay where they are while they change; deleted items by their own list."""
    entity, cursor = run.entity, run.cursor
    since = None if run.full or cursor.as_of is None else int((cursor.as_of - OVERLAP).timestamp())
    start = (cursor.position or {}).get("page", 1)
    before = (
        set(alive(entity).values_list("pk", flat=True))
        if run.full and start == 1 and entity.trashable
        else set()
    )
    asked = listing(source, entity, since)
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        for number, items in asked.pages(start, pool):
            moved: dict[str, Any] = {"position": {"page": number + 1}} if run.full else {}
            if run.full and number == start + LONG_LIST and cursor.expected_rows is None:
                moved["expected_rows"] = asked.estimate(number * entity.limit)
            take(run, source, items, progress, **moved)
            before.difference_update(item["id"] for item in items)
    if before:  # stood here and not in the whole list: deleted without a word, or kept out of lists
        run.add(refetch(source, {entity.name: before}, events=False))
    if entity.hidden:
        hidden = entity.hidden(source.client)
        known = set(alive(entity).filter(pk__in=hidden).values_list("pk", flat=True))
        found = refetch(source, {entity.name: hidden - known}, events=False)
        run.add(found)
        cursors.save(cursor, rows=cursor.rows + len(found.new))
    if entity.trash:
        trash = listing(source, entity, since, entity.trash)
        gone = {item["id"]: item["updated_at"] for item in trash.items() if item.get("is_deleted")}
        run.add(bury(entity, {key: datetime.fromtimestamp(at, UTC) for key, at in gone.items()}))


def alive(entity: Entity) -> QuerySet[Model]:
    return entity.model._default_manager.filter(deleted_at=None)


def listing(
    source: Source, entity: Entity, since: int | None = None, params: Params | None = None
) -> Listing:
    """The entity's list: all of it, or what has changed ``since`` (Unix seconds, included)."""
    asked = list(entity.params if params is None else params)
    if entity.reading is Reading.LIST:
        asked.append(("order[id]", "asc"))
    if since is not None:
        asked.append(("filter[updated_at][from]", since))
    earliest = since or 0
    return Listing(
        source.client,
        entity.path,
        entity.key,
        asked,
        entity.limit,
        keep=lambda item: item.get("updated_at", earliest) >= earliest,
    )


def read_windows(source: Source, run: Pulled, progress: Progress) -> None:
    """A log in closed windows of some dozens of pages, several under way, stored in order.

    Inside a window the order of pages does not matter; the last window is open, since new rows of it can only repeat
    others, not hide them.
    """
    cursor = run.cursor
    started = cursor.started_at or moment.now()
    position = cursor.position or {}
    if run.full:
        oldest = run.entity.oldest() or started
        first = position.get("first") or int(min(oldest, started).timestamp())
    else:
        first = int(((cursor.as_of or started) - OVERLAP).timestamp())
    edge, end, width = (
        position.get("next", first),
        int(started.timestamp()),
        position.get("width", FIRST_WINDOW),
    )
    under_way: deque[tuple[int, Future[list[list[Item]]]]] = deque()
    recent = started - OVERLAP if run.full else datetime.min.replace(tzinfo=UTC)
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        while under_way or edge <= end:
            while len(under_way) < IN_FLIGHT and edge <= end:
                until = edge + width if run.full else end + 1
                last = None if until > end else until - 1
                under_way.append((until, pool.submit(window, source, run.entity, edge, last)))
                edge = until
            until, future = under_way.popleft()
            pages = future.result()
            width = max(SHORTEST_WINDOW, int(width * min(4.0, max(0.25, WINDOW_PAGES / max(1, len(pages))))))
            items = sorted(
                (item for page in pages for item in page), key=lambda item: (item["created_at"], item["id"])
            )
            share = min(1.0, (until - first) / max(1, end - first))
            moved: dict[str, Any] = {}
            if run.full:
                moved = {"position": {"first": first, "next": until, "width": width}}
                moved["expected_rows"] = int((cursor.rows + len(items)) / share) if share > 0 else None
            written = take(run, source, items, progress, pages=len(pages), **moved)
            settle(source, run, [row for row in written if row.get("at", recent) >= recent])


def window(source: Source, entity: Entity, first: int, last: int | None) -> list[list[Item]]:
    """All pages of the seconds ``first`` to ``last``, both included; of everything since ``first`` when last is None.

    A window that turns out much too wide is read in two halves.
    """
    asked = [*entity.params, ("filter[created_at][from]", first)]
    if last is not None:
        asked.append(("filter[created_at][to]", last))
    end = float("inf") if last is None else last
    found = Listing(
        source.client,
        entity.path,
        entity.key,
        asked,
        entity.limit,
        keep=lambda item: first <= item["created_at"] <= end,
    )
    pages = []
    for number, items in found.pages():
        if last is not None and number > 4 * WINDOW_PAGES and last - first > SHORTEST_WINDOW:
            middle = (first + last) // 2
            return window(source, entity, first, middle) + window(source, entity, middle + 1, last)
        pages.append(items)
    return pages


def settle(source: Source, run: Pulled, written: list[Row]) -> None:
    """Look again at what a log says was deleted, restored or merged, as far as the mirror holds it."""
    doubts: dict[str, set[int]] = {}
    for row in written:
        if doubt := run.entity.doubts(row):
            doubts.setdefault(doubt[0], set()).add(doubt[1])
    if doubts:
        run.add(refetch(source, doubts, events=False))
    for deal in {deal for row in written if (deal := run.entity.merged(row))}:
        run.add(reread_family(source, deal))


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


READERS = {Reading.WHOLE: read_whole, Reading.LIST: read_list, Reading.WINDOWS: read_windows}
