"""The mirror compared with amoCRM, row by row, and repaired: what hooks lost and increments could not see.

Deals and tasks are read page by page in the order of ids, from the last page to the first, so that deletions under way
hide nothing. A page costs one question however many of its rows differ. Repairs go through the one door. Drift is what
would have stayed: a row that increments still bring by themselves is not counted.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from core import moment
from pipelines.account.source import OVERLAP, Source
from pipelines.mirror import comparisons, selection, sync
from pipelines.mirror.entities import ENTITIES, Entity
from pipelines.mirror.leases import LostLease
from pipelines.mirror.quarantine import sort_readable
from pipelines.mirror.refetch import (
    BATCH,
    batches,
    refetch,
    refetch_events,
    reread_families,
    store_with_stories,
    too_many,
)
from pipelines.mirror.rows import Row
from pipelines.mirror.upsert import Stored, alive_rows, store_mirrored_rows
from pipelines.models import Cursor, Deal, Sweep, Task

SWEPT = ("deals", "tasks")
Progress = Callable[[Sweep], None]
Standing = dict[int, tuple[datetime, bool]]


def compare_mirror(
    source: Source, *, only_unfinished: bool = False, progress: Progress = lambda sweep: None
) -> Sweep | None:
    """Compare everything, or go on with an interrupted comparison; None when another worker is at it (or, with
    ``only_unfinished``, nothing was interrupted).

    Raises AmoError after the reason has been written down.
    """
    sweep = comparisons.claim_comparison(only_unfinished=only_unfinished)
    if sweep is None:
        return None
    try:
        for name in SWEPT[SWEPT.index((sweep.position or {}).get("entity", SWEPT[0])) :]:
            compare_entity(source, ENTITIES[name], sweep, progress)
        comparisons.finish_comparison(sweep)
    except LostLease:
        raise
    except BaseException as error:
        comparisons.fail_comparison(sweep, error)
        raise
    finally:
        comparisons.release_comparison()
    return sweep


def compare_entity(source: Source, entity: Entity, sweep: Sweep, progress: Progress) -> None:
    """All of one entity. In the position ``above`` is the lowest id that has been compared, ``absent`` are rows here
    that no page has shown, ``in_hand`` those of a page that is being repaired."""
    asked = sync.listing(source, entity)
    place = sweep.position
    if place is None or place["entity"] != entity.name:
        page = asked.last_page(alive_rows(entity).count() // entity.limit + 1)
        place = {"entity": entity.name, "page": page, "above": None, "absent": [], "in_hand": []}
        tally(sweep, entity, position=place)
    if in_hand := overdue(
        entity, place["in_hand"]
    ):  # stored by whoever was killed, but perhaps no more than that
        repair_belongings(source, entity, in_hand)
        tally(sweep, entity, outdated=len(in_hand), repaired=len(in_hand))
    for number, items, at in asked.backwards(place["page"]):
        rows = selection.keep_mirrored(entity, sort_readable(entity, items, source.zone))
        before = standing(entity, [row["id"] for row in rows])
        different = [row["id"] for row in rows if before.get(row["id"]) != (row["updated_at"], False)]
        if different:
            comparisons.keep_position(sweep, position=place | {"in_hand": different})
        tally(sweep, entity, checked=len(items), **compare_page(source, entity, rows, before, at))
        if items or number == 1:
            low = items[0]["id"] if number > 1 else 0
            shown = {item["id"] for item in items}
            here = alive_rows(entity).filter(pk__gte=low)
            if place["above"] is not None:
                here = here.filter(pk__lt=place["above"])
            absent = [key for key in here.values_list("pk", flat=True) if key not in shown]
            place = place | {"above": low, "absent": place["absent"] + absent}
        place = place | {"page": number - 1, "in_hand": []}
        tally(sweep, entity, position=place)
        progress(sweep)
    settle_absent(source, entity, sweep, set(place["absent"]))


def tally(sweep: Sweep, entity: Entity, *, position: object = None, **more: int) -> None:
    """Add to what was found; a ``position`` is saved with it, both or neither."""
    before = sweep.found.get(entity.name, dict.fromkeys(("checked", *comparisons.KINDS, "repaired"), 0))
    counted = {name: before.get(name, 0) + more.get(name, 0) for name in before.keys() | more.keys()}
    sweep.found = sweep.found | {entity.name: counted}
    if position is not None:
        comparisons.keep_position(sweep, found=sweep.found, position=position)


def compare_page(
    source: Source, entity: Entity, rows: Sequence[Row], before: Standing, asked: datetime
) -> dict[str, int]:
    """Bring what differs on one page; returns how many rows were missing here, and how many outdated."""
    stored = store_with_stories(source, entity, rows, asked)
    set_back = [row for row in rows if row["id"] in before and before[row["id"]][0] > row["updated_at"]]
    stored |= take_back(source, entity, [row["id"] for row in set_back])
    brought = overdue(entity, stored.new | stored.changed)
    missing = {key for key in brought if key not in before or before[key][1]}
    repair_belongings(source, entity, brought)
    return {"missing": len(missing), "outdated": len(brought - missing), "repaired": len(brought)}


def standing(entity: Entity, ids: Collection[int]) -> Standing:
    """``{id: (updated_at, whether it is marked deleted)}`` as far as these rows are here."""
    here = entity.model._default_manager.filter(pk__in=ids)
    found = here.values_list("pk", "updated_at", "deleted_at")
    return {key: (updated_at, deleted_at is not None) for key, updated_at, deleted_at in found}


def overdue(entity: Entity, keys: Collection[int]) -> set[int]:
    """Of what was brought: what increments would not have brought any more, for it changed too long ago."""
    cursor = Cursor.objects.filter(entity=entity.name).first()
    if cursor is None or cursor.as_of is None or not keys:
        return set()
    due = entity.model._default_manager.filter(pk__in=keys, updated_at__lt=cursor.as_of - OVERLAP)
    return set(due.values_list("pk", flat=True))


def take_back(source: Source, entity: Entity, ids: Collection[int]) -> Stored:
    """Rows whose update time amoCRM has set back (an import may write any), which the newer row here would keep out.

    They are read once more, and given way to only if nobody has brought them meanwhile.
    """
    stored = Stored()
    for batch in batches(ids, BATCH):
        before = standing(entity, batch)
        listing, asked = sync.listing(source, entity), moment.now()
        listing.params += [("filter[id][]", key) for key in batch]
        items = [item for item in listing.page(1, entity.limit)[0] if item["id"] in before]
        with transaction.atomic():
            rows = [
                row
                for row in sort_readable(entity, items, source.zone)
                if row["updated_at"] < before[row["id"]][0] and give_way(entity, row, before[row["id"]][0])
            ]
            stored |= store_mirrored_rows(entity, rows, asked)
    return stored


def give_way(entity: Entity, row: Row, seen: datetime) -> bool:
    here = entity.model._default_manager.filter(pk=row["id"], updated_at=seen)
    return bool(here.update(updated_at=row["updated_at"] - timedelta(seconds=1)))


def repair_belongings(source: Source, entity: Entity, keys: Collection[int]) -> None:
    """Whoever missed a row has most likely missed what goes with it: its events, a deal's tasks and notes."""
    tasks: Collection[int] = keys
    if entity.model is Deal:
        reread_families(source, keys)
        tasks = set(Task.objects.filter(deal_id__in=keys).values_list("pk", flat=True))
    refetch_events(source, "task", tasks)


def settle_absent(source: Source, entity: Entity, sweep: Sweep, absent: set[int]) -> None:
    """Ask for rows here that no page has shown: deleted without a word, or in a place that lists leave out."""
    hidden = entity.hidden(source.client, selection.chosen_pipelines()) if entity.hidden else set()
    absent -= hidden
    if too_many(entity, absent):
        tally(sweep, entity, vanished=len(absent), doubted=len(absent))
        absent = set()
    for batch in batches(absent | hidden, BATCH):
        before = standing(entity, batch)
        refetch(source, {entity.name: batch}, events=False)
        after = standing(entity, batch)
        gone = {key for key in absent & after.keys() if after[key][1]}
        brought = overdue(entity, {key for key in after if after[key] != before.get(key)} - gone)
        missing = brought - before.keys()
        repair_belongings(source, entity, brought)
        tally(
            sweep,
            entity,
            missing=len(missing),
            outdated=len(brought - missing),
            vanished=len(gone),
            repaired=len(brought | gone),
        )
        comparisons.keep_position(sweep)
    comparisons.keep_position(sweep, found=sweep.found)
