"""Keys of a component in a scheme's document: each says how it is read and what a form would ask for.

A component is a frozen dataclass whose attributes are made by the functions here: ``amount: Decimal = money("…")``.
The attribute's name is the key. A reader raises `Fault`, which names the place (`kpi.calculation.document`).
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from kpi.calculation.curves import Points
from kpi.calculation.document import Place
from kpi.calculation.wording import Said, gettext

FIELD = "field"  # the key of dataclass metadata
SHARES = 10  # an attainment or an index beyond ten times the plan is a slip of the keyboard


@dataclass(frozen=True)
class Field:
    """``entry`` is what a form shows: money, number, whole, share, day, text, person, flag, choice, measure,
    components, points or rows.

    ``label`` and the values of ``choices`` are msgids. ``columns`` are the fields of a row.
    """

    name: str
    label: str
    entry: str
    read: Callable[[Place], Any]
    required: bool = True
    choices: Mapping[str, str] = field(default_factory=dict)
    columns: tuple["Field", ...] = ()


def fields_of(kind: type) -> tuple[Field, ...]:
    """The fields of a dataclass, in the order of its attributes."""
    return _fields_of(kind)


@cache
def _fields_of(kind: type) -> tuple[Field, ...]:
    made = ((attribute.name, attribute.metadata.get(FIELD)) for attribute in dataclasses.fields(kind))
    return tuple(dataclasses.replace(found, name=name) for name, found in made if found is not None)


def read_fields(kind: type, place: Place) -> dict[str, Any]:
    return {one.name: one.read(place[one.name]) for one in fields_of(kind)}


def money(label: str) -> Any:
    return _field(label, "money", Place.number)


def number(label: str, above_zero: bool = False, optional: bool = False) -> Any:
    read = Place.positive if above_zero else Place.number
    if optional:
        return _field(
            label, "number", lambda place: None if place.value is None else read(place), default=None
        )
    return _field(label, "number", read)


def share(
    label: str,
    above_zero: bool = False,
    most: Decimal | int = 1,
    optional: bool = False,
    default: Decimal | None = None,
) -> Any:
    """From 0 to ``most``; ``default`` when an optional one is left out."""

    def read(place: Place) -> Decimal | None:
        if optional and place.value is None:
            return default
        return place.positive(most) if above_zero else place.number(0, most)

    return _field(label, "share", read, default=default if optional else dataclasses.MISSING)


def text(label: str) -> Any:
    return _field(label, "text", Place.short_text)


def person(label: str) -> Any:
    """The id of a main amoCRM user."""
    return _field(label, "person", lambda place: place.whole(1))


def whole(label: str, most: int) -> Any:
    """From 1."""
    return _field(label, "whole", lambda place: place.whole(1, most))


def day(label: str) -> Any:
    return _field(label, "day", Place.day)


def flag(label: str) -> Any:
    """True or false; false when left out."""
    return _field(label, "flag", Place.flag, default=False)


def choice(label: str, choices: Mapping[str, str]) -> Any:
    return _field(label, "choice", lambda place: place.choice(list(choices)), choices=choices)


def measure(label: str) -> Any:
    """The name of a fact (`kpi.measures`)."""
    return _field(label, "measure", Place.measure)


def components(label: str, or_all: bool = False) -> Any:
    """Codes of components of the same scheme; with ``or_all`` none named means all of them."""

    def read(place: Place) -> tuple[str, ...]:
        if or_all and place.value is None:
            return ()
        return tuple(item.text() for item in place.items(0 if or_all else 1))

    return _field(label, "components", read, required=not or_all)


def points(label: str, optional: bool = False) -> Any:
    """A curve: pairs of a value and what it gives, in rising order of the values."""
    if optional:
        return _field(
            label, "points", lambda place: None if place.value is None else read_points(place), default=None
        )
    return _field(label, "points", read_points)


def rows(label: str, row: type, read: Callable[[Place], Any] | None = None, least: int = 1) -> Any:
    """A list of ``row``, a dataclass of fields; ``read`` where one row depends on another."""

    def read_rows(place: Place) -> tuple[Any, ...]:
        columns = fields_of(row)
        return tuple(
            row(**read_fields(row, item.keys(*(one.name for one in columns)))) for item in place.items(least)
        )

    return _field(label, "rows", read or read_rows, columns=fields_of(row))


def read_points(place: Place) -> Points:
    found: list[tuple[Decimal, Decimal]] = []
    for item in place.items():
        pair = list(item.items(2))
        if len(pair) != 2:
            raise item.fail(gettext("a pair [x, y]"))
        x, y = pair[0].number(), pair[1].number(0, SHARES)
        if found and x <= found[-1][0]:
            wanted = gettext("above %(before)s, the point before it", before=Said(str(found[-1][0])))
            raise pair[0].fail(wanted)
        found.append((x, y))
    return tuple(found)


def read_month(place: Place) -> date:
    """The first day of a month."""
    demand = gettext("the first day of a month such as 2026-11-01")
    found = place.day(demand)
    if found.day != 1:
        raise place.fail(demand)
    return found


def _field(
    label: str,
    entry: str,
    read: Callable[[Place], Any],
    default: Any = dataclasses.MISSING,
    required: bool = True,
    choices: Mapping[str, str] | None = None,
    columns: tuple[Field, ...] = (),
) -> Any:
    made = Field("", label, entry, read, required and default is dataclasses.MISSING, choices or {}, columns)
    return dataclasses.field(default=default, metadata={FIELD: made})
