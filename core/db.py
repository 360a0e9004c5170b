"""Statements for PostgreSQL where milliseconds count: several with one trip, their parameters and answers in binary."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from msgspec import json
from psycopg import Cursor
from psycopg.abc import Buffer
from psycopg.types.json import JsonbBinaryLoader

M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]
Statement = tuple[str, Mapping[str, Any]]  # SQL and its parameters
# From here to the end of the transaction what is prepared has one plan, whatever its parameters. By itself PostgreSQL
# plans anew each time, where one deal seems cheaper than the ten it expects, and that takes as long as running it.
PLAN_ONCE: Statement = ("set local plan_cache_mode = force_generic_plan", {})


def run_statements(*statements: Statement, prepare: bool = False) -> list[list[Row]]:
    """The rows of every statement, run in this order with one trip to the server; none of one that returns none.

    In Django's connection, transaction and log of queries, but in PostgreSQL's binary format: three times as fast as
    Django's cursor, whose moments are read by Python. Moments come in UTC; JSON documents are shared, so nobody may
    change them. ``prepare`` keeps the plans in the session: for statements that come again and again. Raises what
    Django's cursor raises.
    """
    if not statements:
        return []
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursors, driver = [], connection.connection
        driver.prepare_threshold = 0 if prepare else None  # Django prepares nothing
        try:
            with driver.pipeline():
                for sql, values in statements:
                    cursor = Cursor(driver)
                    cursor.adapters.register_loader("jsonb", _Document)
                    cursors.append(cursor.execute(sql, values, prepare=prepare, binary=True))
                    if connection.queries_logged:
                        connection.queries_log.append({"sql": sql, "time": "0"})
        finally:
            driver.prepare_threshold = None
        # Not before: rows that are asked for inside of the pipeline cost a trip of their own.
        return [
            cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else [] for cursor in cursors
        ]


class PreparedQuery(Generic[M]):
    """A query that is built once, whose parameters are names; to be kept, and asked with other values each time.

    Of one that is asked at every request Django's building and PostgreSQL's planning take longer than its answer.
    """

    def __init__(self, rows: QuerySet[M]) -> None:
        sql, parameters = rows.query.sql_with_params()
        self._sql = sql % tuple(f"%({one})s" if isinstance(one, str) else int(one) for one in parameters)
        self._model = rows.model
        self._fields = [field.attname for field in rows.model._meta.concrete_fields]
        self._annotations = list(rows.query.annotation_select)

    def find(self, **values: Any) -> M | None:
        """The first row, with what the query annotates. ``values`` by the names of the parameters."""
        [rows] = run_statements((self._sql, values), prepare=True)
        if not rows:
            return None
        place = len(self._fields)
        found = self._model.from_db(connection.alias, self._fields, rows[0][:place])
        found.__dict__.update(zip(self._annotations, rows[0][place:], strict=True))
        return found


@lru_cache(maxsize=10_000)
def _decode(text: bytes) -> Any:
    """The same few documents come again and again."""
    return json.decode(text)


class _Document(JsonbBinaryLoader):
    def load(self, data: Buffer) -> Any:
        return _decode(bytes(data[1:]))  # behind the number of jsonb's binary version
