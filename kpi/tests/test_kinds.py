"""A kind of component is one file: found by itself, complete, and named nowhere else."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from kpi import components
from kpi.calculation.component import KINDS, PHASES, Component, Reason, component, keys_of, list_kinds
from kpi.calculation.document import Place
from kpi.calculation.fields import Field, fields_of

ROOT = Path(settings.BASE_DIR)
FOLDER = Path(components.__file__).parent
OTHER_WORDS = {
    'metrics/analytics/floors.py: "rate"',  # the name of a model of chances
    'web/api/alerts.py: "rate"',  # cases for so many deals, as the row of a week has it
}


def reasons_of(kind: type[Component]) -> tuple[type[Reason], ...]:
    return get_args(kind.reasons) or (kind.reasons,)


def all_fields(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from all_fields(field.columns)


def test_every_file_of_the_folder_is_a_kind_and_every_kind_is_found() -> None:
    files = {f"kpi.components.{found.name}" for found in iter_modules([str(FOLDER)])}
    assert {kind.__module__ for kind in KINDS.values()} == files
    assert len(files) >= 11


def test_kinds_stand_in_the_order_of_their_phases() -> None:
    phases = [next(phase for phase in PHASES if issubclass(kind, phase)) for kind in list_kinds()]
    assert phases == sorted(phases, key=PHASES.index)


def test_a_kind_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        component("salary", "Salary", Reason)(Component)


@pytest.mark.parametrize("kind", list_kinds(), ids=lambda kind: kind.kind)
def test_a_kind_is_complete(kind: type[Component]) -> None:
    """Labels for its form in both languages, a promise, and a sentence for each of its reasons."""
    labels = [kind.title]
    for field in all_fields(fields_of(kind)):
        labels += [field.label, *field.choices.values()]
    with translation.override("ru"):
        assert [label for label in labels if gettext(label) == label] == []
    assert kind.promise is not Component.promise
    assert keys_of(kind)
    for reason in reasons_of(kind):
        assert reason.because is not Reason.because, reason
        assert not {"version", "kind", "title", "outcome"} & set(reason.__struct_fields__), reason
    outcomes = [reason.__struct_config__.tag for reason in reasons_of(kind)]
    assert len(set(outcomes)) == len(outcomes)


def test_what_may_be_left_out_of_a_document_is_asked_for_but_not_demanded() -> None:
    demanded = {(kind, field.name): field.required for kind in KINDS for field in fields_of(KINDS[kind])}
    assert demanded["cap", "amount"] and demanded["coefficient", "of"] and demanded["clawback", "window"]
    assert not any(demanded[one] for one in (("cap", "of"), ("cap", "by_shifts"), ("clawback", "at_most")))
    clawback = {field.name: field for field in fields_of(KINDS["clawback"])}
    assert clawback["at_most"].read(Place("here", None)) == 1
    assert clawback["at_most"].read(Place("here", "0.5")) == Decimal("0.5")
    of = next(field for field in fields_of(KINDS["cap"]) if field.name == "of")
    assert (of.read(Place("here", None)), of.read(Place("here", ["salary"]))) == ((), ("salary",))


def test_no_kind_is_named_outside_its_file() -> None:
    """What people may write, they read in a document; code asks a component what it is."""
    named = re.compile(rf"""["']({"|".join(KINDS)})["']""")
    # rows of other rooms have columns of their own, such as «rate»: there a key names a column and a value a kind
    as_value = re.compile(rf"""(?<!\[){named.pattern}(?!\s*[]:])""")
    code = [
        path
        for folder in ("kpi", "web", "jobs", "metrics")
        for path in (ROOT / folder).rglob("*.py")
        if not {"tests", "migrations"} & set(path.parts) and path.parent != FOLDER
    ]
    pages = list((ROOT / "templates").rglob("*.html"))
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (*code, *pages)
        for match in (named if {"kpi", "pay", "schemes"} & set(path.parts) else as_value).finditer(
            path.read_text("utf-8")
        )
    ]
    assert [one for one in found if one not in OTHER_WORDS] == []


def test_the_page_lists_the_kinds_with_their_keys() -> None:
    page = (ROOT / "docs" / "money.md").read_text("utf-8")
    table = page[page.index("| kind | keys | pays |") :].split("\n\n")[0].splitlines()[2:]
    listed = {
        name: re.findall(r"`(\w+)`", row.split("|")[2])
        for row in table
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert set(listed) == set(KINDS)
    for name, kind in KINDS.items():
        known = {field.name for field in all_fields(fields_of(kind))} | set(kind_choices(kind))
        assert set(keys_of(kind)) <= set(listed[name]) <= known, name


def kind_choices(kind: type[Component]) -> list[str]:
    return [value for field in fields_of(kind) for value in field.choices]
