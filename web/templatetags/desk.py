from datetime import timedelta
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone

from metrics.snapshot import Story
from qc.models import Finding

register = template.Library()


@register.simple_tag(takes_context=True)
def to(context: Context, name: str, **values: Any) -> str:
    """The address of a list with the desk's scope and more filters: the very rows behind a number."""
    if values.get("manager", "") is None:
        values["manager"] = "none"
    return reverse(name) + context["scope"].query(**values)


@register.simple_tag(takes_context=True)
def to_story(context: Context, story: Story, finding: Finding) -> str:
    """The address of the findings that one line of the feed counts: of that person, rule and local day."""
    day = timezone.localdate(story.at)
    since, until = ("closed_since", "closed_until") if story.fixed else ("since", "until")
    day_of = {since: day, until: day + timedelta(days=1)}
    return to(context, "findings", manager=finding.manager_id, rule=finding.rule, state=story.state, **day_of)


@register.filter
def tone_of_change(change: Any) -> str:
    """More of something bad is bad."""
    return "bad" if change > 0 else "good" if change < 0 else "neutral"


@register.filter
def icon_of_change(change: Any) -> str:
    return "trending-up" if change > 0 else "trending-down" if change < 0 else "minus"


@register.filter
def lower_first(text: str) -> str:
    """A title that goes on inside a sentence."""
    return text[:1].lower() + text[1:]
