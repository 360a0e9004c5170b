"""Options of money metrics: which field is summed, which field dates the deal, and which deals are left out.

``field``: ``price`` (the default) or the id of a numeric custom field. ``date``: ``closed_at`` (the default),
``created_at`` or the id of a date field. Values of custom fields are what amoCRM holds: numbers, numbers written as
text, and dates as Unix seconds or ISO text; what is none of these counts as not filled in.

``since`` and ``until``: only deals dated from the one local day to before the other. ``at_least``: only deals of such
an amount and more. ``when``: only deals in which a field is filled, ``field:501``. ``where``: only those in which it
holds a value, ``field:501:Avito``.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import DateTimeField, DecimalField, Expression, F, Func, Q, QuerySet, TextField, Value

from core.zone import portal_zone
from pipelines.models import CustomField, Deal

NUMBERS = {"numeric", "monetary", "price"}
DATES = {"date", "date_time", "birthday"}
COLUMNS = {"closed_at", "created_at"}
EMPTY = ("", "0", "false", "[]", "{}")  # a field's text when nothing is in it
CONDITIONS = ("when", "where")
NARROWING = ("at_least", "since", "until", *CONDITIONS)


class UnknownField(ValueError):
    """No deal field of that id holds what is asked for, or not any more; or an option's value makes no sense."""


class FieldText(Func):
    """A custom field's value as text. Not a key transform: Django takes a key of digits for the index of a list."""

    template = "(%(expressions)s)"
    arg_joiner = " ->> "
    output_field = TextField()


class Reading(Func):
    """Text read as another type; its template names the text several times."""

    def as_sql(self, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        sql, values = super().as_sql(*args, **extra)
        return sql, tuple(values) * str(self.template).count("%(expressions)s")


class Number(Reading):
    """Text as a number, null when it is none."""

    template = (
        r"CASE WHEN %(expressions)s ~ '^-?[0-9]{1,15}([.][0-9]+)?$' THEN (%(expressions)s)::numeric END"
    )
    output_field = DecimalField()


class Moment(Func):
    """Unix seconds or ISO text as a moment, null when it is neither. A date is a day of the portal's zone.

    Text without an offset is never left to the session: its zone is UTC, and a date would be the eve west of it.
    """

    output_field = DateTimeField()

    def as_sql(self, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        text, values = args[0].compile(self.get_source_expressions()[0])
        sql = (
            f"CASE WHEN {text} ~ '^[0-9]{{1,11}}$' THEN to_timestamp(({text})::bigint)"
            f" WHEN {text} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' THEN ({text})::timestamp AT TIME ZONE %s"
            f" WHEN {text} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T.*(Z|[+-][0-9:]+)$' THEN ({text})::timestamptz"
            f" WHEN {text} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T' THEN ({text})::timestamp AT TIME ZONE %s END"
        )
        zone, own = str(portal_zone()), tuple(values)
        return sql, (*own * 4, zone, *own * 4, zone)


def amount(options: Mapping[str, str]) -> Expression | F:
    """The deal's amount that the option ``field`` names."""
    name = options.get("field", "price")
    if name == "price":
        return F("price")
    return Number(_custom("field", name, NUMBERS, "price"))


def dated(deals: QuerySet[Deal], options: Mapping[str, str]) -> tuple[QuerySet[Deal], str]:
    """The deals with the column that dates them, and its name."""
    name = options.get("date", "closed_at")
    if name in COLUMNS:
        return deals, name
    return deals.annotate(dated_at=Moment(_custom("date", name, DATES, "closed_at, created_at"))), "dated_at"


def narrow(deals: QuerySet[Deal], column: str, options: Mapping[str, str]) -> QuerySet[Deal]:
    """Only the deals that ``since``, ``until`` (by the column that dates them) and ``at_least`` leave."""
    if "since" in options:
        deals = deals.filter(**{f"{column}__gte": _midnight("since", options["since"])})
    if "until" in options:
        deals = deals.filter(**{f"{column}__lt": _midnight("until", options["until"])})
    if "when" in options:
        field, _value = _condition("when", options["when"])
        deals = (
            deals.alias(held=FieldText(F("fields"), Value(field)))
            .exclude(held__isnull=True)
            .exclude(held__in=EMPTY)
        )
    if "where" in options:
        field, value = _condition("where", options["where"])
        deals = deals.filter(Q(fields__contains={field: value}) | Q(fields__contains={field: [value]}))
    if "at_least" in options:
        deals = deals.alias(counted=amount(options)).filter(
            counted__gte=read_number("at_least", options["at_least"])
        )
    return deals


def _condition(option: str, text: str) -> tuple[str, str]:
    """The field and, of ``where``, the value. Raises UnknownField."""
    mark, _colon, rest = text.partition(":")
    field, colon, value = rest.partition(":")
    known = mark == "field" and field.isdecimal() and len(field) < 19
    if not known or bool(colon) != (option == "where"):
        shape = "field:501:Avito" if option == "where" else "field:501"
        raise UnknownField(f"{option}: {text!r} must be of the form {shape}")
    check_field(option, f"field:{field}")
    return field, value


def check_field(option: str, text: str) -> None:
    """Raises UnknownField unless «field:501» is a deal field of the account."""
    field = text.removeprefix("field:")
    known = field.isdecimal() and len(field) < 19
    if not known or not CustomField.objects.filter(pk=field, deleted_at=None).exists():
        raise UnknownField(f"{option}: {field[:40]!r} is no deal field of the account")


def _midnight(option: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=portal_zone())
    except ValueError:
        raise UnknownField(f"{option}: {text!r} must be a day such as 2026-11-05") from None


def read_number(option: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise UnknownField(f"{option}: {text!r} must be a number")
    return found


def _custom(option: str, name: str, types: set[str], columns: str) -> FieldText:
    field = (
        CustomField.objects.filter(pk=name, deleted_at=None).first()
        if name.isdecimal() and len(name) < 19
        else None
    )
    if field is None or field.type not in types:
        kind = "a number" if types is NUMBERS else "a date"
        raise UnknownField(
            f"{option}: {name!r} must be {columns} or the id of a deal field that holds {kind}"
        )
    return FieldText(F("fields"), Value(name))
