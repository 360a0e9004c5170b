"""Selects and inputs are drawn without templates, and as Django's templates draw them."""

from datetime import date

import pytest
from django.forms import (
    CharField,
    ChoiceField,
    DateField,
    EmailField,
    Form,
    HiddenInput,
    IntegerField,
    MultipleChoiceField,
    NumberInput,
    Select,
    TextInput,
)
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from web.frame.form_rendering import FormRenderer

CHOICES = [
    ("", "—"),
    (1, 2026),
    ('"<&', "<b>Опт & розница</b>"),
    ("safe", mark_safe("<i>x</i>")),
    (True, _("Pipeline")),
    ("group & <co>", [("a", "A"), (None, "'none'")]),
    (None, "nothing"),
]


class Asked(Form):
    one = ChoiceField(choices=CHOICES, required=False)
    several = MultipleChoiceField(choices=CHOICES)
    marked = ChoiceField(
        choices=CHOICES,
        required=False,
        widget=Select(attrs={"disabled": True, "hidden": False, "data-x": '"<', "size": 1_000}),
    )


@pytest.mark.parametrize("data", [None, {"one": "1", "several": ["1", '"<&', "b"], "marked": "a"}])
@pytest.mark.parametrize("name", Asked.base_fields)
def test_a_select_is_what_django_draws(name: str, data: dict[str, object] | None) -> None:
    ours, stock = (str(Asked(data, renderer=one())[name]) for one in (FormRenderer, DjangoTemplates))
    assert ours == stock
    assert stock.count("<option") == 8


class Filled(Form):
    text = CharField(
        max_length=40, required=False, widget=TextInput(attrs={"placeholder": '"<&', "hidden": True})
    )
    number = IntegerField(
        min_value=1, required=False, widget=NumberInput(attrs={"step": 1_000, "data-x": False})
    )
    day = DateField(required=False, localize=True)
    hidden = CharField(required=False, widget=HiddenInput)
    mail = EmailField(required=False)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {
            "text": "<b>'Опт' & \"розница\"",
            "number": "1000",
            "day": "2026-11-30",
            "hidden": "",
            "mail": "a@b.ru",
        },
        {
            "text": mark_safe("<i>"),
            "number": 1000,
            "day": date(2026, 11, 30),
            "hidden": 0,
            "mail": _("Pipeline"),
        },
    ],
)
@pytest.mark.parametrize("name", Filled.base_fields)
@pytest.mark.parametrize("given", ["data", "initial"])
def test_an_input_is_what_django_draws(name: str, data: dict[str, object] | None, given: str) -> None:
    ours, stock = (
        str(Filled(**{given: data}, renderer=one())[name]) for one in (FormRenderer, DjangoTemplates)
    )
    assert ours == stock and stock.startswith("<input ")
