"""The triggers of PostgreSQL that write the audit: of every table that a model has registered, and of no other.

They are put up after every `migrate`, so that a model says it once and a new column is kept from its first day on.
"""

import hashlib
from collections.abc import Iterator

from django.db import connection
from django.db.backends.utils import CursorWrapper

from audit.registry import KEPT, Kept

ACTS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
STANDING = """
    SELECT relname, tgname, obj_description(pg_trigger.oid, 'pg_trigger')
    FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid
    JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE proname = 'audit_keep_change' AND relnamespace = current_schema()::regnamespace
"""


def install_triggers() -> None:
    """Put up what is missing or says something else, take down what nobody registers any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('audit_keep_change')")
        if cursor.fetchone()[0] is None:  # migrated to a time before the audit
            return
        cursor.execute(STANDING)
        standing = {(table, name): mark for table, name, mark in cursor.fetchall()}
        tables = set(connection.introspection.table_names(cursor))
        wanted = {(kept.table, name): sql for kept in KEPT.values() for name, sql in _triggers(kept)}
        for (table, name), sql in wanted.items():
            if table in tables:
                _put_up(cursor, table, name, sql, standing.get((table, name)))
        for table, name in standing.keys() - wanted.keys():
            cursor.execute(f'DROP TRIGGER "{name}" ON "{table}"')


def _put_up(cursor: CursorWrapper, table: str, name: str, sql: str, standing: str | None) -> None:
    mark = hashlib.blake2b(sql.encode(), digest_size=8).hexdigest()
    if mark != standing:
        cursor.execute(sql)
        cursor.execute(f'COMMENT ON TRIGGER "{name}" ON "{table}" IS \'{mark}\'')


def _triggers(kept: Kept) -> Iterator[tuple[str, str]]:
    """One an act, as a condition on the old row and the new one knows both only of an update."""
    given = ", ".join(f"'{words}'" for words in (kept.key, ",".join(kept.secret), ",".join(kept.ignored)))
    for act, rows in ACTS.items():
        conditions = [" OR ".join(kept.only.format(row=row) for row in rows)] if kept.only else []
        if act == "UPDATE":
            conditions.append("OLD.* IS DISTINCT FROM NEW.*")
        when = f"WHEN ({' AND '.join(f'({one})' for one in conditions)})" if conditions else ""
        name = f"audit_{act.lower()}"
        yield (
            name,
            f'CREATE OR REPLACE TRIGGER "{name}" AFTER {act} ON "{kept.table}" FOR EACH ROW {when} '
            f"EXECUTE FUNCTION audit_keep_change({given})",
        )
