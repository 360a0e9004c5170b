"""Cells of a deal's row and head. Drawn here and not by templates: a list has fifty of each."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from web.deals.ageing import Ageing, NextStep
from web.templatetags.ui import clock, day, duration, hours, icon

register = template.Library()

UNKNOWN = mark_safe('<span class="muted">—</span>')


@register.simple_tag
def stage_age(age: Ageing | None) -> SafeString:
    """How long a deal stands on its stage, the stage's norm, and how far it is beyond that or short of it."""
    if age is None:
        return UNKNOWN
    return format_html(
        '<span class="ageing {}">{}{}</span>', age.tone, duration(age.length, 1), _beside_norm(age)
    )


def _beside_norm(age: Ageing) -> SafeString:
    if not age.says:
        norm = age.allowed and _("norm %(norm)s") % {"norm": duration(age.allowed, 1)}
        return format_html("\n  <small>{}</small>", norm) if norm else mark_safe("")
    norm, left = _("norm %(norm)s") % {"norm": age.says}, mark_safe("")
    in_words = (lambda length: duration(length, 1)) if age.by_calendar else hours
    if age.over:
        over = _("over by %(over)s") % {"over": in_words(age.over)}
        left = format_html('<small class="bad">{}</small>', over)
    elif age.left is not None:
        left = format_html("<small>{}</small>", _("%(left)s left") % {"left": in_words(age.left)})
    return format_html("\n  <small>{}</small>{}", norm, left)


@register.simple_tag
def next_step(step: NextStep | None) -> SafeString:
    """When the nearest open task of a deal is due, or that there is none."""
    if step is None:
        return UNKNOWN
    return format_html(
        '<span class="step {}">{}\n  <span>{}</span></span>', step.tone, icon(step.icon), _when_due(step)
    )


def _when_due(step: NextStep) -> str:
    if step.state == "none":
        return _("no next step")
    if step.state == "overdue":
        return _("overdue by %(late)s") % {"late": duration(step.late, 1)}
    if step.state == "today":
        return _("today at %(time)s") % {"time": clock(step.due_at)}
    return day(step.due_at)
