"""One page of rows into its table by one statement, built from the entity's columns.

One JSON parameter → rows → those that really differ → insert or update where not older. The look before the write keeps
an unchanged page from locking (and logging) every row; the conditions are repeated on the conflict, so that two
sessions with the same row leave the newer one. Cost and alternatives: bench/.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Model, QuerySet

from core import moment
from core.db import run_statements
from pipelines.mirror import selection
from pipelines.mirror.entities import Entity
from pipelines.mirror.quarantine import release_rows, set_aside
from pipelines.mirror.rows import Row

UNFIT = (DataError, IntegrityError, ArithmeticError, TypeError, ValueError)  # it is the row, not the database


@dataclass(frozen=True)
class Stored:
    """What a page has changed: keys of new and of changed rows, and the deals whose story they are part of.

    ``left_out`` counts rows of pipelines that are not mirrored, and those set aside.
    """

    new: frozenset[Any] = frozenset()
    changed: frozenset[Any] = frozenset()
    deals: frozenset[int] = frozenset()
    left_out: int = 0

    def __or__(self, other: "Stored") -> "Stored":
        return Stored(
            self.new | other.new,
            self.changed | other.changed,
            self.deals | other.deals,
            self.left_out + other.left_out,
        )


def store_rows(entity: Entity, rows: Sequence[Row], asked: datetime | None = None) -> Stored:
    """Write what is new or differs and is not older than what stands there; a row of the same second is taken.

    ``rows`` have distinct keys; ``asked`` is when amoCRM was asked for them (now): what was marked deleted after that
    stays deleted. Anything may come twice, late or out of order. A row that does not fit into its table is set aside
    (`pipelines.mirror.quarantine`), the others are stored.

    The same statement demands judgement of the deals whose story this is, and keeps persons that the list of
    users does not name: removed in amoCRM, they are kept here with ``deleted_at``.
    """
    if not rows:
        return Stored()
    asked = asked or moment.now()
    try:
        with undone_alone():
            return write_rows(entity, rows, asked)
    except UNFIT as error:
        if len(rows) == 1:
            set_aside(entity, rows[0]["id"], error)
            return Stored(left_out=1)
    middle = len(rows) // 2
    return store_rows(entity, rows[:middle], asked) | store_rows(entity, rows[middle:], asked)


def undone_alone() -> AbstractContextManager[None]:
    """What fails in here leaves a transaction around it usable; without one nothing is needed, nor asked."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def write_rows(entity: Entity, rows: Sequence[Row], asked: datetime) -> Stored:
    page = msgspec.json.encode(rows)
    if b"\\u0000" in page:
        page = msgspec.json.encode(without_nul(rows))
    [written] = run_statements(
        (statement(entity), {"page": page.decode(), "now": moment.now(), "asked": asked})
    )
    return Stored(
        new=frozenset(key for key, is_new, *_ in written if is_new),
        changed=frozenset(key for key, is_new, *_ in written if not is_new),
        deals=frozenset(deal for *_, now, before in written for deal in (now, before) if deal),
    )


def without_nul(value: Any) -> Any:
    """The same without the character that PostgreSQL's text cannot hold."""
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [without_nul(part) for part in value]
        case dict():
            return {without_nul(key): without_nul(part) for key, part in value.items()}
    return value


def store_mirrored_rows(entity: Entity, rows: Sequence[Row], asked: datetime | None = None) -> Stored:
    """`store_rows` what is of a mirrored pipeline."""
    kept = selection.keep_mirrored(entity, rows)
    if len(kept) < len(rows):
        release_rows(entity, {row["id"] for row in rows} - {row["id"] for row in kept})
    stored = store_rows(entity, kept, asked)
    return replace(stored, left_out=stored.left_out + len(rows) - len(kept))


