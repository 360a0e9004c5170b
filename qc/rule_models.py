"""What rules are told: how far each reaches, since when, and what must hold on each stage. Dated all of it."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from team.links import by_whom


class Severity(models.TextChoices):
    REMARK = "remark", _("remark")
    VIOLATION = "violation", _("violation")
    QUESTION = "question", _("question")  # a signal that somebody answers: never money, never in quality


@keep_changes(names=["rule"])
class RuleMode(models.Model):
    """How far a rule reaches, what it weighs and by which norm, all since ``since``. A rule without a row is off."""

    class Mode(models.TextChoices):
        OFF = "off", _("off")
        SHADOW = "shadow", _("shadow")  # judged, seen by admins only
        WARN = "warn", _("warns")  # seen by everybody, costs nothing
        MONEY = "money", _("counts in money")

    rule = models.CharField(max_length=40, primary_key=True)
    mode = models.CharField(_("mode"), max_length=6, choices=Mode, default=Mode.OFF)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    norm = models.JSONField(
        _("norm"), default=dict, blank=True
    )  # of a rule whose norm is no stage's: see `qc.norms`
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["rule"]


@keep_changes(names=["rule", "since"])
class RuleStep(models.Model):
    """What a rule's mode, weight and norm were before the present ones: from ``since`` until its next step."""

    rule = models.CharField(_("rule"), max_length=40)
    mode = models.CharField(_("mode"), max_length=6, choices=RuleMode.Mode)
    weight = models.PositiveSmallIntegerField(_("weight"))
    norm = models.JSONField(_("norm"), default=dict)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("earlier mode of a rule")
        verbose_name_plural = _("earlier modes of rules")
        ordering = ["rule", "since", "id"]


class RegulationQuerySet(models.QuerySet[Any]):
    def published(self) -> "RegulationQuerySet":
        """The newest first: of each stage, the first is the version in force."""
        return self.exclude(published_at=None).order_by("-published_at", "-version")


@keep_changes(names=["stage", "version"])
class Regulation(models.Model):
    """What must hold on a stage: five fields of text that people read, and the norms that rules judge by.

    Versions of one stage differ by ``version``; the one in force is the newest published. ``published_at`` is since
    when it is in force: one that waits for its day has none yet, but ``effective_at``.
    """

    stage = models.ForeignKey(
        "pipelines.Stage",
        models.DO_NOTHING,
        db_constraint=False,
        related_name="regulations",
        verbose_name=_("stage"),
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    published_at = models.DateTimeField(_("in force since"), null=True, blank=True)
    effective_at = models.DateTimeField(
        _("to be in force from"), null=True, blank=True
    )  # from when it shall be in force: published, and waiting for its day
    decided_at = models.DateTimeField(_("published at"), null=True, blank=True)  # when somebody published it
    returns_to = models.PositiveIntegerField(
        _("version brought back"), null=True, blank=True
    )  # the version whose text it brings back
    author = by_whom(_("author"))
    entry_result = models.TextField(_("result on entry"), blank=True)
    goal = models.TextField(_("goal of the stage"), blank=True)
    term = models.TextField(_("term"), blank=True)
    automation = models.TextField(_("automation"), blank=True)
    steps = models.TextField(_("steps and scenarios"), blank=True)
    norms = models.JSONField(_("norms"), default=dict, blank=True)  # by rule: see `qc.norms`

    objects = RegulationQuerySet.as_manager()

    class Meta:
        verbose_name = _("regulation")
        verbose_name_plural = _("regulations")
        ordering = ["stage_id", "-version"]
        constraints = [models.UniqueConstraint(fields=["stage", "version"], name="regulation_version")]
