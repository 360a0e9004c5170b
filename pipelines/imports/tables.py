"""A file as numbered lines of text cells, whatever it was saved as: CSV of either alphabet, or XLSX."""

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
SEPARATORS = ";\t,"  # among equals the comma is last: titles contain it
PATIENCE = 120  # seconds for a workbook, waiting included


class BadFile(Exception):
    """The file cannot be imported; the text is one sentence for a person."""


class Line(NamedTuple):
    """``number``: where a text editor or a spreadsheet shows it, from 1."""

    number: int
    cells: list[str]


def read(file: IO[bytes]) -> Iterator[Line]:
    """The lines that are not blank, the header first. Raises BadFile, at the latest while they are taken."""
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadFile(_("The file is larger than 50 MB; export fewer deals at a time."))
    if data.startswith(b"PK\x03\x04"):
        lines = workbook_lines(data)
    elif b"\0" in data:
        raise BadFile(_("The file is neither a text table (CSV) nor an XLSX workbook."))
    else:
        lines = text_lines(data)
    return (line for line in lines if any(cell.strip() for cell in line.cells))


def text_lines(data: bytes) -> Iterator[Line]:
    text = io.TextIOWrapper(io.BytesIO(data), encoding_of(data), newline="")
    separator = separator_of(text.readline())
    text.seek(0)
    quotes, number = 0, 1

    def counted() -> Iterator[str]:
        nonlocal quotes
        for line in text:
            quotes += line.count('"')
            yield line

    reader = csv.reader(counted(), delimiter=separator)
    try:
        for cells in reader:
            if quotes % 2 and reader.line_num > number:  # rows below have been swallowed
                raise BadFile(_("A quotation mark on line %(line)s is never closed.") % {"line": number})
            yield Line(number, cells)
            quotes, number = 0, reader.line_num + 1
    except csv.Error as error:
        raise BadFile(
            _("Line %(line)s is not a line of a table: a quotation mark may be missing.") % {"line": number}
        ) from error


def encoding_of(data: bytes) -> str:
    """UTF-8, or else the Windows alphabet; a file that begins as UTF-8 is not taken for the other."""
    try:
        data.decode("utf-8-sig")
        return "utf-8-sig"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    if line > 1 and not data.partition(b"\n")[0].isascii():
        raise BadFile(
            _("Line %(line)s holds signs that are not UTF-8, unlike the lines before.") % {"line": line}
        )
    try:
        data.decode("cp1251")
        return "cp1251"
    except UnicodeDecodeError as error:
        raise BadFile(_("The text of the file is neither UTF-8 nor Windows-1251.")) from error


def separator_of(header: str) -> str:
    """The commonest one outside of quotes: guessing by the look of cells fails on «Бюджет, ₽»."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)


def workbook_lines(data: bytes) -> Iterator[Line]:
    with tempfile.TemporaryFile() as out:
        try:
            subprocess.run(
                [sys.executable, "-I", spreadsheet.__file__],
                input=data,
                stdout=out,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise BadFile(
                _(
                    "The workbook is damaged, protected or unfolds into too much to read; export a CSV file instead."
                )
            ) from error
        out.seek(0)
        rows = csv.reader(io.TextIOWrapper(out, "utf-8", newline=""))
        yield from (Line(number, cells) for number, cells in enumerate(rows, 1))
