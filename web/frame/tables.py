"""A table as a file: CSV as Excel opens it, or XLSX. The same rows give the same bytes.

Amounts are numbers there, dates are dates. A text never becomes a formula, whatever it begins with.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from core.zone import portal_zone

CSV, XLSX = "csv", "xlsx"
TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # a workbook tells when it was made: never, so that bytes stay equal
WIDEST = 60
NO_NAME = re.compile(r"[\[\]:*?/\\']")  # what the name of a sheet may not hold


@dataclass(frozen=True)
class Table:
    """``name`` of its sheet; a cell is a text, a number, a day, an aware moment or None. Moments are written by
    the portal's clock."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def answer_file(name: str, form: str, tables: Sequence[Table]) -> HttpResponse:
    """A download; a CSV holds the first table. ``name`` is without an ending."""
    body = write_csv(tables[0]) if form == CSV else write_xlsx(tables)
    answer = HttpResponse(body, content_type=TYPES[form])
    answer["Content-Disposition"] = content_disposition_header(True, f"{name}.{form}") or "attachment"
    return answer


def write_csv(table: Table) -> bytes:
    """With semicolons and a mark of UTF-8, as Excel in Russia reads it; amounts with a decimal comma."""
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([_text(title) for title in table.columns])
    writer.writerows([_text(cell) for cell in row] for row in table.rows)
    return ("\N{ZERO WIDTH NO-BREAK SPACE}" + out.getvalue()).encode()


def write_xlsx(tables: Iterable[Table]) -> bytes:
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True},
    )
    book.set_properties({"created": EPOCH.replace(tzinfo=None)})
    head = book.add_format({"bold": True, "bottom": 1})
    money, day = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "dd.mm.yyyy"})
    stamp = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    taken = set[str]()
    for table in tables:
        sheet = book.add_worksheet(_name_sheet(table.name, taken))
        sheet.freeze_panes(1, 0)
        for place, title in enumerate(table.columns):
            sheet.write_string(0, place, title, head)
            longest = max((len(str(row[place] or "")) for row in table.rows), default=0)
            sheet.set_column(place, place, min(max(len(title), longest) + 2, WIDEST))
        for number, row in enumerate(table.rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, Decimal | float):
                    sheet.write_number(number, place, float(cell), money)
                elif isinstance(cell, int) and not isinstance(cell, bool):
                    sheet.write_number(number, place, cell)
                elif isinstance(cell, datetime):
                    sheet.write_datetime(number, place, _local(cell).replace(tzinfo=None), stamp)
                elif isinstance(cell, date):
                    sheet.write_datetime(number, place, cell, day)
                elif cell is not None:
                    sheet.write_string(number, place, str(cell))
    book.close()
    return out.getvalue()


def _name_sheet(name: str, taken: set[str]) -> str:
    """As a workbook takes it: short, without its signs, and of no other sheet, in whatever case."""
    plain = NO_NAME.sub(" ", name)
    name, number = plain[:31], 1
    while name.lower() in taken:
        number += 1
        mark = f" ({number})"
        name = plain[: 31 - len(mark)] + mark
    taken.add(name.lower())
    return name


def _local(moment: datetime) -> datetime:
    return moment.astimezone(portal_zone()) if moment.tzinfo else moment


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal | float):
        return f"{Decimal(str(cell)):f}".replace(".", ",")
    if isinstance(cell, datetime):
        return f"{_local(cell):%d.%m.%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d.%m.%Y}"
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(DANGEROUS) else text
