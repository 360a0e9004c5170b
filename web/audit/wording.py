"""A change in words: which thing, and each value before and after, as pages name them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Trim
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.models import Change
from audit.registry import KEPT, Kept
from core import formats
from kpi.models import Scheme
from pipelines.models import Person, Pipeline, PipelineKind, Stage
from qc import queries
from qc.rules import RULES
from team.models import Employee, HolidayCalendar, Rota

MOST, LONGEST = 12, 160  # values of a change that the page shows, and signs of a value
OF_EMPLOYEE = Coalesce(
    NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value("")),
    F("username"),
    output_field=CharField(),
)
NAMED: dict[type[models.Model], Any] = {  # by which expression their rows are called
    Employee: OF_EMPLOYEE,
    Person: F("name"),
    Pipeline: F("name"),
    Stage: Concat("pipeline__name", Value(" · "), "name", output_field=CharField()),
    Rota: F("name"),
    HolidayCalendar: F("name"),
    Scheme: F("title"),
}
KEYS: dict[tuple[str, str], type[models.Model]] = {  # columns that point without being foreign keys
    (PipelineKind._meta.db_table, "pipeline"): Pipeline
}
TITLES = {TOTPDevice._meta.db_table: gettext_lazy("Second factor")}  # of models that are not ours
TOLD = {  # and those of their columns that tell anybody anything
    TOTPDevice._meta.db_table: {"key": gettext_lazy("Secret key"), "confirmed": gettext_lazy("Confirmed")}
}
NEW_SECRET = "••• (new)"  # what the database itself writes of it
Names = Mapping[tuple[type[models.Model], str], str]


@dataclass(frozen=True)
class Difference:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """``what`` is the kind of thing, ``which`` names it, ``more`` counts the values that are not shown."""

    change: Change
    what: str
    which: str
    differences: list[Difference]
    more: int


def tell_changes(changes: Iterable[Change]) -> list[Told]:
    """All of them with one question for the names of what they point at."""
    rows = list(changes)
    names = _read_names(rows)
    return [_told(row, names) for row in rows]


def title_of(table: str) -> str:
    kept = KEPT.get(table)
    title = str(TITLES.get(table) or (kept.model._meta.verbose_name if kept else table))
    return title[:1].upper() + title[1:]


def _told(change: Change, names: Names) -> Told:
    found = list(_differences(change, names))
    return Told(
        change, title_of(change.table), _which(change, names), found[:MOST], max(0, len(found) - MOST)
    )


def _which(change: Change, names: Names) -> str:
    kept, row = KEPT.get(change.table), change.after or change.before or {}
    columns = [str(_by_name(kept, name).column) for name in kept.names] if kept else []
    words = [_value(change.table, column, row.get(column), names) for column in columns]
    return ", ".join(words) or change.row


def _differences(change: Change, names: Names) -> Iterator[Difference]:
    before, after = change.before or {}, change.after or {}
    kept = KEPT.get(change.table)
    for column in change.differing:
        if kept and column == kept.key and change.act != Change.Act.CHANGED:
            continue
        if column not in TOLD.get(change.table, (column,)):
            continue
        old, new = before.get(column), after.get(column)
        label = _label(change.table, column)
        if isinstance(old, dict) or isinstance(new, dict):
            yield from _nested(label, old or {}, new or {})
        else:
            yield Difference(
                label,
                "" if change.act == Change.Act.ADDED else _value(change.table, column, old, names),
                "" if change.act == Change.Act.REMOVED else _value(change.table, column, new, names),
            )


def _nested(label: str, before: Any, after: Any) -> Iterator[Difference]:
    """A document value by value: its path as the label."""
    old, new = dict(_flat(before)), dict(_flat(after))
    for path in dict.fromkeys([*old, *new]):
        if old.get(path) != new.get(path):
            yield Difference(f"{label}: {path}", _plain(old.get(path)), _plain(new.get(path)))


def _flat(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict) and document:
        for name, value in document.items():
            yield from _flat(value, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, document


def _label(table: str, column: str) -> str:
    field, told = _field(table, column), TOLD.get(table, {}).get(column)
    label = str(told or (field.verbose_name if field is not None else column))
    return label[:1].upper() + label[1:]


def _by_name(kept: Kept, name: str) -> Any:
    return kept.model._meta.get_field(name)


def _field(table: str, column: str) -> Any:
    kept = KEPT.get(table)
    fields = kept.model._meta.concrete_fields if kept else ()
    return next((one for one in fields if one.column == column), None)


def _points_at(table: str, column: str) -> type[models.Model] | None:
    field = _field(table, column)
    model = KEYS.get((table, column)) or (field.related_model if field is not None else None)
    return model if model in NAMED else None


def _value(table: str, column: str, value: Any, names: Names) -> str:
    field, model = _field(table, column), _points_at(table, column)
    if value in (None, ""):
        return "—"
    if model is not None:
        return names.get((model, str(value)), f"№ {value}")
    if column == "rule" and value in RULES:
        return str(queries.title(value))
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateTimeField):
        return _moment(value)
    if isinstance(field, models.DateField):
        return formats.day(date.fromisoformat(value), get_language() or "en", year=True)
    return _plain(value)


def _moment(value: str) -> str:
    local = timezone.localtime(datetime.fromisoformat(value))
    return f"{formats.day(local.date(), get_language() or 'en', year=True)}, {local:%H:%M}"


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        value = ", ".join(map(str, value)) or "—"
    text = _("••• (new)") if value == NEW_SECRET else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _read_names(rows: list[Change]) -> dict[tuple[type[models.Model], str], str]:
    asked: dict[type[models.Model], set[str]] = {}
    for row in rows:
        for column, value in [*(row.before or {}).items(), *(row.after or {}).items()]:
            if value is not None and (model := _points_at(row.table, column)):
                asked.setdefault(model, set()).add(str(value))
    parts = [
        model._default_manager.filter(pk__in=keys)
        .order_by()
        .values_list(
            Value(place, output_field=models.IntegerField()),
            Cast("pk", CharField()),
            Cast(NAMED[model], CharField()),
        )
        for place, model in enumerate(NAMED)
        if (keys := asked.get(model))
    ]
    if not parts:
        return {}
    order = list(NAMED)
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return {(order[place], key): name or f"№ {key}" for place, key, name in found}
