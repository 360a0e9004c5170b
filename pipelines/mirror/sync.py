"""How the mirror is read: in full, then by what has changed; nothing here knows an entity by name.

Everything may be interrupted at any point and started again: a cursor moves after its page is stored, and storing
twice changes nothing.

Threads fetch, one thread stores. A reader is a generator that yields the answers it waits for, so that several entities
can be read at once (`pipelines.mirror.coverage`) without a second database session.
"""

from collections.abc import Callable, Collection, Generator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Min

from core import moment
from pipelines.account.source import OVERLAP, Source
from pipelines.amo.errors import Endless, Forbidden
from pipelines.amo.paging import IN_FLIGHT, Listing, Pages
from pipelines.mirror import cursors, leases, log_rows, quarantine, selection
from pipelines.mirror.cursors import claim_cursor
from pipelines.mirror.entities import TABLE, Entity, Params, Reading
from pipelines.mirror.refetch import mark_gone, refetch, settle, store_with_stories, too_many
from pipelines.mirror.rows import Item, Row
from pipelines.mirror.upsert import Stored, alive_rows, store_mirrored_rows
from pipelines.mirror.windows import Windows
from pipelines.models import Cursor

OUTAGE = timedelta(
    days=1
)  # an increment over more than this is read as a load is, and goes on where it broke off
LONG_LIST = 15  # pages after which it is worth asking how long the list is
FETCHERS = 12  # requests that wait for their turn or for an answer
OF_INCREMENT = "since"  # in the position of a log: not all of it is being read
PATIENCE = 20.0  # seconds to wait for an answer before the lease is renewed


@dataclass
class Pulled:
    """What one run brought. ``progress`` is called with it after every page; ``remark``: what was strange about it."""

    entity: Entity
    cursor: Cursor
    full: bool
    new: int = 0
    changed: int = 0
    deals: set[int] = field(default_factory=set)
    remark: str = ""

    def add(self, stored: Stored) -> None:
        self.new += len(stored.new)
        self.changed += len(stored.changed)
        self.deals |= stored.deals


Progress = Callable[[Pulled], None]
Answers = Collection[Future[Any]]
Reader = Generator[Answers, None, None]
T = TypeVar("T")


def pull_entity(
    source: Source, entity: Entity, *, full: bool = False, progress: Progress = lambda run: None
) -> Pulled | None:
    """Bring one entity up to date, or None when another worker is at it.

    The first time, with ``full`` and after an interrupted load everything is read. Raises AmoError after the reason
    has been written to the cursor; what was stored stays.
    """
    cursor = claim_cursor(entity.name)
    if cursor is None:
        return None
    run = Pulled(entity, cursor, full)
    with fetchers() as pool:
        reader = read_pages(source, run, pool, progress)
        try:
            for answers in reader:
                wait(answers, PATIENCE, FIRST_COMPLETED)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return run


def fetchers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(FETCHERS, "fetch")


def read_pages(source: Source, run: Pulled, pool: Executor, progress: Progress = lambda run: None) -> Reader:
    """Read all that ``run``, whose cursor is claimed, asks for. Go on when an answer has come, or after PATIENCE.

    However it ends, the lease is given back; after an error (also one that is thrown in) with its reason.
    """
    cursor = run.cursor
    try:
        if run.full and OF_INCREMENT in (cursor.position or {}):
            cursors.save_cursor(cursor, position=None)
        run.full = cursors.begin_load(cursor, full=run.full)
        if run.full and not cursor.position:
            quarantine.release_rows(run.entity)
        for answers in READERS[run.entity.reading](source, run, pool, progress):
            yield answers
            while not any(answer.done() for answer in answers):
                cursors.save_cursor(cursor)
                yield answers
        cursors.finish_load(cursor, cursor.started_at or moment.now())
        if run.remark:
            Cursor.objects.filter(entity=cursor.entity).update(error=run.remark)
    except leases.LostLease:
        raise
    except BaseException as error:  # Ctrl-C gives the lease back as well
        if isinstance(error, Endless):  # there is no place to go on from
            cursors.save_cursor(
                cursor, position={} if run.full else None, **({"rows": 0} if run.full else {})
            )
        cursors.fail_load(cursor, error)
        raise
    finally:
        cursors.release_cursor(cursor)


def store_page(
    run: Pulled,
    source: Source,
    rows: list[Row],
    asked: datetime,
    progress: Progress,
    *,
    pages: int = 1,
    again: bool = False,
    **moved: Any,
) -> None:
    """Store rows that were ``asked`` for at a moment, then move the cursor past them. ``again``: most are known."""
    if run.full:
        stored = store_mirrored_rows(run.entity, rows, asked)
    else:
        stored = store_with_stories(source, run.entity, rows, asked)
    run.add(stored)
    more = len(rows) - stored.left_out if run.full and not again else len(stored.new)
    cursors.save_cursor(run.cursor, rows=run.cursor.rows + more, pages=run.cursor.pages + pages, **moved)
    progress(run)


def read_whole(source: Source, run: Pulled, pool: Executor, progress: Progress) -> Reader:
    """A dictionary: all of it, and what is no longer in it gets ``deleted_at``."""
    entity, asked = run.entity, moment.now()
    items: list[Item] = []
    endless: Endless | None = None
    pages = Pages(listing(source, entity), pool=pool)
    while answer := pages.ask():
        yield [answer]
        try:
            items += pages.take() or []
        except Endless as error:
            endless = error
    run.remark = pages.remark
    run.full = True
    cursors.save_cursor(run.cursor, rows=0, pages=0)
    quarantine.release_rows(entity)
    rows = quarantine.sort_readable(entity, items, source.zone)
    store_page(run, source, rows, asked, progress)
    if endless:
        raise endless
    if (items or entity.may_be_empty) and not quarantine.any_of(entity):
        alive_rows(entity).exclude(pk__in=[row["id"] for row in rows]).update(deleted_at=moment.now())


