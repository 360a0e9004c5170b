from typing import Any

from django import template
from django.template.context import Context
from django.utils.translation import gettext

from pipelines.models import Deal
from qc import queries
from qc.models import Finding
from qc.rules import RULES
from web.findings import views

register = template.Library()


@register.filter
def because(finding: Finding) -> str:
    """The sentence with its values put in."""
    return queries.because(finding)


@register.filter
def rule_title(finding: Finding) -> str:
    return gettext(RULES[finding.rule].title)


@register.filter
def rule_why(finding: Finding) -> str:
    return gettext(RULES[finding.rule].why)


@register.filter
def rule_fix(finding: Finding) -> str:
    return gettext(RULES[finding.rule].fix)


@register.filter
def rule_icon(finding: Finding) -> str:
    return RULES[finding.rule].icon


@register.filter
def tone(finding: Finding) -> str:
    return {"violation": "bad", "question": "info"}.get(finding.severity, "warn")


@register.inclusion_tag("parts/live.html", takes_context=True)
def deal_findings(context: Context, deal: Deal) -> dict[str, Any]:
    """The block of a deal's findings, drawn at once inside another page."""
    return {"part": views.drawn(context["request"], deal)}


@register.inclusion_tag("findings/steps_of_deal.html", takes_context=True)
def deal_steps(context: Context, deal: Deal) -> dict[str, Any]:
    """The checklist of the deal's stage, drawn at once inside another page."""
    request = context["request"]
    return {**views.steps_of(request, deal), "request": request, "csrf_token": context.get("csrf_token")}
