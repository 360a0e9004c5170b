"""What a template may load and include, and that a person can read its lines."""

import re
from pathlib import Path

import pytest

from devtools.embedded import PROJECT

# Rooms of pages from the lowest to the highest: a template uses its own room and those in earlier lines. Rooms of one
# line know nothing of each other.
ROOMS = [
    {"frame"},  # templates/*.html, parts/, registration/
    {"findings"},
    {"deals"},
    {
        "account",
        "analytics",
        "audit",
        "decisions",
        "desk",
        "notices",
        "pay",
        "regulations",
        "reports",
        "review",
        "saved_views",
        "schemes",
        "sync",
        "team",
    },
]
LIBRARIES = {
    **dict.fromkeys(("ui", "amo", "listing"), "frame"),
    **dict.fromkeys(("findings", "prices"), "findings"),
    "deals": "deals",
    "desk": "desk",
    "shifts": "regulations",
}
DJANGO = {"i18n", "l10n", "static"}
HIGH = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
TEMPLATES = sorted((PROJECT / "templates").rglob("*.html"))
FACES = [*TEMPLATES, *(PROJECT / "static" / "css").glob("*.css"), *(PROJECT / "static" / "js").glob("*.js")]


def room_of(template: str) -> str:
    """Of a name such as ``desk/heat.html``."""
    folder, _, name = template.rpartition("/")
    return "frame" if not name or folder in ("", "parts", "registration") else folder


def used(source: str) -> set[str]:
    """Rooms whose libraries and templates the source names."""
    loaded = {name for names in re.findall(r"{% load ([^%]+) %}", source) for name in names.split()} - DJANGO
    parts = re.findall(r"""{% (?:include|extends) ["']([^"'#]+)["']""", source)
    return {LIBRARIES[name] for name in loaded} | {room_of(name) for name in parts}


def too_high(room: str, source: str) -> set[str]:
    return {other for other in used(source) if other != room and HIGH[other] >= HIGH[room]}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT / "templates")))
def test_a_template_uses_its_own_room_and_lower_ones(path: Path) -> None:
    room = room_of(str(path.relative_to(PROJECT / "templates")))
    assert not too_high(room, path.read_text(encoding="utf-8"))


def test_a_higher_room_would_be_seen() -> None:
    assert too_high("frame", "{% load i18n prices %}") == {"findings"}
    assert too_high("findings", "{% load deals %}{% next_step step %}") == {"deals"}
    assert too_high("desk", "{% extends 'team/team.html' %}{% load ui findings %}") == {"team"}
    assert not too_high("deals", '{% load findings %}{% include "parts/rows.html" %}')


def test_every_tag_library_has_a_room() -> None:
    modules = {path.stem for path in (PROJECT / "web" / "templatetags").glob("[!_]*.py")}
    assert modules == LIBRARIES.keys()


@pytest.mark.parametrize("path", FACES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_line_is_over_160_bytes(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 160] == []


def loses_messages(text: str) -> bool:
    """Whether a button sends something and swaps the page in without what is said of it, which stands beside it."""
    buttons = re.findall(r"<(?:button|form)\b(?:[^>{]|{%.*?%}|{{.*?}})*>", text, re.DOTALL)
    return any("hx-post" in one and 'hx-select="#page"' in one and "#toasts" not in one for one in buttons)


def test_what_is_said_of_a_deed_is_swapped_in_with_the_page() -> None:
    assert loses_messages('<button hx-post="{% url "x" %}" hx-target="#page" hx-select="#page">')
    assert [str(path) for path in TEMPLATES if loses_messages(path.read_text(encoding="utf-8"))] == []
    assert 'id="toasts"' in (PROJECT / "templates/parts/messages.html").read_text(encoding="utf-8")
