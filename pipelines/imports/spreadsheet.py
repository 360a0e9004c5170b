"""An XLSX workbook on standard input, its first sheet as CSV on standard output; any exit code but 0 is a failure.

This runs as a process of its own: a workbook of one kilobyte can name a cell so far away that the reader asks for
500 GB, and where that fails Rust ends the whole process.
"""

import csv
import io
import resource
import sys
from typing import Any

MEMORY = 1 << 30  # bytes, of everything the process maps
SECONDS = 60  # of processor time
OUTPUT = 1 << 29  # bytes


def limit() -> None:
    for what, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def text(cell: Any) -> str:
    """Ids come as floats."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def main() -> None:
    limit()
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())).get_sheet_by_index(0)
    with io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="") as out:
        csv.writer(out).writerows(map(text, row) for row in sheet.iter_rows())


if __name__ == "__main__":
    main()
