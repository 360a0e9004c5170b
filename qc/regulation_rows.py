"""What stands around the versions of a regulation: drafts of their editors, signatures of their readers, and the ticks
of those who work by its steps.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RegulationDraft(models.Model):
    """What one editor has written for a stage and not published: the form as it was sent, however unfinished.

    ``basis``: the version in force that it was begun from (0: none). ``outcome``: what trying it on history has told,
    kept for the head of the page; null once it was changed.
    """

    stage = models.ForeignKey("pipelines.Stage", models.DO_NOTHING, db_constraint=False, related_name="+")
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    basis = models.PositiveIntegerField(default=0)
    sent = models.JSONField(default=dict)  # {field of the form: [values]}
    saved_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    outcome = models.JSONField(null=True)

    class Meta:
        verbose_name = _("draft of a regulation")
        verbose_name_plural = _("drafts of regulations")
        constraints = [models.UniqueConstraint(fields=["stage", "editor"], name="draft_of_editor")]


class Signature(models.Model):
    """Somebody has read a version and said so."""

    regulation = models.ForeignKey("qc.Regulation", models.CASCADE, related_name="signatures")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("signature under a regulation")
        verbose_name_plural = _("signatures under regulations")
        constraints = [models.UniqueConstraint(fields=["regulation", "employee"], name="signature_once")]


class StepTick(models.Model):
    """A step of the stage's regulation was done on a deal. ``step`` is `qc.steps.Step.key`, so it outlives versions.

    It counts for the visit in which it was ticked: a deal that comes back begins anew.
    """

    deal = models.ForeignKey("pipelines.Deal", models.DO_NOTHING, db_constraint=False, related_name="+")
    stage = models.ForeignKey(
        "pipelines.Stage", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    step = models.CharField(max_length=16)
    employee: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    ticked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("ticked step")
        verbose_name_plural = _("ticked steps")
        constraints = [models.UniqueConstraint(fields=["deal", "stage", "step"], name="tick_once")]