@cache
def statement(entity: Entity) -> str:
    fields = [field for field in entity.model._meta.concrete_fields if field.attname not in entity.folded]
    quote = connection.ops.quote_name
    key, *rest = [quote(str(field.column)) for field in fields]
    types = ", ".join(
        f"{name} {field.db_type(connection)}" for name, field in zip([key, *rest], fields, strict=True)
    )
    table = quote(entity.model._meta.db_table)
    newer = quote(entity.newer) if entity.newer else None
    gone = quote("deleted_at")

    def taken(of: str, standing: str) -> list[str]:
        """What would be written: a row that was on its way when it was deleted here does not come alive.

        What the story has told of a row that amoCRM does not, stands while the row is where it was.
        """
        values = {column: f"{of}.{column}" for column in rest}
        if gone in values:
            values[gone] = (
                f"CASE WHEN {of}.{gone} IS NULL AND {standing}.{gone} > %(asked)s THEN {standing}.{gone} "
                f"ELSE {of}.{gone} END"
            )
        if entity.inferred:
            column, flag, place = map(quote, entity.inferred)
            values[column] = (
                f"CASE WHEN {of}.{column} IS NULL AND {standing}.{flag} AND {of}.{place} = {standing}.{place} "
                f"THEN {standing}.{column} ELSE {of}.{column} END"
            )
        return list(values.values())

    new, known = ", ".join(taken("page", "was")), ", ".join(f"was.{column}" for column in rest)
    written = [f"{column} = {value}" for column, value in zip(rest, taken("excluded", "is_now"), strict=True)]
    if entity.inferred:
        column, flag, place = map(quote, entity.inferred)
        stays = f"excluded.{column} IS NULL AND excluded.{place} = is_now.{place}"
        written.append(f"{flag} = is_now.{flag} AND {stays}")
    return f"""
WITH page AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(page)s::json) AS page({types})
), news AS MATERIALIZED (
    SELECT page.*, {entity.deal.format(row="was")} AS deal_before
    FROM page LEFT JOIN {table} was USING ({key})
    WHERE was.{key} IS NULL
       OR ({new}) IS DISTINCT FROM ({known}) {f"AND page.{newer} >= was.{newer}" if newer else ""}
), written AS (
    INSERT INTO {table} AS is_now ({key}, {", ".join(rest)})
    SELECT {key}, {", ".join(rest)} FROM news ORDER BY {key}
    ON CONFLICT ({key}) DO UPDATE SET {", ".join(written)}
    {f"WHERE is_now.{newer} <= excluded.{newer}" if newer else ""}
    RETURNING {key}, xmax = 0 AS is_new, {entity.deal.format(row="is_now")} AS deal
), told AS (
    SELECT {key}, is_new, {"touched.deal" if entity.deals else "deal"}, deal_before FROM written JOIN news USING ({key})
    {f"LEFT JOIN LATERAL ({entity.deals.format(row='news')}) AS touched(deal) ON true" if entity.deals else ""}
), demanded AS (
    INSERT INTO pipelines_judgementrequest (deal_id, history)
    SELECT deal, true FROM told WHERE deal IS NOT NULL
    UNION SELECT deal_before, true FROM told WHERE deal_before IS NOT NULL
), fits AS (
    DELETE FROM pipelines_quarantinedrow WHERE entity = '{entity.name}' AND remote_id IN (SELECT {key}::text FROM page)
){removed_people(entity)}
SELECT * FROM told"""


def removed_people(entity: Entity) -> str:
    if not entity.people:
        return ""
    named = " UNION ".join(f"SELECT {column} FROM news" for column in entity.people)
    return f""", removed AS (
    INSERT INTO pipelines_person (id, name, is_active, is_admin, "group", deleted_at)
    SELECT id, '#' || id, false, false, '', %(now)s FROM ({named}) AS named(id)
    WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM pipelines_person known WHERE known.id = named.id)
    ON CONFLICT DO NOTHING
)"""


def alive_rows(entity: Entity) -> QuerySet[Model]:
    return entity.model._default_manager.filter(deleted_at=None)


def mark_deleted(entity: Entity, gone: Mapping[int, datetime]) -> Stored:
    """Mark rows deleted since a moment each; those already marked keep theirs."""
    if not gone:
        return Stored()
    table = connection.ops.quote_name(entity.model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH marked AS (
                    UPDATE {table} AS is_now SET deleted_at = gone.at
                    FROM unnest(%s::bigint[], %s::timestamptz[]) AS gone(id, at)
                    WHERE is_now.id = gone.id AND is_now.deleted_at IS NULL
                    RETURNING is_now.id, {entity.deal.format(row="is_now")} AS deal
                ), demanded AS (
                    INSERT INTO pipelines_judgementrequest (deal_id, history)
                    SELECT DISTINCT deal, true FROM marked WHERE deal IS NOT NULL
                ), fits AS (
                    DELETE FROM pipelines_quarantinedrow WHERE entity = %s AND remote_id = ANY(%s::bigint[]::text[])
                )
                SELECT * FROM marked""",
            [list(gone), list(gone.values()), entity.name, list(gone)],
        )
        marked = cursor.fetchall()
    return Stored(
        changed=frozenset(key for key, _ in marked), deals=frozenset(deal for _, deal in marked if deal)
    )
