"""The table: printed, and written into docs/performance.md between two markers."""

import os
import platform
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

from bench.measure import Cost
from devtools.embedded import PROJECT

PAGE = PROJECT / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
FLOORS = 15
HEAD = ("what", "ours", "base", "ratio", "target", "met?")


@dataclass(frozen=True)
class Line:
    """One line of the table; without a target there is nothing to meet."""

    what: str
    ours: str
    base: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    def cells(self) -> Sequence[str]:
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}×"
        return (
            self.what,
            self.ours,
            self.base,
            ratio,
            self.target,
            {True: "yes", False: "**no**", None: ""}[self.met],
        )


def compared(
    what: str, ours: str, base: str, ratio: float, *, most: float | None = None, least: float | None = None
) -> Line:
    """Two figures and their ratio, which should be at ``most`` or at ``least`` so much."""
    if least is not None:
        return Line(what, ours, base, ratio, f"≥ {least:g}×", ratio >= least)
    if most is not None:
        return Line(what, ours, base, ratio, f"≤ {most:g}×", ratio <= most)
    return Line(what, ours, base, ratio)


def against(what: str, ours: Cost, base: Cost, most: float | None = None, note: str = "") -> Line:
    """Ours beside the base by the clock, processor time in brackets."""
    return compared(what, told(ours), told(base) + note, ours.wall / base.wall, most=most)


def below(
    what: str, value: float, most: float, unit: str, base: str = "", also: str = "", met: bool = True
) -> Line:
    """A value with an upper limit; ``also`` adds to what is shown, ``met`` a second condition."""
    return Line(
        what, f"{figure(value)} {unit}{also}", base, None, f"≤ {most:g} {unit}", value <= most and met
    )


def told(cost: Cost) -> str:
    return f"{milliseconds(cost.wall)} ({milliseconds(cost.cpu)})"


def milliseconds(seconds: float) -> str:
    return f"{figure(seconds * 1000)} ms"


def figure(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def show(lines: Iterable[Line]) -> str:
    """The lines as plain text in columns."""
    rows = [HEAD, *(line.cells() for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def machine() -> str:
    """The machine in a few words, without names."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0].split()[0]
    parts = (
        f"{os.cpu_count()} cores",
        f"{memory:.0f} GiB",
        f"PostgreSQL {version}",
        f"Python {platform.python_version()}",
        f"{count_additions():.1f} million additions a second in Python (where the floors were measured: {FLOORS})",
        f"load {os.getloadavg()[2]:.1f} in the last quarter of an hour, ours included",
    )
    return ", ".join(parts)


def count_additions() -> float:
    """Millions a second: how quick this machine is now. Targets in milliseconds were set on one that makes FLOORS."""
    rounds, whole, began = 3_000_000, 0, time.perf_counter()
    for number in range(rounds):
        whole += number * number
    return rounds / (time.perf_counter() - began) / 1e6


def write(lines: Iterable[Line], deals: int, page: Path = PAGE) -> None:
    """Put the table into the page, in place of the last one."""
    told_of = f"{datetime.now(UTC):%Y-%m-%d} · {machine()} · {deals:,} deals"
    rows = [
        "| " + " | ".join(cells) + " |"
        for cells in (HEAD, ["---"] * len(HEAD), *(line.cells() for line in lines))
    ]
    table = "\n".join([BEGIN, "", told_of, "", *rows, "", END])
    text = page.read_text("utf-8")
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: table, text, flags=re.DOTALL), "utf-8")
