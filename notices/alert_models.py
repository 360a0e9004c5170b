"""Weeks unlike the thirteen before them, as they were found last, and who does not want to hear of what until when."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _


class AlertQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "AlertQuerySet":
        """Whoever directs: everybody's, or those of his own people. A stage is the work of all, and so is its week."""
        if not user.directs:
            return self.none()
        return self if user.sees is None else self.filter(person__in=user.sees)

    def not_muted(self, user: Any, day: date) -> "AlertQuerySet":
        mutes = AlertMute.objects.filter(employee=user.pk, about=OuterRef("about"), until__gt=day)
        return self.exclude(Exists(mutes))


class Alert(models.Model):
    """A week of a person or a stage (one of the two) unlike his last thirteen.

    ``measure`` is a rate of `metrics.week_measures`: ``top`` of ``base``, ``rate`` per hundred; ``usual`` the median of
    ``weeks`` weeks before, ``z`` how far off (`metrics.unlike`). ``about``: measure and whose, what a mute is for.
    A week that is counted anew and is like the others has no row any more.
    """

    week = models.DateField(_("week"))
    measure = models.CharField(_("figure"), max_length=10)
    about = models.CharField(max_length=60)
    person = models.ForeignKey(
        "pipelines.Person", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )  # fmt: skip
    stage = models.ForeignKey(
        "pipelines.Stage", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )  # fmt: skip
    top = models.IntegerField()
    base = models.FloatField()
    rate = models.FloatField()
    usual = models.FloatField()
    z = models.FloatField()
    weeks = models.PositiveSmallIntegerField()
    found_at = models.DateTimeField()

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("unlike week")
        verbose_name_plural = _("unlike weeks")
        ordering = ["-week", "-pk"]
        constraints = [models.UniqueConstraint(fields=["week", "about"], name="alert_once")]

    @property
    def is_good(self) -> bool:
        """All rates count what should not be: less of it is good."""
        return self.z < 0


class AlertMute(models.Model):
    """What somebody does not want to hear of before ``until``; for him alone."""

    employee = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    about = models.CharField(max_length=60)
    until = models.DateField(_("quiet until"))
    muted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("muted alert")
        verbose_name_plural = _("muted alerts")
        constraints = [models.UniqueConstraint(fields=["employee", "about"], name="alert_mute_once")]
