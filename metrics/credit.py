"""Whom a closed deal is credited to, and what part of it: the options ``credit`` and ``share`` of sums of sales.

``closing`` (the default): the owner at the moment of closing. ``first``: the first owner. ``stage:8100001:70100102``:
whoever owned the deal when it first entered that stage. ``field:501``: the person whom a deal field names, by the
name or the id of an amoCRM user; a name that several bear, or nobody, credits nobody.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Expression, F, Func, OuterRef, QuerySet, Subquery, Value

from metrics.options import FieldText, UnknownField, check_field, read_number
from pipelines.models import Stage, Stay
from timeline.attribution import owner_at_closing

CLOSING, FIRST, STAGE, FIELD = "closing", "first", "stage:", "field:"
CREDITING = ("credit", "share")


def credited_to(options: Mapping[str, str], closing: str) -> "Expression | Subquery[Any]":
    """The person as an expression over deals; ``closing`` names the column of the moment of closing.

    Raises UnknownField, with a sentence, when the option's value makes no sense here.
    """
    name = options.get("credit", CLOSING)
    if name == CLOSING:
        return owner_at_closing(closing)
    owned = Stay.objects.filter(deal=OuterRef("pk"), manager__isnull=False).order_by("entered_at")
    if name == FIRST:
        return _first(owned)
    if name.startswith(STAGE):
        stage = name.removeprefix(STAGE)
        if not Stage.objects.filter(pk=stage).exists():
            raise UnknownField(f"credit: {stage!r} is no stage of the account")
        return _first(owned.filter(stage=stage))
    if name.startswith(FIELD):
        return _named(name.removeprefix(FIELD))
    raise UnknownField(f"credit: {name!r} must be closing, first, stage:… or field:…")


def share_of(options: Mapping[str, str]) -> Decimal | None:
    """The part of the amount that is credited, above 0 up to 1; None for all of it. Raises UnknownField."""
    if "share" not in options:
        return None
    share = read_number("share", options["share"])
    if not 0 < share <= 1:
        raise UnknownField(f"share: {options['share']!r} must be above 0, and 1 at most")
    return share


def _first(owned: QuerySet[Stay]) -> "Subquery[Any]":
    return Subquery(owned.values("manager")[:1], output_field=BigIntegerField())


def _named(field: str) -> Expression:
    check_field("credit", f"field:{field}")
    return Named(FieldText(F("fields"), Value(field)))


class Named(Func):
    """The one amoCRM user of that name or id; null where there is none, or several."""

    template = (
        "(SELECT min(p.id) FROM pipelines_person p WHERE p.name = (%(expressions)s)"
        " OR p.id::text = (%(expressions)s) HAVING count(*) = 1)"
    )
    output_field = BigIntegerField()

    def as_sql(self, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        sql, values = super().as_sql(*args, **extra)
        return sql, tuple(values) * 2
