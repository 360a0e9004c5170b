"""A question to a metric, and how rows answer it: a number and the list behind it are one query seen twice.

The rows are a queryset with those of the columns ``who``, ``funnel``, ``step`` and ``reason`` by which they are split.
Deals can also be split by a field, «field:501».
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Expression, F, QuerySet, TextField, Value
from django.db.models.functions import NullIf

from core.periods import Period
from metrics.options import FieldText

FIELD = "field:"
COLUMNS = {"manager": "who", "pipeline": "funnel", "stage": "step", "loss_reason": "reason"}


@dataclass(frozen=True)
class Question:
    """``people`` limits to what is credited to them (None = everybody), ``pipelines`` to theirs (None = all).

    ``now`` is the moment of asking.
    """

    period: Period
    now: datetime
    by: str | None = None
    people: frozenset[int] | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    pipelines: frozenset[int] | None = None

    @property
    def moment(self) -> datetime:
        """When a stock is counted: the end of the period, or now while it lasts."""
        return self.period.until(self.now)


Answer = Mapping[Any, tuple[Decimal | None, int]]  # key (None for the whole) → value, n


def credited(rows: QuerySet[Any], question: Question) -> QuerySet[Any]:
    """Only what is credited to the people asked about, in the pipelines asked about."""
    if question.pipelines is not None:
        rows = rows.filter(funnel__in=question.pipelines)
    return rows if question.people is None else rows.filter(who__in=question.people)


def behind(rows: QuerySet[Any], question: Question, key: Any) -> QuerySet[Any]:
    """The rows of one key of the question's dimension."""
    rows = credited(rows, question)
    if question.by is None:
        return rows
    rows, column = split(rows, question.by)
    return rows.filter(**{column: key})


def split(rows: QuerySet[Any], by: str) -> tuple[QuerySet[Any], str]:
    """The rows with the column that splits them, and its name. What a field does not hold is None."""
    if not by.startswith(FIELD):
        return rows, COLUMNS[by]
    held = NullIf(FieldText(F("fields"), Value(by.removeprefix(FIELD))), Value("", TextField()))
    return rows.annotate(held_in_field=held), "held_in_field"


def tally(rows: QuerySet[Any], question: Question, **aggregates: Expression) -> Mapping[Any, dict[str, Any]]:
    """The aggregates and the count ``n`` of the rows, by the question's dimension: {key: {name: value}}.

    Two dimensions at once, «manager/pipeline», give keys that are pairs.
    """
    rows = credited(rows, question).order_by()
    asked = aggregates | {"n": Count("pk")}
    if question.by is None:
        whole = rows.aggregate(**asked)
        return {None: whole} if whole["n"] else {}
    columns = []
    for name in question.by.split("/"):
        rows, column = split(rows, name)
        columns.append(column)
    found = {}
    for row in rows.values(*columns).annotate(**asked):
        key = tuple(row.pop(column) for column in columns)
        found[key if len(columns) > 1 else key[0]] = row
    return found


def counted(rows: QuerySet[Any], question: Question) -> Answer:
    return {key: (Decimal(row["n"]), row["n"]) for key, row in tally(rows, question).items()}
