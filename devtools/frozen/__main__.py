"""``python -m devtools.frozen load | capture | compare``."""

import argparse
import difflib
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from devtools import frozen
from devtools.frozen import company

SHARES = 2  # processes that ask side by side
LINES, GROUPS = 14, 40  # shown of a difference, and of all of them


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
    parser.add_argument(
        "--only", default="", metavar="REGEX", help="ask for and compare only files (role/name) like this"
    )
    chosen = parser.parse_args()
    kept, started = chosen.into / "pages", time.monotonic()
    if chosen.what == "load":
        company.load(chosen.into)
    elif chosen.what == "capture":
        capture(chosen.into, chosen.to or kept, reload=chosen.reload, only=chosen.only)
    else:
        to = chosen.to or company.ROOT / ".local" / "frozen" / "now"
        capture(chosen.into, to, reload=chosen.reload, only=chosen.only)
        different = compare(kept, to, chosen.only)
        print(f"{time.monotonic() - started:.0f} s; the present answers are in {to}")
        return 1 if different else 0
    print(f"{time.monotonic() - started:.0f} s")
    return 0


def capture(into: Path, to: Path, *, reload: bool, only: str) -> None:
    """Ask everything of the kept company, or of one that this tree loads anew; ``to`` changes when all is answered."""
    choice = into / "pages" / "choice.json"
    chosen = choice.read_text() if choice.exists() else None
    portal = company.clone(company.load(None) if reload else company.restore(into))
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
    """Print what differs, alike differences together; returns the number of files that do."""
    before, after = _files(kept), _files(now)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    equal = 0
    for name in sorted(name for name in before | after if re.search(only, name)):
        old, new = (folder / name for folder in (kept, now))
        if name not in after or name not in before:
            groups[("only in what is kept" if name in before else "only here",)].append(name)
        elif old.read_bytes() == new.read_bytes():
            equal += 1
        else:
            groups[_difference(old.read_text(), new.read_text())].append(name)
    for lines, names in sorted(groups.items(), key=lambda group: -len(group[1]))[:GROUPS]:
        print(f"\n{len(names)} × {', '.join(names[:4])}{' …' if len(names) > 4 else ''}")
        print(
            "".join(f"    {line[:300]}\n" for line in lines[:LINES]) + ("    …" if len(lines) > LINES else "")
        )
    different = sum(map(len, groups.values()))
    left = max(0, len(groups) - GROUPS)
    print(
        f"\n{equal} files are equal, {different} differ in {len(groups)} ways{f' ({left} not shown)' if left else ''}."
    )
    return different


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _difference(old: str, new: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))


if __name__ == "__main__":
    sys.exit(main())
