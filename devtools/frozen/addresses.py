"""Every address of the portal, taken from its URLconf; tables fill in arguments and say which queries are asked.

What a table does not know is listed in ``routes.txt`` of a capture as unfilled, so nothing is forgotten silently.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.apps import apps
from django.contrib.auth import get_user_model
from django.urls import URLPattern, URLResolver, get_resolver

from devtools.frozen.tables import ARGUMENTS, MONEY, QUERIES, TRIALS


@dataclass(frozen=True)
class Ask:
    """One thing to ask for. ``part``: as the page's script does, for a part of it alone."""

    path: str
    query: str = ""
    part: bool = False
    sent: dict[str, Any] | None = None

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def slug(self) -> str:
        """A file's name. Without the app of a model in the admin: models move."""
        path = re.sub(r"^/admin/(?!r/)\w+/(\w+/)", r"/admin/\1", self.path)
        path = re.sub(r"^(/api/v1/findings/|/admin/finding/)\d+", r"\1ID", path)
        name = path.strip("/").replace("/", ".") or "home"
        name += f"?{unquote(self.query)}" if self.query else ""
        return (name + "~part" * self.part + "~post" * bool(self.sent)).replace("/", "|")


def choose() -> dict[str, Any]:
    """Who asks, and for which deals, stages and people; kept with a capture, so that later ones ask for the same."""
    employees, deals, stages = get_user_model().objects, _rows("Deal"), _rows("Stage").order_by("sort", "pk")
    working = employees.filter(is_active=True, role="manager").values("person")
    paid = _rows("Statement").filter(period="2026-11-01", manager__in=working).order_by("-total", "manager")
    first, last = paid.first().manager_id, paid.last().manager_id
    names = {pk: employees.get(person=pk).username for pk in (first, last)}
    head = employees.filter(role="head", is_active=True).order_by("username").first()
    open_deals = deals.filter(deleted_at=None, closed_at=None).order_by("-price", "pk")
    regulated = set(_rows("Regulation").values_list("stage", flat=True))
    stage = open_deals.filter(manager=first, stage__in=regulated).first().stage_id
    pipeline = int(stage.partition(":")[0])
    of_pipeline = stages.filter(pipeline=pipeline, deleted_at=None)
    closed = deals.filter(deleted_at=None).exclude(closed_at=None).order_by("-closed_at", "pk")
    office = {name: name for name in ("director", "admin", "controller", "finance")}
    sellers = {"head": head.username if head else "", "manager": names[first], "other": names[last]}
    english = {"director-en": "director", "manager-en": names[first]}
    return {
        "roles": {"stranger": "", **office, **sellers, **english},
        "deals": [
            open_deals.filter(manager=first).first().pk,
            open_deals.filter(manager=last).first().pk,
            closed.filter(stage__kind="won", manager=first).first().pk,
            closed.filter(stage__kind="lost").order_by("-price", "pk").first().pk,
        ],
        "stages": [stage, of_pipeline.first().pk, of_pipeline.get(kind="won").pk],
        "pipelines": [pipeline, stages.exclude(pipeline=pipeline).order_by("pk").first().pipeline_id],
        "people": [first, last],
        "tasks": [_rows("Task").filter(manager=first).order_by("-due_at", "pk").first().pk],
        "group": _rows("Person").get(pk=first).group,
    }


def asks(choice: dict[str, Any]) -> tuple[list[Ask], list[str]]:
    """All that is asked for, and the routes, each with how many values were filled in.

    What a kept ``choice`` asked for is asked again, even where the URLconf no longer leads to it.
    """
    of_first = _rows("Finding").filter(manager=choice["people"][0]).order_by("-opens_at", "rule", "deal")
    firsts = {
        model.__name__.lower(): model._default_manager.order_by("pk").first() for model in apps.get_models()
    }
    # Ids of ours and not of amoCRM: every tree finds them for itself.
    choice = choice | {"findings": [of_first.first().pk], "objects": firsts}
    found = {one.slug: one for one in (Ask(**kept) for kept in choice.get("asks", ()))}
    told = []
    for route in _routes(get_resolver()):
        paths = list(_filled(route, choice))
        told.append(f"{route}  {len(paths) or 'UNFILLED'}")
        for path in paths:
            plain = Ask(path)
            some = [plain, *(Ask(path, query) for query in _queries(route, path, choice))]
            if not (plain.is_api or path.startswith("/admin/")):
                some += [Ask(path, one.query, part=True) for one in (some if "desk" in route else some[:1])]
            some += [Ask(path, sent=sent) for known, sent in TRIALS if re.search(known, route)]
            found |= {one.slug: one for one in some}
    return [found[slug] for slug in sorted(found)], sorted(set(told))


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route
        else:
            yield from _routes(one, route)


def _queries(route: str, path: str, choice: dict[str, Any]) -> Iterator[str]:
    names = {
        "pipeline": choice["pipelines"][0],
        "service": choice["pipelines"][1],
        "stage": choice["stages"][0],
        "manager": choice["people"][0],
        "other": choice["people"][1],
        "deal": choice["deals"][0],
        "group": choice["group"],
    }
    for query in next((queries for known, queries in QUERIES if re.search(known, route)), ()):
        yield query.format(**names)
    if any(f"/metrics/{code}/" in path for code in MONEY):
        yield from ("date=created_at", "field=1")


def _filled(route: str, choice: dict[str, Any]) -> Iterator[str]:
    """The route with every value of its (one) argument; nothing when no table knows it."""
    name = re.search(r"<(?:\w+:)?(\w+)>", route)
    if name is None:
        yield "/" + re.sub(r"[\^$\\]", "", route)
        return
    values: list[Any] = []
    if name[1] in ("object_id", "id") and (model := re.match(r"admin/\w+/(\w+)/", route)):
        values = [getattr(choice["objects"].get(model[1]), "pk", 0)]
    else:
        known = (
            values for place, argument, values in ARGUMENTS if argument == name[1] and re.search(place, route)
        )
        listed = next(known, [])
        values = choice[listed] if isinstance(listed, str) else listed
    for value in values:
        path = re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]+>", str(value), route)
        yield "/" + re.sub(r"[\^$\\]", "", path)


def _rows(name: str) -> Any:
    """All rows of a model, found by its name: models move between apps."""
    return next(model for model in apps.get_models() if model.__name__ == name)._default_manager.all()
