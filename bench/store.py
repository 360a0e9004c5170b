"""A page of 250 deals, from decoded JSON to commit: the mirror's statement beside Django's own upsert."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.db import connection

from bench import company, items
from bench.items import FIRST, PAGE, Item
from bench.measure import Action, turn_by_turn
from bench.report import Line, against, compared
from bench.setting import Setting
from pipelines.mirror import upsert
from pipelines.mirror.entities import ENTITIES
from pipelines.models import Deal

ZONE = ZoneInfo("Europe/Moscow")
DEALS = ENTITIES["deals"]
COLUMNS = [field.name for field in Deal._meta.concrete_fields if not field.primary_key]
PAGES = 40
CASES = (("unchanged", 0.0, 0.25), ("5 % changed", 0.05, 0.25), ("all changed", 1.0, None))


def ours(page: list[Item]) -> None:
    upsert.store_mirrored_rows(DEALS, DEALS.rows(page, ZONE))


def bulk_create(page: list[Item]) -> None:
    deals = [Deal(**row) for row in DEALS.rows(page, ZONE)]
    Deal.objects.bulk_create(deals, update_conflicts=True, unique_fields=["id"], update_fields=COLUMNS)


def pages(setting: Setting) -> Iterator[Line]:
    company.hold(setting.big)
    yield from beside_bulk_create(setting.rounds(15))


def beside_bulk_create(rounds: int) -> Iterator[Line]:
    clear()
    for number in range(PAGES):
        ours(items.deals(FIRST + number * PAGE))
    for name, changed, most in CASES:

        def prepared(store, number: int, changed: float = changed) -> Action:
            page = items.deals(FIRST + number // 2 % PAGES * PAGE, changed, version=number + 1)
            return lambda: store(page)

        yield from lines(
            name,
            lambda number: prepared(ours, number),
            lambda number: prepared(bulk_create, number),
            rounds,
            most,
        )

    def new(store, number: int) -> Action:
        page = items.deals(FIRST + (PAGES + number) * PAGE)
        return lambda: store(page)

    yield from lines(
        "new", lambda number: new(ours, number), lambda number: new(bulk_create, number), rounds, None
    )
    clear()


def lines(name: str, prepare_ours, prepare_base, rounds: int, most: float | None) -> Iterator[Line]:
    mine, base = turn_by_turn(prepare_ours, prepare_base, rounds)
    yield against(f"store a page of 250 deals, {name}", mine, base, most, " bulk_create")
    sizes = f"{mine.wal / 1024:.1f} KB", f"{base.wal / 1024:.0f} KB", mine.wal / base.wal
    yield compared(f"… its write-ahead log, {name}", *sizes, most=0.03 if name == "unchanged" else None)


def clear() -> None:
    Deal.objects.filter(pk__gte=FIRST).delete()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE pipelines_judgementrequest")
