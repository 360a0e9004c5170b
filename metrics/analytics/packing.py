"""Visits of deals packed by blocks of ids, so that a log of millions of them is read in half a second.

A block holds its visits as columns of numbers, as they stood when it was packed. Deals whose lives were written since
stand in ``LifeChange``: of those the stays themselves are read, so an answer is never older than the stays are. A
worker packs changed blocks again when there are some thousands of them (`jobs.lives`), so a small account may never
have a block: then all is read from stays.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from msgspec import Struct, msgpack
from psycopg import Cursor

from metrics.analytics.columns import Ints, read_columns
from pipelines.models import LifeChange, PackedLives

SHIFT = 14  # a block has the deals whose ids differ in the last so many bits
MOST_CHANGED = 50_000  # deals: with more of them stays are read as if nothing were packed
FEW = 2_000  # changed deals: fewer are read as quickly from their stays
REMEMBERED = (
    60.0  # seconds that this process need not ask again whether anything is packed: stays are always right
)
AT_ONCE = 64  # blocks of one run
WIDTHS = {"visit": "<i4", "stage": "<i2", "following": "<i2", "since": "<i8", "until": "<i8", "holder": "<i8"}
STANDS, ELSEWHERE = -1, -2

# Of the pieces of a visit, the last one tells where it led.
VISITS = {
    "deal": ("s.deal_id", "int8"),
    "visit": ("s.visit", "int4"),
    "stage": ("g.place", "int2"),
    "since": ("s.visit_since", "timestamptz"),
    "until": ("coalesce(s.left_at, 'infinity')", "timestamptz"),
    "following": ("case when s.left_at is null then -1 else coalesce(n.place, -2) end", "int2"),
    "holder": ("coalesce(s.manager_id, 0)", "int8"),
}
SOURCE = """from pipelines_stay s {deals}
    join unnest(%(stages)s::text[]) with ordinality stage(id, number) on stage.id = s.stage_id
    cross join lateral (select stage.number - 1 as place) g
    left join unnest(%(stages)s::text[]) with ordinality next(id, number) on next.id = s.next_stage_id
    cross join lateral (select next.number - 1 as place) n
    where (s.next_stage_id is not null or s.left_at is null)"""
IN_BLOCK = " and s.deal_id >= %(first)s and s.deal_id < %(end)s"
STAGES_OF_BLOCK = """
    select stage_id from pipelines_stay where deal_id >= %(first)s and deal_id < %(end)s
    union select next_stage_id from pipelines_stay
    where deal_id >= %(first)s and deal_id < %(end)s and next_stage_id is not null"""


CHANGED_BLOCKS = """
    select deal_id >> %s from pipelines_lifechange group by 1 order by count(*) desc, 1 limit %s"""


_empty: tuple[str, float] | None = (
    None  # of which database nothing is packed, and until when that is believed
)


class Block(Struct, array_like=True):
    """``deals`` with ``counts`` of visits each; ``columns`` by the names and widths of `WIDTHS`."""

    stages: list[str]
    deals: bytes
    counts: bytes
    columns: list[bytes]


class Packed(NamedTuple):
    """``visits``: as `VISITS` has them; ``changed``: deals that are to be read from their stays."""

    visits: dict[str, Ints]
    changed: list[int]


# The changes in the first row, then the blocks: of one moment. Where too much has changed the blocks stay unread.
READ = """
    with noted as materialized (select deal_id from pipelines_lifechange limit %(most)s + 1)
    select * from (
        select array_agg(distinct deal_id) as changed, null::bytea as body, -1 as block from noted
        union all
        select null, body, block from pipelines_packedlives where (select count(*) from noted) <= %(most)s
    ) rows order by block"""


def read_packed(stages: Sequence[str], wanted: Ints) -> Packed | None:
    """The visits of ``wanted`` deals (sorted ids) to these stages; one statement.

    None where nothing is packed, or where more has changed since than stays are read quickly of.
    """
    global _empty
    if (
        _empty is not None
        and _empty[0] == str(connection.settings_dict["NAME"])
        and time.monotonic() < _empty[1]
    ):
        return None
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(READ.encode(), {"most": MOST_CHANGED}, binary=True)
        rows = cursor.fetchall()
    if connection.queries_logged:
        connection.queries_log.append({"sql": READ, "time": "0"})
    if len(rows) == 1:
        if len(rows[0][0] or ()) <= MOST_CHANGED:
            _empty = str(connection.settings_dict["NAME"]), time.monotonic() + REMEMBERED
        return None
    changed = rows[0][0] or []
    stale = np.array(changed, dtype=np.int64)
    place = {stage: number for number, stage in enumerate(stages)}
    parts = [_unpack(row[1], place, wanted, stale) for row in rows[1:]]
    return Packed({name: np.concatenate([part[name] for part in parts]) for name in VISITS}, changed)


def _unpack(body: bytes, place: dict[str, int], wanted: Ints, stale: Ints) -> dict[str, Ints]:
    block = msgpack.decode(body, type=Block)
    deals, counts = np.frombuffer(block.deals, dtype="<i8"), np.frombuffer(block.counts, dtype="<i4")
    asked = _contains(wanted, deals) & ~_contains(stale, deals)
    lut = np.array(
        [place.get(stage, ELSEWHERE) for stage in block.stages] + [ELSEWHERE, STANDS], dtype=np.int64
    )
    column = dict(zip(WIDTHS, block.columns, strict=True))
    stage = lut[np.frombuffer(column["stage"], dtype="<i2")]
    mine = np.repeat(asked, counts) & (stage >= 0)
    found = {"deal": np.repeat(deals, counts)[mine], "stage": stage[mine]}
    # In the table of places the last two are «elsewhere» and «stands»: their numbers count from its end.
    found["following"] = lut[np.frombuffer(column["following"], dtype="<i2")[mine]]
    for name in ("visit", "since", "until", "holder"):
        found[name] = np.frombuffer(column[name], dtype=WIDTHS[name])[mine].astype(np.int64)
    return found


def _contains(ordered: Ints, asked: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if not len(ordered):
        return np.zeros(len(asked), dtype=bool)
    return ordered[np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)] == asked


def pack_changed(most: int = AT_ONCE) -> int:
    """Pack the blocks with the most changed deals again, once there are more than `FEW`; returns how many were packed.

    A change that comes while a block is read stays noted, so that it is packed next time.
    """
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from (select from pipelines_lifechange limit %s) noted", [FEW + 1])
        if cursor.fetchone()[0] <= FEW:
            return 0
        cursor.execute(CHANGED_BLOCKS, [SHIFT, most])
        blocks = [row[0] for row in cursor.fetchall()]
    for block in blocks:
        pack_block(block)
    return len(blocks)


def pack_block(block: int) -> None:
    global _empty
    _empty = None
    with transaction.atomic():
        values = {"first": block << SHIFT, "end": (block + 1) << SHIFT}
        seen = list(
            LifeChange.objects.filter(deal_id__gte=values["first"], deal_id__lt=values["end"]).values_list(
                "pk", flat=True
            )
        )
        with connection.cursor() as cursor:
            cursor.execute(STAGES_OF_BLOCK, values)
            stages = sorted(row[0] for row in cursor.fetchall())
        rows = read_columns(VISITS, SOURCE.format(deals="") + IN_BLOCK, values | {"stages": stages})
        if len(rows["deal"]):
            PackedLives.objects.update_or_create(block=block, defaults={"body": pack(stages, rows)})
        else:
            PackedLives.objects.filter(block=block).delete()
        LifeChange.objects.filter(pk__in=seen).delete()


def pack(stages: list[str], rows: dict[str, Ints]) -> bytes:
    order = np.lexsort((rows["visit"], rows["deal"]))
    deals, counts = np.unique(rows["deal"], return_counts=True)
    following = rows["following"]
    # «Stands» is -1, «elsewhere» -2: counted from the end of the table of places, which `_unpack` appends them to.
    columns = [
        (following if name == "following" else rows[name])[order].astype(width).tobytes()
        for name, width in WIDTHS.items()
    ]
    block = Block(stages, deals.astype("<i8").tobytes(), counts.astype("<i4").tobytes(), columns)
    return msgpack.encode(block)
