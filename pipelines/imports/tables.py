"""A file as tables of numbered lines of text cells, whatever it was saved as: CSV of any alphabet, or XLSX.

Which of its tables is meant the header tells, and that is for others to know (`pipelines.imports.columns`): here are
all that the file may hold, the likeliest first.
"""

import codecs
import csv
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, NamedTuple

from django.utils.translation import gettext as _

from pipelines.imports import spreadsheet

LARGEST = 50 * 2**20  # bytes
SHEETS = 20  # of a workbook that are looked at
SEPARATORS = ";\t,"  # among equals the comma is last: titles contain it
PATIENCE = 120  # seconds for a workbook, waiting included
NAMED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # the first line of what Excel saves
HALF = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8
HEAD = 4096  # bytes that tell what kind of file it is
WIDE = {0x00, 0x04, 0x20, 0x21}  # upper bytes of Latin and Cyrillic letters, and of signs such as «№» and «—»


class BadFile(Exception):
    """The file cannot be imported; the text is one sentence for a person."""


class Line(NamedTuple):
    """``number``: where a text editor or a spreadsheet shows it, from 1."""

    number: int
    cells: list[str]


class Table(NamedTuple):
    """The lines that are not blank; ``name`` of its sheet, empty for a text file."""

    name: str
    lines: Iterator[Line]


def read_table(file: IO[bytes]) -> Iterator[Table]:
    """What the file may be read as: the sheets of a workbook, or a text by one separator after another.

    A text of broken signs is given with them. Raises BadFile, at the latest while lines are taken.
    """
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadFile(_("The file is larger than 50 MB; export fewer deals at a time."))
    tables = workbook_tables(data) if data.startswith(b"PK\x03\x04") else text_tables(data)
    return (table._replace(lines=filled(table.lines)) for table in tables)


def filled(lines: Iterator[Line]) -> Iterator[Line]:
    return (line for line in lines if any(cell.strip() for cell in line.cells))


def text_tables(data: bytes) -> Iterator[Table]:
    text = text_of(data)
    first, _end, rest = text.partition("\n")
    if named := NAMED.fullmatch(first):
        yield Table("", text_lines(rest, named[1], 2))
        return
    likeliest = separator_of(first)
    for separator in (likeliest, *(sign for sign in SEPARATORS if sign != likeliest)):
        yield Table("", text_lines(text, separator))


def text_lines(text: str, separator: str, number: int = 1) -> Iterator[Line]:
    """``number`` is that of its first line."""
    before, quotes = number - 1, 0

    def counted() -> Iterator[str]:
        nonlocal quotes
        for line in io.StringIO(text, newline=""):
            quotes += line.count('"')
            yield line

    reader = csv.reader(counted(), delimiter=separator)
    try:
        for cells in reader:
            if quotes % 2 and reader.line_num + before > number:  # rows below have been swallowed
                raise BadFile(_("A quotation mark on line %(line)s is never closed.") % {"line": number})
            yield Line(number, cells)
            quotes, number = 0, reader.line_num + before + 1
    except csv.Error as error:
        raise BadFile(
            _("Line %(line)s is not a line of a table: a quotation mark may be missing.") % {"line": number}
        ) from error


def text_of(data: bytes) -> str:
    """UTF-8, UTF-16 or the Windows alphabet; where UTF-8 is broken here and there, these signs stay half characters."""
    wide = wide_encoding(data)
    if wide:
        return data.decode(wide, "surrogatepass" if len(data) % 2 == 0 else "replace").removeprefix("\ufeff")
    if b"\0" in data.partition(b"\n")[0]:
        raise BadFile(_("The file is neither a text table (CSV) nor an XLSX workbook."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "surrogateescape")
    broken = len(HALF.findall(text))
    if broken < len(text) - len(text.encode("ascii", "ignore")) - broken:
        return text
    try:
        return data.decode("cp1251")
    except UnicodeDecodeError as error:
        raise BadFile(_("The text of the file is neither UTF-8 nor Windows-1251.")) from error


def wide_encoding(data: bytes) -> str:
    """That of «Unicode text» as spreadsheets save it, with its mark or without; empty for a text of bytes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:HEAD]
    for encoding, high, low in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if b"\0" in high and b"\0" not in low and not set(high) - WIDE:
            return encoding
    return ""


def separator_of(header: str) -> str:
    """The commonest one outside of quotes: guessing by the look of cells fails on «Бюджет, ₽»."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)


def workbook_tables(data: bytes) -> Iterator[Table]:
    for number in range(SHEETS):
        sheet = sheet_of(data, number)
        if sheet is None:
            return
        yield sheet


def sheet_of(data: bytes, number: int) -> Table | None:
    lines = sheet_lines(data, number)
    name = next(lines, None)
    return None if name is None else Table(name.cells[0], lines)


def sheet_lines(data: bytes, number: int) -> Iterator[Line]:
    """The name of the sheet as line 0, then its own; nothing where there is no such sheet."""
    with tempfile.TemporaryFile() as out:
        try:
            subprocess.run(
                [sys.executable, "-I", spreadsheet.__file__, str(number)],
                input=data,
                stdout=out,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=True,
            )
        except subprocess.SubprocessError as error:
            if getattr(error, "returncode", None) == spreadsheet.NO_SUCH_SHEET:
                return
            raise BadFile(
                _(
                    "The workbook is damaged, protected or unfolds into too much to read; export a CSV file instead."
                )
            ) from error
        out.seek(0)
        rows = csv.reader(io.TextIOWrapper(out, "utf-8", newline=""))
        yield from (Line(number, cells) for number, cells in enumerate(rows))
