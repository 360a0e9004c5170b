"""An export → values: deals or contacts, and the rows that could not be read, each with its line and the reason."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import IO

import msgspec
from django.utils.translation import gettext as _

from pipelines.imports import cells, columns, tables
from pipelines.imports.cells import Rejected
from pipelines.imports.columns import DEALS, Columns
from pipelines.imports.tables import BadFile

SHOWN = 500  # rejected rows that are named; the others are only counted


class Deal(msgspec.Struct, frozen=True):
    """``pipeline``, ``stage`` and ``manager`` are names; an empty one was empty in the file."""

    id: int
    name: str
    price: Decimal
    pipeline: str
    stage: str
    manager: str
    created_at: datetime
    closed_at: datetime | None
    tags: list[str]


class Contact(msgspec.Struct, frozen=True):
    id: int
    name: str


class Rejection(msgspec.Struct, frozen=True):
    line: int
    reason: str


class Parsed(msgspec.Struct):
    """``read``: (title in the file, field) of each column in use. ``newest``: the latest date of a deal in the file,
    so it was exported then or later; None in contacts."""

    kind: str
    read: list[tuple[str, str]]
    unread: int
    deals: list[Deal] = []
    contacts: list[Contact] = []
    rejected: list[Rejection] = []
    rejected_count: int = 0
    newest: datetime | None = None

    @property
    def accepted(self) -> int:
        return len(self.deals) + len(self.contacts)

    def reject(self, line: int, reason: str) -> None:
        self.rejected_count += 1
        if len(self.rejected) < SHOWN:
            self.rejected.append(Rejection(line, reason))


def parse(file: IO[bytes], zone: tzinfo, now: datetime) -> Parsed:
    """``zone``: that of the account, which an export does not name. Raises BadFile."""
    lines = tables.read(file)
    header = next(lines, None)
    if header is None:
        raise BadFile(_("The file is empty."))
    known = columns.recognise(header.cells)
    places = sorted(known.places.items(), key=lambda item: item[1])
    parsed = Parsed(
        known.kind,
        [(header.cells[place].strip(), field) for field, place in places],
        sum(bool(title.strip()) for title in header.cells) - len(places),
    )
    take_rows(parsed, known, lines, zone, now)
    if not parsed.accepted and not parsed.rejected:
        raise BadFile(_("There are no rows below the header."))
    return parsed


def take_rows(
    parsed: Parsed, known: Columns, lines: Iterator[tables.Line], zone: tzinfo, now: datetime
) -> None:
    first_seen: dict[int, int] = {}
    for line in lines:
        try:
            if any(cell.strip() for cell in line.cells[len(known.header) :]):
                raise Rejected(_("it has more cells than the header"))
            row = known.cells(line.cells)
            key = cells.identity(row["id"])
            if key in first_seen:
                raise Rejected(_("the ID stands on line %(line)s already") % {"line": first_seen[key]})
            if known.kind == DEALS:
                take_deal(parsed, key, row, zone, now)
            else:
                parsed.contacts.append(contact(key, row))
            first_seen[key] = line.number
        except Rejected as error:
            parsed.reject(line.number, str(error))


def take_deal(parsed: Parsed, key: int, row: dict[str, str], zone: tzinfo, now: datetime) -> None:
    if not row["stage"]:
        raise Rejected(_("there is no stage"))
    created_at = cells.moment_of(row["created_at"], zone, now)
    closed_at = cells.closing(row.get("closed_at", ""), created_at, zone, now)
    deal = Deal(
        key,
        row.get("name", ""),
        cells.amount(row.get("price", "")),
        row.get("pipeline", ""),
        row["stage"],
        row.get("manager", ""),
        created_at,
        closed_at,
        cells.tags(row.get("tags", "")),
    )
    parsed.deals.append(deal)
    moments = [parsed.newest, created_at, closed_at]
    with suppress(Rejected):
        moments.append(cells.moment_of(row.get("edited_at", ""), zone, now))
    parsed.newest = max(at for at in moments if at is not None)


def contact(key: int, row: dict[str, str]) -> Contact:
    if row.get("type", "").casefold().startswith(("компан", "compan")):
        raise Rejected(_("it is a company, not a contact"))
    return Contact(key, row["full_name"])
