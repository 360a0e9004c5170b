"""`docs/ui.md` names only what is there: classes, parts, tags, filters, states."""

import re
from typing import get_args

import pytest
from django.template import engines
from django.template.library import Library
from django.test import RequestFactory

from devtools.embedded import PROJECT
from devtools.tests import factory
from pipelines.mirror import freshness
from team.models import Role
from web.frame import context
from web.templatetags import amo, listing, ui

TOLD = (PROJECT / "docs" / "ui.md").read_text(encoding="utf-8")
CSS = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "static" / "css").glob("*.css"))
CLASSES = set(re.findall(r"\.([a-z][a-z0-9-]*)", CSS))


def words(found: list[str]) -> set[str]:
    return {word for one in found for word in re.sub(r"{[{%].*?[}%]}", "", one).split()}


def test_every_class_is_in_a_style_sheet() -> None:
    named = words(re.findall(r'class="([^"]*)"', TOLD))
    layout = TOLD[TOLD.index("\n## Layout") : TOLD.index("\n## Figures")]
    named |= words(re.findall(r"`([a-z0-9 -]+)`", layout)) | words(re.findall(r"`(btn[a-z ]*)`", TOLD))
    assert len(named) > 30
    assert named <= CLASSES


def test_every_part_is_a_file() -> None:
    assert set(re.findall(r"parts/\w+\.html", TOLD)) <= {
        f"parts/{path.name}" for path in (PROJECT / "templates" / "parts").iterdir()
    }


def test_every_tag_and_filter_is_there() -> None:
    libraries: list[Library] = [ui.register, amo.register, listing.register]
    libraries += engines["django"].engine.template_builtins  # type: ignore[attr-defined]  # of Django's own engine
    tags = {name for library in libraries for name in library.tags} | {"load", "trans", "blocktrans"}
    filters = {name for library in libraries for name in library.filters}
    figures = TOLD[TOLD.index("\n## Figures") : TOLD.index("\n## Parts")]
    assert set(re.findall(r"{% (?!end)(\w+)", TOLD)) <= tags
    assert set(re.findall(r"`([a-z_]+)(?::\d)?(?:\\\|\w+)?`(?= [·|])", figures)) <= filters
    assert set(re.findall(r"\|([a-z_]+)", "".join(re.findall(r"{[{%].*?[}%]}", TOLD)))) <= filters


def test_the_frame_gives_what_is_told(db: None) -> None:
    request = RequestFactory().get("/")
    request.user = factory.make_employee(Role.DIRECTOR)
    given = context.frame(request)
    table = TOLD[TOLD.index("The frame reads these") : TOLD.index("\n## Layout")]
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))
    assert told.keys() == given.keys() | {"demo_logins"}
    [link, *_] = given["nav"][0]["items"]
    assert set(re.findall(r'"(\w+)"', told["nav"])) == link.keys() | {"title", "items"}
    states = set(re.findall(r'"(\w+)"', told["freshness"])) - given["freshness"].keys()
    assert states == set(get_args(freshness.State)) - {"denied"}, "what may not be seen makes nothing old"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.\w+)`", TOLD))))
def test_every_file_is_there(path: str) -> None:
    assert path.startswith("parts/") or (PROJECT / path).is_file()
