"""What other rooms have tied to an imported person or stage goes over to amoCRM's own, once the API has told it."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from django.db.models import Field, ForeignObjectRel, Model

from pipelines.imports.names import CLOSING, LOCAL, fold_name
from pipelines.models import Person, Stage

Names = Iterable[tuple[Any, Hashable, bool]]  # key, name, whether the key is a local one


def hand_over() -> None:
    """Employees, regulations, plans and findings; to be called when people, pipelines and stages have been read.

    One of the same name takes over, if there is exactly one. Who already has something of the kind keeps his own.
    """
    for model, pairs in ((Person, successors(people())), (Stage, successors(stages()))):
        for field in pointing_at(model) if pairs else ():
            for local, real in pairs.items():
                hand_over_rows(field, local, real)


def people() -> Names:
    for key, name in Person.objects.values_list("id", "name"):
        yield key, fold_name(name), key >= LOCAL


def stages() -> Names:
    for stage in Stage.objects.exclude(pipeline=None).select_related("pipeline"):
        if stage.pipeline is None:  # the pipeline itself has not come yet
            continue
        closing = stage.status if stage.status in CLOSING.values() else None
        name = (fold_name(stage.pipeline.name), closing or fold_name(stage.name))
        yield stage.pk, name, stage.pipeline.pk >= LOCAL


def successors(named: Names) -> dict[Any, Any]:
    """The real key for each local one, where the name leaves no doubt."""
    real, local = defaultdict(list), {}
    for key, name, is_local in named:
        if is_local:
            local[key] = name
        else:
            real[name].append(key)
    return {key: real[name][0] for key, name in local.items() if len(real[name]) == 1}


def pointing_at(model: type[Model]) -> "Iterator[Field[Any, Any]]":
    """Foreign keys to the model outside of the mirror, whose own rows the API brings anew.

    Found through Django, so that a table to come is not forgotten.
    """
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.related_model._meta.app_label != "pipelines":
            yield relation.field


def hand_over_rows(field: "Field[Any, Any]", local: Any, real: Any) -> None:
    rows = field.model._base_manager
    if not rows.filter(**{field.attname: real}).exists():
        rows.filter(**{field.attname: local}).update(**{field.attname: real})
