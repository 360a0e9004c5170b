"""What people say of findings: a reviewer's rulings, the appeals against findings, and the rules that appeals stopped.

Each of them keeps its finding from being deleted, in the database too.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes

CLOSES_AFTER = timedelta(days=7)  # a decided appeal nobody closed


class RulingQuerySet(models.QuerySet[Any]):
    def in_force(self) -> "RulingQuerySet":
        return self.filter(revoked_at=None)


@keep_changes(names=["finding"])
class Ruling(models.Model):
    """What a reviewer decided about a finding. ``until``: of a waiver, and of what was put off, its end.

    ``opened_at`` is when the finding opened before a waiver moved that, so that it can be taken back.
    """

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        MISTAKEN = "mistaken", _("error of the rule")  # counts against the rule
        WAIVED = "waived", _("waived until a date")  # neither costs nor shows until then
        SNOOZED = "snoozed", _("put off")  # only the queue of reviewers waits

    finding = models.ForeignKey(
        "qc.Finding", models.PROTECT, related_name="rulings", verbose_name=_("finding")
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("author")
    )
    at = models.DateTimeField(_("at"))
    text = models.TextField(_("text"), blank=True)
    until = models.DateTimeField(_("until"), null=True)
    opened_at = models.DateTimeField(_("opened before"), null=True)
    revoked_at = models.DateTimeField(_("taken back at"), null=True)
    key = models.UUIDField(_("key of the form"), null=True)

    objects = RulingQuerySet.as_manager()

    class Meta:
        verbose_name = _("ruling")
        verbose_name_plural = _("rulings")
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["author", "at"], name="ruling_by_author"),  # the page of reviewers
        ]
        constraints = [
            models.UniqueConstraint(fields=["key", "finding"], name="ruling_of_form_once"),
            models.UniqueConstraint(
                fields=["finding", "kind"], name="ruling_in_force_once", condition=Q(revoked_at=None)
            ),
        ]


class AppealQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "AppealQuerySet":
        """Those about people whom the reader sees; whoever filed one sees it whatever becomes of his role."""
        if user.sees is None:
            return self
        return self.filter(Q(finding__manager__in=user.sees) | Q(author=user.pk))

    def undecided(self) -> "AppealQuerySet":
        return self.filter(decided_at=None)


@keep_changes(names=["finding"])
class Appeal(models.Model):
    """One objection to one finding, decided by somebody who had no hand in it. See `qc.appeals` for its way.

    While it is not decided the finding costs nothing. ``due_at`` counts in the owner's shifts and stands still while
    information is awaited: ``left`` is then what remained, in seconds. ``counts_from``: of a partial decision.
    """

    class Reason(models.TextChoices):
        CLIENT = "client", _("the client asked to wait")
        DONE = "done", _("it was done, but not recorded in amoCRM")
        OWNER = "owner", _("it was not my deal then")
        ABSENT = "absent", _("I was away by the rota")
        DATA = "data", _("the data are wrong or late")
        RULE = "rule", _("the rule does not fit this case")
        OTHER = "other", _("something else")

    class State(models.TextChoices):
        FILED = "filed", _("filed")
        REVIEW = "review", _("under review")
        INFO = "info", _("information is needed")
        DECIDED = "decided", _("decided")
        CLOSED = "closed", _("closed")

    class Decision(models.TextChoices):
        FULL = "full", _("upheld")
        PARTIAL = "partial", _("upheld in part")
        REFUSED = "refused", _("refused")

    finding = models.OneToOneField(
        "qc.Finding", models.PROTECT, related_name="appeal", verbose_name=_("finding")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="appeals", verbose_name=_("author")
    )
    reason = models.CharField(_("reason"), max_length=8, choices=Reason)
    text = models.TextField(_("text"), blank=True)
    key = models.UUIDField(_("key of the form"), null=True, unique=True)
    filed_at = models.DateTimeField(_("filed at"))
    due_at = models.DateTimeField(_("to be decided by"))
    left = models.PositiveIntegerField(_("seconds left"), null=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.FILED)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("reviewer")
    )
    decision = models.CharField(_("decision"), max_length=8, choices=Decision, blank=True)
    decision_text = models.TextField(_("words of the decision"), blank=True)
    counts_from = models.DateTimeField(_("counts from"), null=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        ordering = ["due_at", "id"]
        indexes = [
            # the queue of appeals, the number on its tab
            models.Index(fields=["due_at"], name="appeal_waiting", condition=Q(decided_at=None)),
            models.Index(fields=["decided_at"], name="appeal_decided"),  # the share of a rule that was upheld
        ]

    @property
    def is_upheld(self) -> bool:
        return self.decision in (self.Decision.FULL, self.Decision.PARTIAL)

    def state_at(self, now: datetime) -> "Appeal.State":
        """Its state; a decided one closes by itself a week later."""
        state = Appeal.State(self.state)
        if state == Appeal.State.DECIDED and self.decided_at and self.decided_at + CLOSES_AFTER <= now:
            return Appeal.State.CLOSED
        return state


class AppealStep(models.Model):
    """Something that was done or said about an appeal; everybody who sees the appeal sees them all."""

    class Kind(models.TextChoices):
        FILED = "filed", _("filed")
        TAKEN = "taken", _("taken for review")
        ASKED = "asked", _("information asked for")
        ANSWERED = "answered", _("answered")
        DECIDED = "decided", _("decided")
        CLOSED = "closed", _("closed")

    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=8, choices=Kind)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField(blank=True)

    class Meta:
        verbose_name = _("step of an appeal")
        verbose_name_plural = _("steps of appeals")
        ordering = ["at", "id"]


@keep_changes(names=["since"])
class OverturnLimit(models.Model):
    """From ``since`` on: a rule stops costing money when more than ``share`` of its appeals are upheld.

    Of those decided within ``days``, when they are at least ``minimum``.
    """

    since = models.DateTimeField(_("since"), unique=True)
    share = models.DecimalField(_("share of upheld appeals"), max_digits=4, decimal_places=3)
    minimum = models.PositiveSmallIntegerField(_("least number of decided appeals"))
    days = models.PositiveSmallIntegerField(_("days"), default=90)

    class Meta:
        verbose_name = _("limit of upheld appeals")
        verbose_name_plural = _("limits of upheld appeals")
        ordering = ["since"]


class RuleHalt(models.Model):
    """A rule that stopped costing money by itself: ``upheld`` of ``decided`` appeals were over the ``limit``."""

    rule = models.CharField(max_length=40)
    at = models.DateTimeField()
    decided = models.PositiveIntegerField()
    upheld = models.PositiveIntegerField()
    limit = models.DecimalField(max_digits=4, decimal_places=3)

    class Meta:
        verbose_name = _("rule stopped by appeals")
        verbose_name_plural = _("rules stopped by appeals")
        ordering = ["-at"]
