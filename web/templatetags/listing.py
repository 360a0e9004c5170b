from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from web.templatetags.ui import icon

register = template.Library()


@register.simple_tag
def turn_title(turns: Mapping[int, Any], turn: int) -> Any:
    """The head over a group of rows."""
    return turns[turn]


@register.simple_tag(takes_context=True)
def sort_head(context: Context, column: str, label: object, css: str = "", first: str = "") -> SafeString:
    """A column's head that sorts by it: once more turns the order round. ``first="-"``: the largest come first.

    The page's ``sort`` is the order in force, asked for or by default. The link draws the whole page anew: the filters
    keep the order in a hidden field.
    """
    query, present = context["request"].GET.copy(), context["sort"]
    query.pop("page", None)
    here = present.removeprefix("-") == column
    query["sort"] = (column if present.startswith("-") else f"-{column}") if here else f"{first}{column}"
    falling = present.startswith("-")
    aria = format_html(' aria-sort="{}"', "descending" if falling else "ascending") if here else ""
    arrow = icon("arrow-down" if falling else "arrow-up") if here else ""
    return format_html(
        '<th scope="col" class="{}"{}><a class="sort" id="sort-{}" href="?{}" hx-boost="true" hx-target="#page"'
        ' hx-select="#page" hx-swap="outerHTML">{}{}</a></th>',
        css,
        aria,
        column,
        query.urlencode(),
        label,
        arrow,
    )
