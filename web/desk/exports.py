"""Blocks of the desk that are tables, as files: all of their rows, not only the first ones."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from web.frame import listing

OF_SUMS: listing.Columns = (
    (_("Open deals"), lambda one: one.open),
    (_("Amount"), lambda one: one.money),
    (_("Stuck"), lambda one: one.stuck),
    (_("Frozen money"), lambda one: one.frozen),
    (_("Stuck without an amount"), lambda one: one.unpriced),
    (_("To be expected of them"), lambda one: round(one.expected, 2)),
    (_("Without a next task"), lambda one: one.untasked),
    (_("Their amount"), lambda one: one.untasked_money),
)


class File(NamedTuple):
    """``rows`` out of what a block shows, and their columns."""

    rows: Callable[[Mapping[str, Any]], list[Any]]
    columns: listing.Columns


def _of(place: int, columns: listing.Columns) -> listing.Columns:
    """Columns of one member of a row."""

    def of_member(cell: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda row: cell(row[place])

    return [(title, of_member(cell)) for title, cell in columns]


STAGE: listing.Columns = (
    (_("Pipeline"), lambda row: str(row[0].pipeline)),
    (_("Stage"), lambda row: row[0].name),
)
PERSON: listing.Columns = ((_("Manager"), lambda row: row[1]),)
LATE: listing.Columns = (
    (_("Overdue tasks"), lambda one: one.tasks),
    (_("Of closed deals"), lambda one: one.leftover),
    (_("The oldest"), lambda one: one.oldest),
)


def _rows(shown: Mapping[str, Any]) -> list[Any]:
    return list(shown["rows"])


def _cells(shown: Mapping[str, Any]) -> list[Any]:
    """The table of stages and people, a row for each cell that is not empty."""
    names = {manager: name for manager, name, _sums in shown["managers"]}
    return [
        (stage, names[manager], cell.sums)
        for stage, cells, _sums in shown["rows"]
        for manager, cell in cells
        if cell is not None
    ]


FILES: dict[str, File] = {
    "stuck": File(_rows, [*STAGE, *_of(1, OF_SUMS)]),
    "untasked": File(_rows, [*STAGE, *_of(1, OF_SUMS)]),
    "people": File(_rows, [*PERSON, *_of(2, OF_SUMS)]),
    "overdue": File(_rows, [*PERSON, *_of(2, LATE)]),
    "heat": File(_cells, [*STAGE, *PERSON, *_of(2, OF_SUMS)]),
}
