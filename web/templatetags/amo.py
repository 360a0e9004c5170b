from typing import Any

from django import template
from django.template.context import Context

register = template.Library()


@register.inclusion_tag("parts/amo_link.html", takes_context=True)
def amo_link(context: Context, deal: int | None, look: str = "") -> dict[str, Any]:
    """A button that opens the deal in amoCRM (key «o»); nothing before an account is connected, or without a deal.

    ``look``: "square" for the icon alone, or another class of the button.
    """
    return {"amo": context.get("amo") if deal else "", "deal": deal, "look": look}
