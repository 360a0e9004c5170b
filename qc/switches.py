"""Switches that wait for their day, and the times in which quality control was off as a whole."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from qc.models import RuleMode


@keep_changes(names=("rule",))
class PlannedSwitch(models.Model):
    """A rule's next mode and weight, from ``since`` on; one for each rule. Put into force by `qc.in_due_time`."""

    rule = models.CharField(_("rule"), max_length=40, unique=True)
    mode = models.CharField(_("mode"), max_length=6, choices=RuleMode.Mode)
    weight = models.PositiveSmallIntegerField(_("weight"))
    norm = models.JSONField(_("norm"), null=True)
    since = models.DateTimeField(_("since"), db_index=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    decided_at = models.DateTimeField(_("decided at"))

    class Meta:
        verbose_name = _("planned switch of a rule")
        verbose_name_plural = _("planned switches of rules")


@keep_changes(names=("reason",), ignored=("begun", "ended"))
class ControlOff(models.Model):
    """Quality control as a whole is off in ``[since, until)``; ``until`` null: until further notice.

    What is found meanwhile stands in shadow: admins see it, it costs nothing. ``begun`` and ``ended`` tell that all
    deals were asked to be judged by it; until then it is a plan.
    """

    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    decided_at = models.DateTimeField(_("decided at"))
    begun = models.BooleanField(_("has begun"), default=False)
    ended = models.BooleanField(_("has ended"), default=False)

    class Meta:
        verbose_name = _("time without quality control")
        verbose_name_plural = _("times without quality control")
        ordering = ["since", "id"]


@keep_changes(names=("since",))
class NewcomerGrace(models.Model):
    """For how many days after somebody was hired he is only warned of what costs others money, from ``since`` on."""

    since = models.DateTimeField(_("since"), unique=True)
    days = models.PositiveSmallIntegerField(_("days"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )

    class Meta:
        verbose_name = _("grace of newcomers")
        verbose_name_plural = _("graces of newcomers")
        ordering = ["since"]


@keep_changes(names=("since",))
class FirstTimeGrace(models.Model):
    """How many first cases of a person by a rule in a month cost no money, of those that open from ``since`` on."""

    since = models.DateTimeField(_("since"), unique=True)
    cases = models.PositiveSmallIntegerField(_("first cases"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("who changed it"),
    )

    class Meta:
        verbose_name = _("grace of the first time")
        verbose_name_plural = _("graces of the first time")
        ordering = ["since"]


class MeasuredEffect(models.Model):
    """What a change has brought, as it was measured last; ``change`` is `qc.changes.Change.key`."""

    change = models.CharField(max_length=80, primary_key=True)
    measured_at = models.DateTimeField()
    until = models.DateTimeField()  # the end of what it was measured by
    answer = models.JSONField()

    class Meta:
        verbose_name = _("measured effect of a change")
        verbose_name_plural = _("measured effects of changes")
