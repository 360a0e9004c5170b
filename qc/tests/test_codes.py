import re
from collections.abc import Iterator
from pathlib import Path

from qc.rules import RULES

PROJECT = Path(__file__).parents[2]
SOURCES = {".py", ".html", ".txt", ".js", ".css", ".sql", ".toml", ".cfg", ".yml", ".yaml", ".sh"}
ELSEWHERE = {"tests", "migrations", "locale", "docs"}  # where codes are told, translated, tried, or history


def list_sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in ELSEWHERE or path.name.startswith(".") or path == PROJECT / "qc" / "rules":
            continue
        if path.is_dir():
            yield from list_sources(path)
        elif path.suffix in SOURCES:
            yield path


def test_no_code_of_a_rule_stands_outside_of_its_file() -> None:
    """Whatever a page, a notice or a tool must know of a rule it asks the registry."""
    code = re.compile(f"[\"'`]({'|'.join(map(re.escape, RULES))})[\"'`]")
    paths = list(list_sources(PROJECT))
    assert len(paths) > 500
    found = {
        str(path.relative_to(PROJECT)): told
        for path in paths
        if (told := sorted(set(code.findall(path.read_text("utf-8", "replace")))))
    }
    assert not found


def test_a_rule_is_named_in_no_other_rule() -> None:
    for path in (PROJECT / "qc" / "rules").glob("*.py"):
        own = path.stem.replace("_", ".", 1)
        told = [one for one in RULES if re.search(f"[\"'`]{re.escape(one)}[\"'`]", path.read_text("utf-8"))]
        assert told in ([], [own]), path.name
