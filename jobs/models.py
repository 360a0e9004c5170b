"""Answers of reports that take long, as they were computed last."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class KeptReport(models.Model):
    """One answer for one question: the report, its parameters, and whose deals they leave (`jobs.kept_reports`).

    ``question`` has all of that, so that a worker can ask it again; ``stamp`` is the state of the data it was computed
    from; ``as_of`` when; ``cost`` in seconds. ``asked_at``: a worker was asked for it and has not answered yet.
    """

    key = models.CharField(max_length=64, primary_key=True)
    report = models.CharField(_("report"), max_length=40)
    question = models.JSONField()
    stamp = models.CharField(max_length=80, blank=True, default="")
    as_of = models.DateTimeField(_("data as of"), null=True)
    cost = models.FloatField(default=0)
    answer = models.TextField(blank=True, default="")
    problem = models.TextField(blank=True, default="")
    asked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField()

    class Meta:
        verbose_name = _("kept report")
        verbose_name_plural = _("kept reports")
        indexes = [
            # what nobody has looked at for long is thrown away; what a report usually costs
            models.Index(fields=["report", "used_at"], name="kept_report_by_use"),
        ]


# Models that stand in files of their own.
from jobs.week_rows import KeptWeek as KeptWeek
from jobs.week_rows import WeekFact as WeekFact
