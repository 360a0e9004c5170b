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
    if not here:
        return format_html(
            '<th scope="col" class="{}"><a class="sort" href="?{}">{}</a></th>', css, query.urlencode(), label
        )
    order, arrow = ("descending", "arrow-down") if present.startswith("-") else ("ascending", "arrow-up")
    link = format_html('<a class="sort" href="?{}">{}{}</a>', query.urlencode(), label, icon(arrow))
    return format_html('<th scope="col" class="{}" aria-sort="{}">{}</th>', css, order, link)
