from datetime import timedelta
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats
from metrics.snapshot import Story
from notices.sentences import lower_first
from qc.models import Finding
from web.desk.blocks import Sums
from web.desk.pictures import HIGH, WIDE, spark_picture
from web.desk.today import Opening
from web.desk.week_figures import Spark
from web.frame.scope import Scope

register = template.Library()
register.filter("lower_first", lower_first)


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


@register.simple_tag(takes_context=True)
def to_opening(context: Context, opening: Opening) -> str:
    """The address of the findings that a version of a regulation opened and that still stand."""
    regulation = opening.regulation
    since = regulation.published_at.isoformat()
    return to(context, "findings", stage=regulation.stage_id, by_version=1, state="open", since=since)


@register.inclusion_tag("desk/_spark.html")
def spark(line: Spark | None, label: str, tone: str = "") -> dict[str, Any]:
    """A small line of the last weeks; nothing where fewer than two weeks are known."""
    picture = spark_picture(line) if line is not None else None
    return {"picture": picture, "label": label, "tone": tone, "wide": WIDE, "high": HIGH}


@register.simple_tag(takes_context=True)
def block_url(context: Context, name: str) -> str:
    """A block of the desk on a page of its own, with all of its rows."""
    return reverse("desk-block", args=[name]) + context["scope"].query()


@register.simple_tag(takes_context=True)
def heat_choices(context: Context, by_count: bool) -> list[tuple[str, str, bool]]:
    """By what the heat table is coloured: (words, address, whether it is so now)."""
    url, query = reverse("desk-block", args=["heat"]), context["scope"].query
    return [(_("Money"), url + query(), not by_count), (_("Deals"), url + query(by="count"), by_count)]


@register.filter
def query_with_key(scope: Scope, key: str) -> str:
    """The query of a proposal within this part of the company."""
    return scope.query(key=key)


@register.filter
def worth(sums: Sums) -> str:
    """What stands still, short: «1,2 млн ₽», and «≈ 305 тыс. ₽» where some of it is expected only."""
    text = formats.money_short(sums.weight, get_language() or "en")
    return f"≈{formats.NBSP}{text}" if sums.expected else text


@register.filter
def tone_of_change(change: Any) -> str:
    """More of something bad is bad."""
    return "bad" if change > 0 else "good" if change < 0 else "neutral"


@register.filter
def icon_of_change(change: Any) -> str:
    return "trending-up" if change > 0 else "trending-down" if change < 0 else "minus"


@register.filter
def initials_of(name: str) -> str:
    return formats.initials(name)


@register.filter
def as_width(share: float | None) -> str:
    """A length of an SVG: «17.00%»."""
    return f"{100 * min(1.0, max(0.0, share or 0.0)):.2f}%"


@register.filter
def as_percent(share: Any) -> int:
    """Of a progress bar: whole, from 0 to 100."""
    return min(100, max(0, round(100 * (share or 0))))
