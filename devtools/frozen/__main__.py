"""``python -m devtools.frozen load | capture | compare``."""

import argparse
import difflib
import itertools
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from devtools import frozen
from devtools.frozen import company

SHARES = 2  # processes that ask side by side
LINES, CHANGES = 14, 60  # shown of a change, and of all of them


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m devtools.frozen",
        description=frozen.__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("what", choices=("load", "capture", "compare"))
    parser.add_argument("--into", type=Path, default=company.ROOT / ".local" / "frozen", help="what is kept")
    parser.add_argument(
        "--to", type=Path, help="where a capture goes; default: INTO/pages, in a compare .local/frozen/now"
    )
    parser.add_argument("--reload", action="store_true", help="load the company anew by this tree, too")
    parser.add_argument("--judge", action="store_true", help="judge everything anew after the migrations")
    parser.add_argument(
        "--only", default="", metavar="REGEX", help="ask for and compare only files (role/name) like this"
    )
    chosen = parser.parse_args()
    how = {"reload": chosen.reload, "judge": chosen.judge, "only": chosen.only}
    kept, started = chosen.into / "pages", time.monotonic()
    if chosen.what == "load":
        company.load(chosen.into)
    elif chosen.what == "capture":
        capture(chosen.into, chosen.to or kept, **how)
    else:
        to = chosen.to or company.ROOT / ".local" / "frozen" / "now"
        capture(chosen.into, to, **how)
        different = compare(kept, to, chosen.only)
        print(f"{time.monotonic() - started:.0f} s; the present answers are in {to}")
        return 1 if different else 0
    print(f"{time.monotonic() - started:.0f} s")
    return 0


def capture(into: Path, to: Path, *, reload: bool, judge: bool, only: str) -> None:
    """Ask everything of the kept company, or of one that this tree loads anew; ``to`` changes when all is answered."""
    choice = into / "pages" / "choice.json"
    chosen = choice.read_text() if choice.exists() else None
    portal = company.clone(company.load(None) if reload else company.restore(into))
    if judge:
        company.run("manage.py", "qc_judge", "--all", env=portal)
    draft = to.with_name(f"{to.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    command = [sys.executable, "-m", "devtools.frozen.capture"]
    if chosen:
        (draft / "choice.json").write_text(chosen)
    else:
        subprocess.run([*command, "choose", str(draft)], cwd=company.ROOT, env=portal, check=True)
    shares = [[*command, "ask", str(draft), str(share), str(SHARES), only] for share in range(SHARES)]
    with open(to.with_name(f"{to.name}.log"), "w") as log:
        running = [subprocess.Popen(share, cwd=company.ROOT, env=portal, stderr=log) for share in shares]
        codes = [process.wait() for process in running]
    if any(codes):
        sys.exit(f"The capture failed: {log.name} says why.")
    shutil.rmtree(to, ignore_errors=True)
    draft.rename(to)


def compare(kept: Path, now: Path, only: str) -> int:
    """Print what differs, alike changes together with the files they are in; returns the number of such files."""
    before, after = _files(kept), _files(now)
    changes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    asked = sorted(name for name in before | after if re.search(only, name))
    different = set()
    for name in asked:
        old, new = (folder / name for folder in (kept, now))
        if name not in after or name not in before:
            found: set[tuple[str, ...]] = {("only in what is kept" if name in before else "only here",)}
        elif old.read_bytes() == new.read_bytes():
            continue
        else:
            found = set(_changes(old.read_text(), new.read_text()))
        different.add(name)
        for change in found:
            changes[change].append(name)
    for lines, names in sorted(changes.items(), key=lambda change: (-len(change[1]), change))[:CHANGES]:
        print(f"\n{len(names)} × {', '.join(names[:4])}{' …' if len(names) > 4 else ''}")
        print(*(f"    {line[:300]}" for line in lines[:LINES]), *["    …"] * (len(lines) > LINES), sep="\n")
    print(
        f"\n{len(asked) - len(different)} files are equal, {len(different)} differ by {len(changes)} changes",
        end="",
    )
    print(f" ({len(changes) - CHANGES} not shown)." if len(changes) > CHANGES else ".")
    return len(different)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _changes(old: str, new: str) -> Iterator[tuple[str, ...]]:
    """Runs of lines that went and came at one place."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
    for hunk, run in itertools.groupby(lines, lambda line: line.startswith("@@")):
        if not hunk:
            yield tuple(run)


if __name__ == "__main__":
    sys.exit(main())
