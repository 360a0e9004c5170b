"""What rings with nobody for a time, by somebody's word for everybody."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes


class SilenceQuerySet(models.QuerySet[Any]):
    def in_force(self, now: datetime) -> "SilenceQuerySet":
        return self.filter(since__lte=now, until__gt=now, ended_at=None)


@keep_changes(names=["kind", "rule"])
class Silence(models.Model):
    """Messages of a ``kind``, or about findings of a ``rule`` (one of the two), ring with nobody in ``[since, until)``.

    ``ended_at``: somebody has ended it before. ``key`` is that of the form, so that it begins once.
    """

    kind = models.CharField(_("kind"), max_length=40, blank=True)
    rule = models.CharField(_("rule"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("ended by")
    )
    key = models.UUIDField(_("key of the form"), null=True, unique=True)

    objects = SilenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        ordering = ["-since", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind="") ^ Q(rule=""), name="silence_of_one_thing"),
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="silence_ends_later"),
        ]
