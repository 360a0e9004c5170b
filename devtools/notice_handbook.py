"""``python -m devtools.notice_handbook`` writes the table of kinds into docs/notices.md, from the code."""

from datetime import timedelta
from pathlib import Path

from notices.kinds import KINDS, Kind

PAGE = Path(__file__).resolve().parents[1] / "docs" / "notices.md"
BEGIN, END = "<!-- kinds: written by devtools.notice_handbook -->\n", "<!-- end of kinds -->\n"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def table() -> str:
    lines = ["| kind | who, after how much of the shift | rings | when not confirmed | worth it because |"]
    lines += ["|---|---|---|---|---|", *(_row(one) for _code, one in sorted(KINDS.items()))]
    return "\n".join(lines) + "\n"


def _row(one: Kind) -> str:
    rungs = ", ".join(f"{rung.audience} {_length(rung.after)}".strip() for rung in one.rungs)
    early = f"; {_length(one.ahead)} before" if one.ahead else ""
    rings = ("at once" if one.urgent else "yes") if one.loud else "no"
    repeats = "repeated once" if one.repeats else "left"
    return f"| `{one.code}` | {rungs}{early} | {rings} | {repeats} | {one.why} |"


def _length(length: timedelta) -> str:
    if length >= HOUR:
        return f"{length / HOUR:g} h"
    return f"{length / MINUTE:g} min" if length else ""


def with_table(text: str) -> str:
    """The page with its table as the code has it now."""
    before, _begin, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
