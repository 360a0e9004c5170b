"""Selects are drawn without templates, and as Django's templates draw them."""

import pytest
from django.forms import ChoiceField, Form, MultipleChoiceField, Select
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
