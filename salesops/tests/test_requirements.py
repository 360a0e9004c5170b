"""The lists of packages: pinned, hashed, and free of any machine's own addresses."""

import re
from itertools import combinations

import pytest

from devtools.embedded import PROJECT

LISTS = ("requirements.txt", "requirements-local.txt", "requirements-dev.txt", "requirements-setup.txt")
PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(\[[a-z0-9,._-]+\])?==(?P<version>\S+)", re.IGNORECASE)


def pins(name: str) -> dict[str, str]:
    found = (PIN.match(line) for line in (PROJECT / name).read_text().splitlines())
    return {match["name"].lower().replace("_", "-"): match["version"] for match in found if match}


def wishes(name: str) -> set[str]:
    lines = (PROJECT / name.replace(".txt", ".in")).read_text().splitlines()
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines)
    return {match[0].lower().replace("_", "-") for match in names if match}


@pytest.mark.parametrize("name", LISTS)
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (PROJECT / name).read_text().strip(), flags=re.IGNORECASE)
    loose = [
        entry.split("\n")[0] for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry
    ]
    assert not loose


@pytest.mark.parametrize("name", LISTS)
def test_what_was_wished_for_is_there(name: str) -> None:
    assert wishes(name) and wishes(name) <= pins(name).keys(), "run `make lock`"


@pytest.mark.parametrize("name", LISTS)
def test_no_address_of_an_index_or_path_of_a_machine(name: str) -> None:
    assert not re.search(r"://|--index|--find-links|--extra|@ |\s/\w", (PROJECT / name).read_text())


def test_the_lists_agree_with_each_other() -> None:
    for first, second in combinations(LISTS, 2):
        one, other = pins(first), pins(second)
        assert {name: one[name] for name in one.keys() & other} == {
            name: other[name] for name in one.keys() & other
        }
