"""One page of rows into its table by one statement, built from the entity's columns.

One JSON parameter → rows → those that really differ → insert or update where not older. The look before the write keeps
an unchanged page from locking (and logging) every row; the conditions are repeated on the conflict, so that two
sessions with the same row leave the newer one. Cost and alternatives: bench/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Model, QuerySet

from pipelines import selection
from pipelines.entities import Entity
from pipelines.rows import Row
from pipelines.server import ask
from salesops.lib import moment


@dataclass(frozen=True)
class Stored:
    """What a page has changed: keys of new and of changed rows, and the deals whose story they are part of.

    ``left_out`` counts rows of pipelines that are not mirrored.
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


def store(entity: Entity, rows: Sequence[Row]) -> Stored:
    """Write what is new or differs and is not older than what stands there; a row of the same second is taken.

    ``rows`` have distinct keys. Anything may come twice, late or out of order. The same statement notes the deals
    that are touched (`pipelines.touched`), and persons that the list of users does not name: removed in amoCRM, they
    are kept here with ``deleted_at``.
    """
    if not rows:
        return Stored()
    page = msgspec.json.encode(rows).decode().replace("\\u0000", "")  # PostgreSQL's text cannot hold NUL
    [written] = ask((statement(entity), {"page": page, "now": moment.now()}))
    return Stored(
        new=frozenset(key for key, is_new, *_ in written if is_new),
        changed=frozenset(key for key, is_new, *_ in written if not is_new),
        deals=frozenset(deal for *_, now, before in written for deal in (now, before) if deal),
    )


def save(entity: Entity, rows: Sequence[Row]) -> Stored:
    """`store` what is of a mirrored pipeline."""
    kept = selection.kept(entity, rows)
    return replace(store(entity, kept), left_out=len(rows) - len(kept))


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

    def columns(of: str) -> str:
        return ", ".join(f"{of}.{column}" for column in rest)

    return f"""
WITH page AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(page)s::json) AS page({types})
), news AS MATERIALIZED (
    SELECT page.*, {entity.deal.format(row="was")} AS deal_before
    FROM page LEFT JOIN {table} was USING ({key})
    WHERE was.{key} IS NULL
       OR ({columns("page")}) IS DISTINCT FROM ({columns("was")}) {f"AND page.{newer} >= was.{newer}" if newer else ""}
), written AS (
    INSERT INTO {table} AS is_now ({key}, {", ".join(rest)})
    SELECT {key}, {", ".join(rest)} FROM news ORDER BY {key}
    ON CONFLICT ({key}) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in rest)}
    {f"WHERE is_now.{newer} <= excluded.{newer}" if newer else ""}
    RETURNING {key}, xmax = 0 AS is_new, {entity.deal.format(row="is_now")} AS deal
), told AS (
    SELECT {key}, is_new, deal, deal_before FROM written JOIN news USING ({key})
), noted AS (
    INSERT INTO pipelines_touched (deal_id)
    SELECT deal FROM told WHERE deal IS NOT NULL UNION SELECT deal_before FROM told WHERE deal_before IS NOT NULL
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


def alive(entity: Entity) -> QuerySet[Model]:
    return entity.model._default_manager.filter(deleted_at=None)


def bury(entity: Entity, gone: Mapping[int, datetime]) -> Stored:
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
                ), noted AS (
                    INSERT INTO pipelines_touched (deal_id) SELECT DISTINCT deal FROM marked WHERE deal IS NOT NULL
                )
                SELECT * FROM marked""",
            [list(gone), list(gone.values())],
        )
        marked = cursor.fetchall()
    return Stored(
        changed=frozenset(key for key, _ in marked), deals=frozenset(deal for _, deal in marked if deal)
    )
