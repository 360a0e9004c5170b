"""How the mirror is read: in full, then by what has changed; nothing here knows an entity by name.

Everything may be interrupted at any point and started again: a cursor moves after its page is stored, and storing
twice changes nothing.

Threads fetch, one thread stores. A reader is a generator that yields the answers it waits for, so that several entities
can be read at once (`pipelines.mirror`) without a second database session.
"""

from collections.abc import Callable, Collection, Generator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from pipelines import cursors, log_rows, selection
from pipelines.amo.errors import Forbidden
from pipelines.amo.paging import Listing, Pages
from pipelines.cursors import claim
from pipelines.entities import Entity, Params, Reading
from pipelines.models import Cursor
from pipelines.refetch import adopt_contacts, mark_gone, refetch, reread_families, settle, too_many
from pipelines.rows import Item
from pipelines.source import OVERLAP, Source
from pipelines.upsert import Stored, alive, save, store
from pipelines.windows import Windows
from salesops.lib import moment

__all__ = ["Pulled", "claim", "pull", "refetch", "store"]

LONG_LIST = 15  # pages after which it is worth asking how long the list is
FETCHERS = 12  # requests that wait for their turn or for an answer
PATIENCE = 20.0  # seconds to wait for an answer before the lease is renewed


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
Answers = Collection[Future[Any]]
Reader = Generator[Answers, None, None]
T = TypeVar("T")


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
    run = Pulled(entity, cursor, full)
    with fetchers() as pool:
        reader = read(source, run, pool, progress)
        try:
            for answers in reader:
                wait(answers, PATIENCE, FIRST_COMPLETED)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return run


def fetchers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(FETCHERS, "fetch")


def read(source: Source, run: Pulled, pool: Executor, progress: Progress = lambda run: None) -> Reader:
    """Read all that ``run``, whose cursor is claimed, asks for. Go on when an answer has come, or after PATIENCE.

    However it ends, the lease is given back; after an error (also one that is thrown in) with its reason.
    """
    cursor = run.cursor
    try:
        run.full = cursors.begin(cursor, full=run.full)
        for answers in READERS[run.entity.reading](source, run, pool, progress):
            yield answers
            while not any(answer.done() for answer in answers):
                cursors.save(cursor)
                yield answers
        cursors.finish(cursor, cursor.started_at or moment.now())
    except cursors.LostLease:
        raise
    except BaseException as error:  # Ctrl-C gives the lease back as well
        cursors.fail(cursor, error)
        raise
    finally:
        cursors.release(cursor)


def take(
    run: Pulled,
    source: Source,
    items: list[Item],
    progress: Progress,
    *,
    pages: int = 1,
    again: bool = False,
    **moved: Any,
) -> None:
    """Store items, then move the cursor past them. ``again``: most are known."""
    rows = run.entity.rows(items, source.zone)
    stored = save(run.entity, rows)
    run.add(stored)
    if not run.full:
        run.add(reread_families(source, selection.latecomers(run.entity, stored.new)))
        if run.entity.hidden:
            adopt_contacts(source, stored.deals)
    more = len(rows) - stored.left_out if run.full and not again else len(stored.new)
    cursors.save(run.cursor, rows=run.cursor.rows + more, pages=run.cursor.pages + pages, **moved)
    progress(run)


def read_whole(source: Source, run: Pulled, pool: Executor, progress: Progress) -> Reader:
    """A dictionary: all of it, and what is no longer in it gets ``deleted_at``."""
    entity = run.entity
    items: list[Item] = []
    pages = Pages(listing(source, entity), pool=pool)
    while answer := pages.ask():
        yield [answer]
        items += pages.take() or []
    run.full = True
    cursors.save(run.cursor, rows=0, pages=0)
    take(run, source, items, progress)
    if items or entity.may_be_empty:
        present = [row["id"] for row in entity.rows(items, source.zone)]
        alive(entity).exclude(pk__in=present).update(deleted_at=moment.now())


