"""The custom fields at the head of a deal's card: those that its stage asks for first, then what is filled."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import JSONField
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats
from qc import norms
from qc.rules.parameters import DealFields, Options
from qc.wording import field_name
from timeline.timeline import LOSS_REASON, PRICE, is_filled

FIRST = 6  # fields at the head; the rest folds away
FIELDS = """(
    select coalesce(jsonb_agg(jsonb_build_array(id::text, name, type, enums) order by sort, id), '[]')
    from pipelines_customfield where deleted_at is null)"""


class Field(NamedTuple):
    """``asked``: the stage's regulation demands it; ``value`` empty: not filled in."""

    name: str
    value: str
    asked: bool


class Fields(NamedTuple):
    first: list[Field]
    rest: list[Field]


def with_fields(deals: Any) -> Any:
    """Adds ``known_fields``: [id, name, type, options] of every custom field, in amoCRM's order."""
    return deals.annotate(known_fields=RawSQL(FIELDS, (), output_field=JSONField()))


def list_fields(deal: Any) -> Fields:
    """Of a deal ``with_fields()`` and ``with_norms()``; private ones say only that they are filled."""
    asked = set(_demanded(deal)) - {PRICE, LOSS_REASON}
    shown = [
        Field(field_name(key, name), tell(deal.fields.get(key), kind), key in asked)
        for key, name, kind, _options in deal.known_fields
        if key in asked or is_filled(deal.fields.get(key))
    ]
    shown.sort(key=lambda one: not one.asked)
    count = max(FIRST, sum(one.asked for one in shown))
    return Fields(shown[:count], shown[count:])


def _demanded(deal: Any) -> Iterator[str]:
    """Ids of the fields that any rule's norm on the stage names."""
    document = deal.stage_norms or {}
    for rule, one in norms.flat_parameters().values():
        if isinstance(one.kind, DealFields | Options):
            yield from map(str, document.get(rule.code, {}).get(one.name, ()))


def tell(value: Any, kind: str) -> str:
    """A field's value in words: a promised date as a date; empty when there is none."""
    if not is_filled(value):
        return ""
    if value is True:
        return _("yes") if kind == "checkbox" else _("filled in")
    if isinstance(value, list):
        return ", ".join(tell(one, kind) for one in value)
    if kind in ("date", "birthday", "date_time") and isinstance(value, str):
        return _moment(value)
    return str(value)


def _moment(value: str) -> str:
    locale = get_language() or "en"
    try:
        if len(value) == len("2026-11-20"):
            return formats.day(date.fromisoformat(value), locale, year=True)
        local = timezone.localtime(datetime.fromisoformat(value))
    except ValueError:
        return value
    return f"{formats.day(local.date(), locale, year=True)} {formats.clock(local, locale)}"
