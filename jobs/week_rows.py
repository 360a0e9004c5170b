"""The department's weeks as they were counted last (`metrics.weeks`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class KeptWeek(models.Model):
    """One week by one number of the definitions. ``digest`` is of its rows: an equal count writes nothing.

    ``terms`` by which everything had been judged then; ``is_over``: counted after its end. ``judged_by``: of the
    digests of this week and those before it, when it was last compared with them (`jobs.alerts`).
    """

    week = models.DateField()
    definitions = models.PositiveSmallIntegerField()
    counted_at = models.DateTimeField()
    digest = models.CharField(max_length=32)
    terms = models.TextField(blank=True, default="")
    is_over = models.BooleanField(default=False)
    judged_by = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        verbose_name = _("kept week")
        verbose_name_plural = _("kept weeks")
        constraints = [models.UniqueConstraint(fields=["week", "definitions"], name="kept_week")]


class WeekFact(models.Model):
    """One number of a week: see `metrics.weeks.WeekRow`."""

    week = models.DateField()
    definitions = models.PositiveSmallIntegerField()
    measure = models.CharField(max_length=10)
    stage = models.CharField(max_length=40, null=True)
    manager = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=40, blank=True, default="")
    n = models.IntegerField()
    amount = models.DecimalField(max_digits=24, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("figure of a week")
        verbose_name_plural = _("figures of weeks")
        indexes = [
            # the lines of the desk: some measures over the last weeks
            models.Index(fields=["definitions", "measure", "week"], name="week_fact_by_measure"),
            # a week that is written anew
            models.Index(fields=["week", "definitions"], name="week_fact_by_week"),
        ]
