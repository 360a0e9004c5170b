"""What was decided about a pile of deals: a frozen list, who answers for it by when, and what was hoped for."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from team.models import Role


class DecisionQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "DecisionQuerySet":
        """Whoever sees everybody sees all; others what they answer for or have taken, and a head what his people
        answer for. Proposals of a report of the whole company are not a head's."""
        if user.sees is None:
            return self
        own = Q(owner=user) | Q(taken_by=user) | Q(report__head=user)
        if user.role == Role.HEAD and user.sees:
            own |= Q(owner__person_id__in=user.sees)
        return self.filter(own)

    def running(self) -> "DecisionQuerySet":
        return self.filter(state=Decision.State.TAKEN)


class Decision(models.Model):
    """proposed → taken (owner, term) → done · dropped. Its list (`DecisionDeal`) is frozen at ``as_of``.

    ``key`` makes a proposal or a sent form one decision, however often it comes. ``kind`` and ``facts`` are what the
    proposal said (`metrics.proposals`); of one that somebody made of a list, ``query`` is the list's address and
    ``title`` his words. ``moves``: how often the term was put off.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        TAKEN = "taken", _("under way")
        DONE = "done", _("done")
        DROPPED = "dropped", _("dropped")

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20)
    title = models.CharField(_("what to do"), max_length=200, blank=True)
    text = models.TextField(_("how"), blank=True, max_length=2000)
    facts = models.JSONField(default=dict)
    query = models.CharField(max_length=1000, blank=True)
    report = models.ForeignKey(
        "notices.Report", models.SET_NULL, null=True, blank=True, related_name="decisions"
    )
    place = models.PositiveSmallIntegerField(default=0)  # among those of its report
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PROPOSED)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="decisions",
        verbose_name=_("answers for it"),
    )  # fmt: skip
    due_on = models.DateField(_("until"), null=True, blank=True)
    moves = models.PositiveSmallIntegerField(default=0)
    as_of = models.DateTimeField(_("list of"))
    n = models.PositiveIntegerField(_("deals"))
    money = models.DecimalField(_("amount"), max_digits=20, decimal_places=2)
    expected = models.DecimalField(_("expected"), max_digits=20, decimal_places=2, null=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(_("what came of it"), blank=True, max_length=2000)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-as_of", "place", "id"]
        indexes = [
            # those under way by their term: the page, the weekly report, what is overdue
            models.Index(fields=["due_on", "id"], name="decision_running", condition=Q(state="taken")),
        ]

    def __str__(self) -> str:
        return self.title or self.key


class DecisionDeal(models.Model):
    """A deal of a frozen list as it stood then; ``expected`` is null where its chance was not known."""

    decision = models.ForeignKey(Decision, models.CASCADE, related_name="deals", db_index=False)
    deal = models.ForeignKey(
        "pipelines.Deal", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    price = models.DecimalField(max_digits=20, decimal_places=2)
    expected = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    stage = models.ForeignKey(
        "pipelines.Stage", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    manager = models.ForeignKey(
        "pipelines.Person", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )  # fmt: skip
    planned = models.BooleanField()  # it had a next task

    class Meta:
        verbose_name = _("deal of a decision")
        verbose_name_plural = _("deals of decisions")
        constraints = [
            # the list of a decision; a deal stands in it once
            models.UniqueConstraint(fields=["decision", "deal"], name="decision_deal_once")
        ]


class HiddenQuerySet(models.QuerySet[Any]):
    def hidden_from(self, reader: Any, day: date) -> "HiddenQuerySet":
        """What is not proposed to somebody on a day; without a reader, to those who see everybody."""
        rows = self.filter(until__gt=day)
        return rows.filter(Q(head=None) if reader is None else Q(head=None) | Q(head=reader.pk))


class Hidden(models.Model):
    """What is not proposed until a day, and why: ``key`` of a proposal; to ``head`` alone, or (null) to everybody."""

    key = models.CharField(max_length=120)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, db_index=False, related_name="+"
    )
    until = models.DateField(_("hidden until"))
    reason = models.CharField(_("why"), max_length=300)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    hidden_at = models.DateTimeField()

    objects = HiddenQuerySet.as_manager()

    class Meta:
        verbose_name = _("hidden until a day")
        verbose_name_plural = _("hidden until a day")
        constraints = [
            models.UniqueConstraint(fields=["key", "head"], name="hidden_once", nulls_distinct=False)
        ]


class KeptProposals(models.Model):
    """The proposals of everybody as of a moment, one row: counting them reads a year of lives.

    ``body``: the open deals that they were counted from, some megabytes of a large account; ``piles``: they themselves.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    as_of = models.DateTimeField()
    cost = models.FloatField()  # seconds
    body = models.BinaryField()
    piles = models.BinaryField(default=b"")

    class Meta:
        verbose_name = _("kept proposals")
        verbose_name_plural = _("kept proposals")
