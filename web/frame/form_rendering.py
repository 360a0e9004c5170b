"""Django's form renderer with selects and inputs put together in one go.

Django draws a select with two templates an option and an input with three: with some forty people, stages and reasons,
and the hidden fields of a list, that was a quarter of the time of every list.
"""

import html
from collections.abc import Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

SELECT, OPTION = "django/forms/widgets/select.html", "django/forms/widgets/select_option.html"
INPUTS = {f"django/forms/widgets/{kind}.html" for kind in ("hidden", "text", "number", "date", "email")}


class FormRenderer(DjangoTemplates):
    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        if template_name == SELECT:
            return draw_select(context["widget"])
        if template_name in INPUTS:
            return draw_input(context["widget"])
        return super().render(template_name, context, request)


def draw_select(widget: Mapping[str, Any]) -> SafeString:
    """What Django's template makes of the widget, to the letter; options with templates of their own are not known."""
    parts = [f"<select{_attributes({'name': widget['name']})}{_attributes(widget['attrs'])}>"]
    for group, options, _number in widget["optgroups"]:
        if group:
            parts.append(format_html('\n  <optgroup label="{}">', group))
        for option in options:
            value, label = _escaped(str(option["value"])), _escaped(localize(option["label"]))
            given = f' value="{value}"{_attributes(option["attrs"])}'
            parts.append(f"\n  <option{given}>{label}</option>\n")
        if group:
            parts.append("\n  </optgroup>")
    return mark_safe("".join((*parts, "\n</select>")))  # noqa: S308 - every part is escaped above


def draw_input(widget: Mapping[str, Any]) -> SafeString:
    """What Django's template makes of the widget, to the letter."""
    value = "" if widget["value"] is None else f' value="{_escaped(str(widget["value"]))}"'
    kind, name = _escaped(widget["type"]), _escaped(widget["name"])
    return mark_safe(  # noqa: S308 - every part is escaped
        f'<input type="{kind}" name="{name}"{value}{_attributes(widget["attrs"])}>'
    )


def _escaped(text: Any) -> str:
    """As Django's `conditional_escape`, whose wrapper for lazy words takes ten times as long with a plain string."""
    return html.escape(text) if type(text) is str else conditional_escape(text)


def _attributes(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {conditional_escape(name)}"
        if value is True
        else f' {conditional_escape(name)}="{conditional_escape(value)}"'
        for name, value in attributes.items()
        if value is not False
    )
