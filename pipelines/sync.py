"""How the mirror is read: in full, then by what has changed; nothing here knows an entity by name.

Everything may be interrupted at any point and started again: a cursor moves after its page is stored, and storing
twice changes nothing.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

from django.db.models import Model, QuerySet

from pipelines import cursors
from pipelines.amo.paging import IN_FLIGHT, Listing
from pipelines.cursors import claim
from pipelines.entities import Entity, Params, Reading
from pipelines.models import Cursor
from pipelines.refetch import refetch, reread_family
from pipelines.rows import Item, Row
from pipelines.source import OVERLAP, Source
from pipelines.upsert import Stored, bury, save, store
from salesops.lib import moment

__all__ = ["Pulled", "claim", "pull", "refetch", "store"]

WINDOW_PAGES = 30
LONG_LIST = 15  # pages after which it is worth asking how long the list is
FIRST_WINDOW, SHORTEST_WINDOW = 86_400, 60  # seconds
PATIENCE = 20  # seconds to wait for a window before the lease is renewed


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
        keep=lambda item: (item.get("updated_at") or earliest) >= earliest,
    )


def read_windows(source: Source, run: Pulled, progress: Progress) -> None:
    """A log in closed windows of some dozens of pages, several under way, stored in order.

    Inside a window the order of pages does not matter; the last window is open, since new rows of it can only repeat
    others, not hide them.
    """
    cursor, stop = run.cursor, Event()
    started = cursor.started_at or moment.now()
    recent = started - OVERLAP if run.full else datetime.min.replace(tzinfo=UTC)
    position = cursor.position or {}
    first = position.get("first") or beginning(run, started)
    edge, end, width = (
        position.get("next", first),
        int(started.timestamp()),
        position.get("width", FIRST_WINDOW),
    )
    under_way: deque[tuple[int, int, Future[list[list[Item]]]]] = deque()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        try:
            while under_way or edge <= end:
                while len(under_way) < IN_FLIGHT + 2 and edge <= end:  # two to spare: windows are unequal
                    until = edge + width if run.full else end + 1
                    last = None if until > end else until - 1
                    under_way.append((edge, until, pool.submit(window, source, run.entity, edge, last, stop)))
                    edge = until
                since, until, future = under_way.popleft()
                while not wait([future], PATIENCE).done:
                    cursors.save(cursor)
                pages = future.result()
                width = next_width(until - since, len(pages))
                items = [item for page in pages for item in page]
                moved: dict[str, Any] = {}
                if run.full:
                    share = min(1.0, (until - first) / max(1, end - first))
                    moved["position"] = {"first": first, "next": until, "width": width}
                    moved["expected_rows"] = int((cursor.rows + len(items)) / share)
                written = take(run, source, items, progress, pages=len(pages), **moved)
                settle(source, run, [row for row in written if row["at"] >= recent])
        finally:
            stop.set()  # after an error or Ctrl-C nobody reads his window to the end


def next_width(width: int, pages: int) -> int:
    """Seconds of a window that should hold about the right number of pages, when one of ``width`` held ``pages``."""
    change = min(4.0, max(0.25, WINDOW_PAGES / max(1, pages)))
    return max(SHORTEST_WINDOW, int(width * change))


def beginning(run: Pulled, started: datetime) -> int:
    """The second from which a log is to be read."""
    if run.full:
        return int(min(run.entity.oldest() or started, started).timestamp())
    return int(((run.cursor.as_of or started) - OVERLAP).timestamp())


def window(source: Source, entity: Entity, first: int, last: int | None, stop: Event) -> list[list[Item]]:
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
            return window(source, entity, first, middle, stop) + window(
                source, entity, middle + 1, last, stop
            )
        if stop.is_set():
            break
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


READERS = {Reading.WHOLE: read_whole, Reading.LIST: read_list, Reading.WINDOWS: read_windows}