def read_list(source: Source, run: Pulled, pool: Executor, progress: Progress) -> Reader:
    """A list in the order of ids, whose rows stay where they are while they change; deleted items by their own list."""
    entity, cursor = run.entity, run.cursor
    since = None if run.full or cursor.as_of is None else int((cursor.as_of - OVERLAP).timestamp())
    start = (cursor.position or {}).get("page", 1)
    before = (
        set(alive_rows(entity).values_list("pk", flat=True))
        if run.full and start == 1 and entity.trashable
        else set()
    )
    asked = listing(source, entity, since)
    ahead = IN_FLIGHT if run.full else 1  # whatever is edited enters a list of changes, mostly at its front
    pages = Pages(asked, start, pool, ahead)
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
        store_page(
            run, source, quarantine.sort_readable(entity, items, source.zone), pages.asked, progress, **moved
        )
        before.difference_update(item["id"] for item in items)
    run.remark = pages.remark
    if pages.number > 2 and anything_shifted(source, run):
        walk = asked.backwards(pages.number - 1)
        while page := (yield from awaited(pool.submit(next, walk, None))):
            _, items, at = page
            rows = quarantine.sort_readable(entity, items, source.zone)
            store_page(run, source, rows, at, progress, pages=0, again=True)
            before.difference_update(item["id"] for item in items)
    if entity.hidden:
        waiting = pool.submit(entity.hidden, source.client, selection.chosen_pipelines())
        yield [waiting]
        hidden = waiting.result()
        known = set(alive_rows(entity).filter(pk__in=hidden).values_list("pk", flat=True))
        before -= hidden
        found = refetch(source, {entity.name: hidden if run.full else hidden - known}, events=False)
        run.add(found)
        cursors.save_cursor(cursor, rows=cursor.rows + len(found.new))
    if before and not too_many(entity, before):  # not in the whole list: deleted without a word
        run.add(refetch(source, {entity.name: before}, events=False))
    if entity.trash:
        trash = Pages(listing(source, entity, since, entity.trash), pool=pool, ahead=1)
        while answer := trash.ask():
            yield [answer]
            gone = {item["id"]: gone_at(item) for item in trash.take() or () if item.get("is_deleted")}
            run.add(mark_gone(source, entity, gone))


def gone_at(item: Item) -> datetime:
    """When it was put into the trash, of whose items amoCRM leaves almost all empty."""
    try:
        return datetime.fromtimestamp(item["updated_at"], UTC)
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        return moment.now()


def awaited(answer: Future[T]) -> Generator[Answers, None, T]:
    yield [answer]
    return answer.result()


def anything_shifted(source: Source, run: Pulled) -> bool:
    """Whether rows may have slipped past us: what leaves a list moves later ones up, to pages that were read before."""
    since = int((run.cursor.started_at or moment.now()).timestamp()) - 60
    kinds = list(log_rows.SHIFTS)
    if run.full and selection.asked(run.entity):  # out of the chosen pipelines, or into them
        kinds.append(log_rows.MOVED_ALONG)
    question: list[tuple[str, str | int]] = [("filter[type]", ",".join(kinds))]
    question.append(("filter[created_at][from]", since))
    log_now = Listing(
        source.client, "/api/v4/events", "events", question, keep=lambda item: item["created_at"] >= since
    )
    try:
        return any(log_now.fits(item) for item in log_now.page(1, 1)[0])
    except Forbidden:
        return True


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
    if cursor.position and OF_INCREMENT in cursor.position:
        run.full = False
    long = run.full or bool(cursor.position) or (cursor.as_of or started) < started - OUTAGE
    recent = lists_begun(started) - OVERLAP if run.full else datetime.min.replace(tzinfo=UTC)
    asked = Windows(source.client, run.entity, pool, end=int(started.timestamp()))
    if cursor.position:
        asked.resume(cursor.position)
    else:
        asked.begin(beginning(run, started), whole=long)
    while answers := asked.ask():
        yield answers
        for items in asked.take():
            moved: dict[str, Any] = {}
            if long:
                moved["position"] = asked.position() | ({} if run.full else {OF_INCREMENT: True})
            if run.full and (share := asked.share()):
                moved["expected_rows"] = int((cursor.rows + len(items)) / share)
            rows = quarantine.sort_readable(run.entity, items, source.zone)
            run.remark = run.remark or asked.remark
            run.add(settle(source, run.entity, [row for row in rows if row["at"] >= recent]))
            store_page(run, source, rows, started, progress, **moved)


def beginning(run: Pulled, started: datetime) -> int:
    """The second from which a log is to be read."""
    if run.full:
        return int(min(run.entity.oldest() or started, started).timestamp())
    return int(((run.cursor.as_of or started) - OVERLAP).timestamp())


def lists_begun(otherwise: datetime) -> datetime:
    """What the lists show is true since then at the earliest: what a log tells of later times must be looked at."""
    lists = [entity.name for entity in TABLE if entity.reading is Reading.LIST]
    begun = Cursor.objects.filter(entity__in=lists).exclude(as_of=None).aggregate(first=Min("started_at"))
    return min(begun["first"] or otherwise, otherwise)


READERS = {Reading.WHOLE: read_whole, Reading.LIST: read_list, Reading.WINDOWS: read_windows}
