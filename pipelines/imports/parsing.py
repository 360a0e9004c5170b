"""An export → values: deals or contacts, and the rows that could not be read, each with its line and the reason."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from itertools import islice
from typing import IO

import msgspec
from django.utils.translation import gettext as _

from pipelines.imports import cells, columns, tables
from pipelines.imports.amounts import Doubt, Notation
from pipelines.imports.cells import Order, Rejected
from pipelines.imports.columns import DEALS, LABELS, Columns
from pipelines.imports.tables import BadFile, Line

SHOWN = 500  # rejected rows that are named; the others are only counted
HEADER_WITHIN = 20  # lines that are not blank: titles and dates may stand above the header
DATES = ("created_at", "edited_at", "closed_at")


class Deal(msgspec.Struct, frozen=True):
    """``pipeline``, ``stage`` and ``manager`` are names; an empty one was empty in the file, as a price of None was."""

    id: int
    name: str
    price: Decimal | None
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
    so it was exported then or later; None in contacts. ``sheet`` and ``header_line`` say where the table was found if
    not at the beginning of the file; ``month_first``: its dates are American."""

    kind: str
    read: list[tuple[str, str]]
    unread: int
    deals: list[Deal] = []
    contacts: list[Contact] = []
    rejected: list[Rejection] = []
    rejected_count: int = 0
    newest: datetime | None = None
    sheet: str = ""
    header_line: int = 0
    month_first: bool = False

    @property
    def accepted(self) -> int:
        return len(self.deals) + len(self.contacts)

    def reject(self, line: int, reason: str) -> None:
        self.rejected_count += 1
        if len(self.rejected) < SHOWN:
            self.rejected.append(Rejection(line, reason))


def parse_export(file: IO[bytes], zone: tzinfo, now: datetime) -> Parsed:
    """``zone``: that of the account, which an export does not name. Raises BadFile."""
    found = find_table(tables.read_table(file))
    known = found.columns
    places = sorted(known.places.items(), key=lambda item: item[1])
    parsed = Parsed(
        known.kind,
        [(known.header[place].strip(), name) for name, place in places],
        sum(bool(title.strip()) for title in known.header) - len(places),
        sheet=found.sheet,
        header_line=found.header_line,
    )
    Reading(parsed, known, zone, now).take(found.lines)
    if not parsed.accepted and not parsed.rejected:
        raise BadFile(_("There are no rows below the header."))
    return parsed


@dataclass
class Found:
    """A table whose header is known; ``lines`` are those below it."""

    columns: Columns
    lines: Iterator[Line]
    sheet: str
    header_line: int


def find_table(found: Iterable[tables.Table]) -> Found:
    """The first table with a header. Raises BadFile with what comes nearest to one."""
    faults: list[BadFile] = []
    for number, table in enumerate(found):
        try:
            known, line = find_header(table.lines)
        except BadFile as error:
            faults.append(error)
            continue
        sheet = table.name if number else ""
        return Found(known, table.lines, sheet, line.number if line.number > 1 else 0)
    half = [fault for fault in faults if isinstance(fault, columns.Incomplete)]
    raise (half or faults or [BadFile(_("The file is empty."))])[0]


def find_header(lines: Iterator[Line]) -> tuple[Columns, Line]:
    """Takes the lines up to the header. Raises BadFile."""
    faults: list[BadFile] = []
    for line in islice(lines, HEADER_WITHIN):
        try:
            return columns.recognise_columns(line.cells), line
        except BadFile as error:
            faults.append(error)
    half = [fault for fault in faults if isinstance(fault, columns.Incomplete)]
    raise (half or faults or [BadFile(_("The file is empty."))])[0]


@dataclass
class Reading:
    """The rows of one table on their way into ``parsed``."""

    parsed: Parsed
    known: Columns
    zone: tzinfo
    now: datetime
    order: Order = Order.UNKNOWN
    notation: Notation = field(default_factory=Notation)
    doubts: dict[int, tuple[int, str, Doubt]] = field(default_factory=dict)  # by place among the deals

    def take(self, lines: Iterator[Line]) -> None:
        if (
            self.known.kind == DEALS and self.known.is_english
        ):  # Kommo has customers who write the month first
            lines = self.ordered(lines)
        first_seen: dict[int, int] = {}
        for line in lines:
            try:
                if any(cell.strip() for cell in line.cells[len(self.known.header) :]):
                    raise Rejected(_("it has more cells than the header"))
                row = {
                    name: cells.sound(cell, LABELS[name])
                    for name, cell in self.known.cells(line.cells).items()
                }
                key = cells.identity(row["id"])
                if key in first_seen:
                    raise Rejected(_("the ID stands on line %(line)s already") % {"line": first_seen[key]})
                if self.known.kind == DEALS:
                    self.take_deal(line.number, key, row)
                else:
                    self.parsed.contacts.append(contact(key, row))
                first_seen[key] = line.number
            except Rejected as error:
                self.parsed.reject(line.number, str(error))
        self.settle_amounts()

    def ordered(self, lines: Iterator[Line]) -> Iterator[Line]:
        kept = list(lines)
        places = [place for name, place in self.known.places.items() if name in DATES]
        self.order = cells.order_of(
            line.cells[place] for line in kept for place in places if place < len(line.cells)
        )
        self.parsed.month_first = self.order is Order.MONTH
        return iter(kept)

    def take_deal(self, line: int, key: int, row: dict[str, str]) -> None:
        if not row["stage"]:
            raise Rejected(_("there is no stage"))
        created_at = cells.moment_of(row["created_at"], self.zone, self.now, self.order)
        closed_at = cells.closing(row.get("closed_at", ""), created_at, self.zone, self.now, self.order)
        price = cells.amount(row.get("price", ""), self.notation)
        if isinstance(price, Doubt):
            self.doubts[len(self.parsed.deals)] = (line, row["price"], price)
            price = None
        deal = Deal(
            key,
            row.get("name", ""),
            price,
            row.get("pipeline", ""),
            row["stage"],
            row.get("manager", ""),
            created_at,
            closed_at,
            cells.tags(row.get("tags", "")),
        )
        self.parsed.deals.append(deal)
        moments = [self.parsed.newest, created_at, closed_at]
        with suppress(Rejected):
            moments.append(cells.moment_of(row.get("edited_at", ""), self.zone, self.now, self.order))
        self.parsed.newest = max(at for at in moments if at is not None)

    def settle_amounts(self) -> None:
        """What «350,000» means is known when the whole column has been seen, or never."""
        deals = self.parsed.deals
        refused: set[int] = set()
        for place, (line, cell, doubt) in self.doubts.items():
            price = self.notation.settle(doubt)
            if price is None:
                refused.add(place)
                self.parsed.reject(line, cells.ambiguous(cell, doubt))
            else:
                deals[place] = msgspec.structs.replace(deals[place], price=price)
        self.parsed.deals = [deal for place, deal in enumerate(deals) if place not in refused]
        self.parsed.rejected.sort(key=lambda rejection: rejection.line)


def contact(key: int, row: dict[str, str]) -> Contact:
    if row.get("type", "").casefold().startswith(("компан", "compan")):
        raise Rejected(_("it is a company, not a contact"))
    return Contact(key, row["full_name"])
