"""Reports of a week or a month, each frozen under a number."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from team.models import Role


class ReportQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "ReportQuerySet":
        """Whoever directs and sees everybody sees all, a head those of his own department, a manager none."""
        if user.sees is None:
            return self
        return self.filter(head=user) if user.role == Role.HEAD else self.none()


class Report(models.Model):
    """``body`` is the document (`notices.reports.document`) as bytes, never changed; ``digest`` its SHA-256 in hex.

    ``label``: 2026-W47 or 2026-11. ``head``: the department it is about, null: the whole company. ``number`` counts
    all reports of the company.
    """

    class Kind(models.TextChoices):
        WEEK = "week", _("week")
        MONTH = "month", _("month")

    number = models.PositiveIntegerField(unique=True)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    label = models.CharField(_("period"), max_length=8)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    as_of = models.DateTimeField(_("frozen"))
    body = models.BinaryField()
    digest = models.CharField(max_length=64)
    told_at = models.DateTimeField(null=True, blank=True)  # who subscribed hears of it from then on

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["label", "head"], name="report_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"№ {self.number} · {self.label}"
