from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from salesops.templatetags.ui import icon

register = template.Library()


@register.simple_tag(takes_context=True)
def sort_head(context: Context, column: str, label: object, css: str = "", first: str = "") -> SafeString:
    """A column's head that sorts by it: once more turns the order round. ``first="-"``: the largest come first."""
    query = context["request"].GET.copy()
    present = query.get("sort", "")
    query.pop("page", None)
    here = present.removeprefix("-") == column
    query["sort"] = (column if present.startswith("-") else f"-{column}") if here else f"{first}{column}"
    order = ("descending" if present.startswith("-") else "ascending") if here else "none"
    arrow = icon("arrow-down" if order == "descending" else "arrow-up") if here else ""
    link = format_html('<a class="sort" href="?{}">{}{}</a>', query.urlencode(), label, arrow)
    return format_html('<th scope="col" class="{}" aria-sort="{}">{}</th>', css, order, link)
