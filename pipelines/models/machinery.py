"""What keeps the mirror: how far it is read, what waits, what was compared."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Cursor(models.Model):
    """How far one entity is mirrored. ``as_of``: everything amoCRM knew at that moment is here.

    ``position`` is the next page or window of an unfinished first load; it moves only after its page is stored.
    """

    class State(models.TextChoices):
        NEW = "new", _("not loaded yet")
        DENIED = "denied", _("not for this token")
        LOADING = "loading", _("loading")
        READY = "ready", _("up to date")
        FAILED = "failed", _("failed")

    entity = models.CharField(max_length=20, primary_key=True)
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    position = models.JSONField(null=True)
    as_of = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(default=0)
    pages = models.IntegerField(default=0)
    expected_rows = models.BigIntegerField(null=True)
    error = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("sync state")
        verbose_name_plural = _("sync states")
        ordering = ["entity"]


class Hook(models.Model):
    """A delivery from amoCRM: a doorbell. Kept, answered at once, never believed; ``body`` is emptied when handled."""

    received_at = models.DateTimeField(auto_now_add=True)
    body = models.BinaryField()
    handled_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            # the queue of answer_hooks
            models.Index(fields=["id"], name="hook_waiting", condition=Q(handled_at=None)),
        ]


class Sweep(models.Model):
    """One comparison of the whole mirror with amoCRM (`pipelines.mirror.reconcile`). At most one is unfinished.

    ``found`` is ``{entity: {"checked", "missing", "outdated", "vanished", "repaired": number}}``; ``position`` is where
    an interrupted run goes on, null after its end; ``error`` is one sentence for a person.
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    found = models.JSONField(default=dict)
    position = models.JSONField(null=True)
    error = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-id"]


class QuarantinedRow(models.Model):
    """A row of amoCRM that cannot be stored, and why, in one line for a person.

    It goes when the row is stored after all, is deleted in amoCRM, or everything is read again.
    """

    entity = models.CharField(max_length=20)
    remote_id = models.TextField()
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("row set aside")
        verbose_name_plural = _("rows set aside")
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["entity", "remote_id"], name="refused_once")]