def read_list(source: Source, run: Pulled, pool: Executor, progress: Progress) -> Reader:
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
    pages = Pages(asked, start, pool)
    while answer := pages.ask():
        yield [answer]
        items = pages.take()
        if items is None:
            break
        moved: dict[str, Any] = {"position": {"page": pages.number}} if run.full else {}
        if run.full and pages.number == start + LONG_LIST and cursor.expected_rows is None:
            length = pool.submit(asked.estimate, (pages.number - 1) * entity.limit)
            yield [length]
            moved["expected_rows"] = length.result()
        take(run, source, items, progress, **moved)
        before.difference_update(item["id"] for item in items)
    if entity.trashable and pages.number > 2 and anything_deleted(source, run):
        walk = asked.backwards(pages.number - 1)
        while page := (yield from awaited(pool.submit(next, walk, None))):
            take(run, source, page[1], progress, pages=0, again=True)
            before.difference_update(item["id"] for item in page[1])
    if entity.hidden:
        waiting = pool.submit(entity.hidden, source.client)
        yield [waiting]
        hidden = waiting.result()
        known = set(alive(entity).filter(pk__in=hidden).values_list("pk", flat=True))
        before -= hidden
        found = refetch(source, {entity.name: hidden if run.full else hidden - known}, events=False)
        run.add(found)
        cursors.save(cursor, rows=cursor.rows + len(found.new))
    if before and not too_many(entity, before):  # not in the whole list: deleted without a word
        run.add(refetch(source, {entity.name: before}, events=False))
    if entity.trash:
        trash = Pages(listing(source, entity, since, entity.trash), pool=pool)
        while answer := trash.ask():
            yield [answer]
            gone = {
                item["id"]: datetime.fromtimestamp(item["updated_at"], UTC)
                for item in trash.take() or ()
                if item.get("is_deleted")
            }
            run.add(mark_gone(source, entity, gone))


def awaited(answer: Future[T]) -> Generator[Answers, None, T]:
    yield [answer]
    return answer.result()


def anything_deleted(source: Source, run: Pulled) -> bool:
    """Whether rows may have slipped past us: a deletion moves later ones up, to pages that were read before."""
    since = int((run.cursor.started_at or moment.now()).timestamp()) - 60
    deletions: list[tuple[str, str | int]] = [("filter[type]", ",".join(log_rows.DELETIONS))]
    deletions += [("filter[created_at][from]", since), ("limit", 1)]
    try:
        answer = source.client.get("/api/v4/events", deletions)
    except Forbidden:
        return True
    return any(item["created_at"] >= since for item in (answer or {}).get("_embedded", {}).get("events", ()))


def listing(
    source: Source, entity: Entity, since: int | None = None, params: Params | None = None
) -> Listing:
    """The entity's list: all of it, or what has changed ``since`` (Unix seconds, included)."""
    asked = list(entity.params if params is None else params)
    if entity.reading is Reading.LIST:
        asked.append(("order[id]", "asc"))
    if since is None:
        asked += selection.asked(entity)
    else:
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


def read_windows(source: Source, run: Pulled, pool: Executor, progress: Progress) -> Reader:
    """A log in closed windows of time, several under way, each page stored as it comes."""
    cursor = run.cursor
    started = cursor.started_at or moment.now()
    recent = started - OVERLAP if run.full else datetime.min.replace(tzinfo=UTC)
    asked = Windows(source.client, run.entity, pool, end=int(started.timestamp()))
    if run.full and cursor.position:
        asked.resume(cursor.position)
    else:
        asked.begin(beginning(run, started), whole=run.full)
    while answers := asked.ask():
        yield answers
        for items in asked.take():
            moved: dict[str, Any] = {}
            if run.full:
                moved["position"] = asked.position()
                if share := asked.share():
                    moved["expected_rows"] = int((cursor.rows + len(items)) / share)
            rows = run.entity.rows(items, source.zone)
            run.add(settle(source, run.entity, [row for row in rows if row["at"] >= recent]))
            take(run, source, items, progress, **moved)


def beginning(run: Pulled, started: datetime) -> int:
    """The second from which a log is to be read."""
    if run.full:
        return int(min(run.entity.oldest() or started, started).timestamp())
    return int(((run.cursor.as_of or started) - OVERLAP).timestamp())


READERS = {Reading.WHOLE: read_whole, Reading.LIST: read_list, Reading.WINDOWS: read_windows}
