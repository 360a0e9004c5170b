"""Which time and which part of the company an address asks for, read alike by pages and the API.

Nonsense is refused with one sentence: by pages on a page with a way back, by the API as a 400.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from core import moment
from core.periods import Period, month_of, parse_month
from core.zone import portal_zone
from pipelines.models import Person, Pipeline, Stage

View = Callable[..., HttpResponse]
LONGEST = 18  # digits of an id; PostgreSQL's largest has 19
SAID = 40  # signs of nonsense that its refusal repeats
AT_CLOSING = {"manager": "closed_by", "group": "closed_group"}  # filters of a list of deals


class BadScope(ValueError):
    """What the address asks for makes no sense; the text is a sentence for the reader."""


def read_month(query: QueryDict, name: str = "period") -> Period:
    """The month of ``?period=2026-11``, or the present one. Raises BadScope."""
    asked = query.get(name, "").strip()
    try:
        return parse_month(asked, portal_zone()) if asked else month_of(moment.now(), portal_zone())
    except ValueError:
        raise BadScope(_("“%(value)s” is not a month such as 2026-11.") % {"value": asked[:SAID]}) from None


def read_period(query: QueryDict) -> Period | None:
    """From ``from`` (the present month's first day without it) to ``to`` (now without it), half-open, or None when the
    address names neither. Raises BadScope."""
    start, end, now, zone = query.get("from"), query.get("to"), moment.now(), portal_zone()
    if not start and not end:
        return None
    try:
        return Period.parse(start or month_of(now, zone).first.isoformat(), end or now.isoformat(), zone)
    except ValueError:
        says = _(
            "“%(start)s” to “%(end)s” is not a period: write days such as 2026-11-05 or months such as 2026-11, the "
            "first before the second."
        )
        raise BadScope(says % {"start": start or "", "end": end or ""}) from None


def read_person(query: QueryDict) -> int | None:
    """The number in ``manager``, of somebody or nobody; None without it. Raises BadScope."""
    return read_number(query, "manager", no_person)


def read_pipeline(query: QueryDict) -> int | None:
    """The number in ``pipeline``, of one or none; None without it. Raises BadScope."""
    return read_number(query, "pipeline", no_pipeline)


def read_number(query: QueryDict, name: str, refusal: Callable[[object], BadScope]) -> int | None:
    """The number that a parameter holds; ``refusal`` says what is wrong with another value. None without it."""
    asked = query.get(name, "").strip()
    if not asked:
        return None
    if not asked.isdecimal() or len(asked) > LONGEST:
        raise refusal(asked)
    return int(asked)


def no_person(value: object) -> BadScope:
    return BadScope(_("There is no person “%(value)s”.") % {"value": str(value)[:SAID]})


def no_pipeline(value: object) -> BadScope:
    return BadScope(_("There is no pipeline “%(value)s”.") % {"value": str(value)[:SAID]})


def refusing(title: Any, back: str, action: Any, query: str = "") -> Callable[[View], View]:
    """A view whose nonsense is answered with its sentence and a way ``back`` (a route and ``query``), ``action`` in
    words."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            try:
                return view(request, **arguments)
            except BadScope as problem:
                bare = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-Boosted")
                context = {
                    "title": title,
                    "problem": problem,
                    "href": reverse(back) + query,
                    "action": action,
                }
                template = "parts/refused.html#problem" if bare else "parts/refused.html"
                return render(request, template, context, status=422)

        return guarded

    return guard


@dataclass(frozen=True)
class Scope:
    """``people``: those whose rows count, by id; ``everybody``: nobody was singled out, so all rows count.

    ``stages``: those that count, in amoCRM's order; ``all_people``, ``all_stages``: what the reader may choose from.
    """

    people: Mapping[int, Person]
    stages: Mapping[str, Stage]
    everybody: bool
    all_people: Mapping[int, Person]
    all_stages: Mapping[str, Stage]
    chosen: Mapping[str, str]

    def of_person(self, manager: int | None) -> bool:
        return manager in self.people or (
            self.everybody and (manager is None or manager not in self.all_people)
        )

    def of_pipeline(self, pipeline: int | None) -> bool:
        return "pipeline" not in self.chosen or str(pipeline) == self.chosen["pipeline"]

    def of_stage(self, stage: str | None) -> bool:
        return "pipeline" not in self.chosen or stage in self.stages

    def cut(self, rows: Iterable[Any]) -> list[Any]:
        """Rows with a ``manager`` and a ``stage``."""
        return [row for row in rows if self.of_person(row.manager) and self.of_stage(row.stage)]

    def cut_pipelines(self, rows: Iterable[Any]) -> list[Any]:
        """Rows with a ``manager`` and a ``pipeline``."""
        return [row for row in rows if self.of_person(row.manager) and self.of_pipeline(row.pipeline)]

    def query(self, **values: Any) -> str:
        """The address's query of a list with the same scope and these filters; an empty value takes one away.

        A result belongs to whoever closed: with ``result`` people and departments are those at closing.
        """
        query = dict(self.chosen) | {name: str(value) for name, value in values.items()}
        if "manager" in values:
            query.pop("group", None)
        if "stage" in values:
            query.pop("pipeline", None)
        if "result" in query:
            query = {AT_CLOSING.get(name, name): value for name, value in query.items()}
        text = urlencode({name: value for name, value in query.items() if value})
        return f"?{text}" if text else ""

    @cached_property
    def pipelines(self) -> Mapping[int, Pipeline]:
        return {stage.pipeline.pk: stage.pipeline for stage in self.all_stages.values() if stage.pipeline}

    @cached_property
    def groups(self) -> list[str]:
        return sorted({person.group for person in self.all_people.values() if person.group})

    def name(self, manager: int | None) -> str:
        if manager is None:
            return _("No owner")
        person = self.all_people.get(manager)
        return person.name if person else _("Unknown person %(id)s") % {"id": manager}


def read_scope(request: HttpRequest) -> Scope:
    """The reader's people and the stages, narrowed by pipeline, department and person; two queries. Raises BadScope."""
    sees = request.user.sees
    people = Person.objects.all() if sees is None else Person.objects.filter(pk__in=sees)
    all_people = {person.pk: person for person in people}
    rows = Stage.objects.filter(deleted_at=None, pipeline__isnull=False).select_related("pipeline")
    all_stages = {stage.pk: stage for stage in rows.order_by("pipeline__sort", "pipeline_id", "sort", "pk")}
    pipeline, person = read_pipeline(request.GET), read_person(request.GET)
    group = request.GET.get("group", "").strip()
    if pipeline is not None and pipeline not in {stage.pipeline_id for stage in all_stages.values()}:
        raise no_pipeline(pipeline)
    if group and group not in {one.group for one in all_people.values()}:
        raise BadScope(_("There is no department “%(value)s”.") % {"value": group[:SAID]})
    if person is not None and person not in all_people:
        raise no_person(person)
    if group and person is not None and all_people[person].group != group:
        person = None  # the department was changed after the person: the wider choice wins
    chosen = {"pipeline": pipeline, "group": group or None, "manager": person}
    return Scope(
        people={
            pk: one for pk, one in all_people.items() if group in ("", one.group) and person in (None, pk)
        },
        stages={pk: stage for pk, stage in all_stages.items() if pipeline in (None, stage.pipeline_id)},
        everybody=sees is None and not group and person is None,
        all_people=all_people,
        all_stages=all_stages,
        chosen={name: str(value) for name, value in chosen.items() if value is not None},
    )


class ScopeForm(forms.Form):
    """The desk's filters as selects; departments narrow the people to choose from."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(dict(scope.chosen))
        group = scope.chosen.get("group", "")
        people = [(pk, person.name) for pk, person in scope.all_people.items() if group in ("", person.group)]
        pipelines = [(pk, pipeline.name) for pk, pipeline in scope.pipelines.items()]
        groups = [(name, name) for name in scope.groups]
        self.fields["pipeline"] = _choice(_("Pipeline"), _("All pipelines"), pipelines)
        self.fields["group"] = _choice(_("Department"), _("All departments"), groups)
        self.fields["manager"] = _choice(_("Manager"), _("All managers"), people)


def _choice(label: str, everything: str, choices: list[tuple[Any, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", everything), *choices])
