"""One sheet of an XLSX workbook on standard input as CSV on standard output, its name on the first line.

The argument is the number of the sheet, from 0; exit code 3 says that there is none, any other but 0 is a failure. A
cell that holds an error, or a formula whose result the file does not hold, is given as such: the reader makes nothing
of both.

This runs as a process of its own: a workbook of one kilobyte can name a cell so far away that the reader asks for
500 GB, and where that fails Rust ends the whole process.
"""

import csv
import io
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from posixpath import join, normpath
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

MEMORY = 1 << 30  # bytes, of everything the process maps
SECONDS = 60  # of processor time
OUTPUT = 1 << 29  # bytes
NO_SUCH_SHEET = 3
WITHOUT_RESULT = "#FORMULA!"  # as errors are written: `cells.sound` knows it
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Faults = dict[int, dict[int, str]]


def limit() -> None:
    for what, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def text(cell: Any) -> str:
    """Ids come as floats. Other numbers get six decimals: «350.123» could be read as thousands."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else f"{cell:.6f}"
    return str(cell)


def bare(element: ElementTree.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def find_faults(file: ZipFile, name: str) -> Faults:
    """Cells of a sheet that have no value though they are not empty, by row and column from 0."""
    book = ElementTree.fromstring(file.read("xl/workbook.xml"))
    uncounted = any(
        element.get("fullCalcOnLoad") in ("1", "true") for element in book.iter() if bare(element) == "calcPr"
    )
    with file.open(path_of(file, book, name)) as sheet:
        return {row: found for row, found in faulty_rows(sheet, uncounted) if found}


def path_of(file: ZipFile, book: ElementTree.Element, name: str) -> str:
    relations = ElementTree.fromstring(file.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    [target] = [
        targets[one.get(RELATION)] for one in book.iter() if bare(one) == "sheet" and one.get("name") == name
    ]
    return normpath(join("xl", target)).lstrip("/")


def faulty_rows(sheet: Any, uncounted: bool) -> Iterator[tuple[int, dict[int, str]]]:
    number = -1
    for _, element in ElementTree.iterparse(sheet):
        if bare(element) != "row":
            continue
        number = int(element.get("r", number + 2)) - 1
        found, place = {}, -1
        for cell in element:
            place = column_of(cell.get("r", "")) if cell.get("r") else place + 1
            if fault := fault_of(cell, uncounted):
                found[place] = fault
        element.clear()
        yield number, found


def column_of(reference: str) -> int:
    """«AB12» → 27."""
    number = 0
    for letter in reference:
        if letter.isalpha():
            number = number * 26 + ord(letter.upper()) - ord("A") + 1
    return number - 1


def fault_of(cell: ElementTree.Element, uncounted: bool) -> str:
    """``uncounted``: the file asks to be calculated when it is opened, so a zero is nobody's result."""
    parts = {bare(part): part.text or "" for part in cell}
    if cell.get("t") == "e":
        return parts.get("v") or "#N/A"
    if "f" not in parts:
        return ""
    empty = "v" not in parts or (not parts["v"] and cell.get("t") != "str")
    return WITHOUT_RESULT if empty or (uncounted and parts["v"] == "0") else ""


def main() -> None:
    limit()
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    data, number = sys.stdin.buffer.read(), int(sys.argv[1])
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    tables = (one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet)
    name = next(islice(tables, number, None), None)
    if name is None:
        sys.exit(NO_SUCH_SHEET)
    sheet = book.get_sheet_by_name(name)
    with ZipFile(io.BytesIO(data)) as file:
        faults = find_faults(file, name)
    first = sheet.start[1] if sheet.start else 0
    with io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([name])
        for place, row in enumerate(sheet.iter_rows()):
            cells = [text(cell) for cell in row]
            for column, fault in faults.get(place, {}).items():
                if 0 <= column - first < len(cells):
                    cells[column - first] = fault
            writer.writerow(cells)


if __name__ == "__main__":
    main()
