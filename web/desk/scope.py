"""Which part of the company the desk shows: the reader's people, narrowed by pipeline, department and person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _

from pipelines.models import Person, Pipeline, Stage

AT_CLOSING = {"manager": "closed_by", "group": "closed_group"}  # filters of a list of deals


class BadFilter(ValueError):
    """A filter in the address makes no sense; the text is a sentence for the reader."""


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


def read(request: HttpRequest) -> Scope:
    """The scope of the address, in two queries. Raises BadFilter."""
    sees = request.user.sees
    people = Person.objects.all() if sees is None else Person.objects.filter(pk__in=sees)
    all_people = {person.pk: person for person in people}
    rows = Stage.objects.filter(deleted_at=None, pipeline__isnull=False).select_related("pipeline")
    all_stages = {stage.pk: stage for stage in rows.order_by("pipeline__sort", "pipeline_id", "sort", "pk")}
    pipeline, group, manager = (
        request.GET.get(name, "").strip() for name in ("pipeline", "group", "manager")
    )
    if pipeline and pipeline not in {str(stage.pipeline_id) for stage in all_stages.values()}:
        raise BadFilter(_("There is no pipeline “%(value)s”.") % {"value": pipeline})
    if group and group not in {person.group for person in all_people.values()}:
        raise BadFilter(_("There is no department “%(value)s”.") % {"value": group})
    if manager and manager not in {str(pk) for pk in all_people}:
        raise BadFilter(_("There is no person “%(value)s”.") % {"value": manager})
    if group and manager and all_people[int(manager)].group != group:
        manager = ""  # the department was changed after the person: the wider choice wins
    chosen = {
        name: value
        for name, value in (("pipeline", pipeline), ("group", group), ("manager", manager))
        if value
    }
    return Scope(
        people={
            pk: one for pk, one in all_people.items() if group in ("", one.group) and manager in ("", str(pk))
        },
        stages={pk: stage for pk, stage in all_stages.items() if pipeline in ("", str(stage.pipeline_id))},
        everybody=sees is None and not group and not manager,
        all_people=all_people,
        all_stages=all_stages,
        chosen=chosen,
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
