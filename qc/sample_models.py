"""Samples of deals that people look through by a checklist, some of them twice."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes


class Sample(models.Model):
    """Deals drawn from those in work in ``[since, until)``, by person and stage; the seed draws the same ones again.

    ``population``: how many there were to draw from. ``key`` is that of the form, so that it is drawn once.
    """

    since = models.DateTimeField()
    until = models.DateTimeField()
    size = models.PositiveSmallIntegerField(_("size"))
    seed = models.PositiveIntegerField(_("seed"))
    population = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    key = models.UUIDField(null=True, unique=True)

    class Meta:
        verbose_name = _("sample")
        verbose_name_plural = _("samples")
        ordering = ["-at"]

    @property
    def last(self) -> datetime:
        """A moment of its last day, for pages."""
        return self.until - timedelta(microseconds=1)


class SampledDeal(models.Model):
    """One of them, with whose it was and where it stood; ``twice``: two people are to look at it."""

    sample = models.ForeignKey(Sample, models.CASCADE, related_name="deals")
    deal = models.ForeignKey("pipelines.Deal", models.DO_NOTHING, db_constraint=False, related_name="+")
    manager = models.ForeignKey(
        "pipelines.Person", models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    stage = models.ForeignKey("pipelines.Stage", models.DO_NOTHING, db_constraint=False, related_name="+")
    place = models.PositiveSmallIntegerField()
    twice = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("sampled deal")
        verbose_name_plural = _("sampled deals")
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["sample", "deal"], name="deal_is_sampled_once")]


@keep_changes(names=["sampled"])
class ManualReview(models.Model):
    """What one reviewer answered: of each section of the checklist yes, no or «does not apply»."""

    sampled = models.ForeignKey(
        SampledDeal, models.CASCADE, related_name="reviews", verbose_name=_("sampled deal")
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("reviewer")
    )
    turn = models.PositiveSmallIntegerField(_("turn"))  # 1 or 2
    answers = models.JSONField(_("answers"))
    text = models.TextField(_("text"), blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("manual review")
        verbose_name_plural = _("manual reviews")
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["sampled", "reviewer"], name="reviewed_once_by_each"),
            models.UniqueConstraint(fields=["sampled", "turn"], name="reviewed_twice_at_most"),
        ]
