from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from web.templatetags.ui import icon

register = template.Library()

SQUARE = "square"


@register.simple_tag(takes_context=True)
def amo_link(context: Context, deal: int | None, look: str = "") -> SafeString:
    """A button that opens the deal in amoCRM (key «o»); nothing before an account is connected, or without a deal.

    ``look``: "square" for the icon alone, or another class of the button.
    """
    amo = context.get("amo") if deal else ""
    if not amo:
        return mark_safe("")
    text = _("Open in amoCRM")
    alone = format_html(' title="{0}"\n  aria-label="{0}"', text) if look == SQUARE else ""
    return format_html(
        '<a class="btn{}"\n  href="{}/leads/detail/{}" target="_blank" rel="noopener" data-key="o"{}>{}{}</a>',
        f" {look}" if look else "",
        amo,
        deal,
        alone,
        icon("external-link"),
        "" if alone else text,
    )
