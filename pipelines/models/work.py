"""What people work on: deals, tasks and clients."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from pipelines.models.links import link
from pipelines.models.visible import Visible


class Contact(models.Model):
    """A client: an id and a name. Phones, addresses and messages stay in amoCRM."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def __str__(self) -> str:
        return self.name


class DealQuerySet(Visible):
    def alive(self) -> "DealQuerySet":
        return self.filter(deleted_at=None)

    def open(self) -> "DealQuerySet":
        return self.filter(deleted_at=None, closed_at=None)


class Deal(models.Model):
    """A deal (lead in amoCRM's API). ``price`` in the account's currency; ``fields`` is ``{"field id": value}``.

    ``closed_inferred``: amoCRM tells no ``closed_at`` of a closed deal, and it is the moment of entering its stage.

    The deal's state is written by its judgement (`qc.deal_states`), so that lists filter and sort by columns. None of
    it is known before the first one. ``stage_since``: start of the present visit; ``next_due_at``: nearest due moment
    of an open task, by the tasks themselves (amoCRM's ``next_task_at`` lags when one changes); stuck after ``stuck_at``
    until ``stuck_until`` (None: for as long as it stays), as everybody may see; the former may lie ahead.
    """

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    price = models.DecimalField(_("amount"), max_digits=20, decimal_places=2, default=0)
    pipeline = link("Pipeline")
    stage = link("Stage")
    manager = link("Person")
    contact = link("Contact")
    loss_reason = link("LossReason")
    created_by = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_inferred = models.BooleanField(default=False, db_default=False)
    next_task_at = models.DateTimeField(_("next task"), null=True, blank=True)
    tags = models.JSONField(default=list)
    fields = models.JSONField(default=dict)
    deleted_at = models.DateTimeField(null=True, blank=True)
    stage_since = models.DateTimeField(_("on the stage since"), null=True, blank=True, editable=False)
    next_due_at = models.DateTimeField(_("next step due"), null=True, blank=True, editable=False)
    stuck_at = models.DateTimeField(_("stuck since"), null=True, blank=True, editable=False)
    stuck_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ["-id"]
        indexes = [
            # counts, sums and pages of open, stuck and unplanned deals in lists; the desk's cells: read from it alone
            models.Index(
                fields=["stage", "manager"],
                include=["id", "price", "pipeline", "stage_since", "next_due_at", "stuck_at", "stuck_until"],
                name="deal_open_by_stage",
                condition=Q(closed_at=None, deleted_at=None),
            ),
            # the list of deals by time on the stage, the longest first
            models.Index(
                fields=["stage_since", "id"],
                name="deal_open_by_age",
                condition=Q(closed_at=None, deleted_at=None),
            ),
            # the list of stuck deals and of those without a task: where the most money stands comes first
            models.Index(
                F("price").desc(nulls_last=True),
                F("id").desc(),
                name="deal_open_by_price",
                condition=Q(closed_at=None, deleted_at=None),
            ),
            models.Index(fields=["manager", "stage"], name="deal_by_manager"),
            # money and results: what was closed in a period, by whom
            models.Index(
                fields=["closed_at"],
                include=["manager", "stage", "price"],
                name="deal_closed",
                condition=~Q(closed_at=None),
            ),
            models.Index(fields=["created_at"], name="deal_created"),
            # what no picture of visits counts
            models.Index(fields=["id"], name="deal_deleted", condition=~Q(deleted_at=None)),
            models.Index(fields=["contact"], name="deal_by_contact"),
        ]

    def __str__(self) -> str:
        return self.name.strip() or f"№ {self.pk}"


class TaskQuerySet(Visible):
    def open(self) -> "TaskQuerySet":
        return self.filter(deleted_at=None, is_completed=False)


class Task(models.Model):
    """A task on a deal or a contact. In its text, telephones and addresses of the client are masked before it is kept.

    ``text_mark`` is the same for the same text and too short to tell which (see `rows.mark_text`), ``has_result``
    whether something was written on completing it; null: nobody has told.

    ``completed_at`` is folded from the task_completed event; where none came it is the row's own ``updated_at``,
    marked by ``completed_inferred``.
    """

    id = models.BigIntegerField(primary_key=True)
    deal = link("Deal", related_name="tasks")
    contact = link("Contact")
    manager = link("Person")
    kind = link("TaskType")
    text = models.CharField(_("text"), max_length=300, blank=True, default="", db_default="")
    created_by = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    due_at = models.DateTimeField(_("due"))
    is_completed = models.BooleanField(_("completed"), default=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_inferred = models.BooleanField(default=False, db_default=False)
    text_mark = models.BigIntegerField(null=True, blank=True, editable=False)
    has_result = models.BooleanField(null=True, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(fields=["deal"], name="task_by_deal"),  # timelines of touched deals
            # tasks due in a period, on-time rate
            models.Index(fields=["manager", "due_at"], name="task_by_manager_due"),
            # overdue tasks
            models.Index(
                fields=["due_at"],
                include=["manager", "deal"],
                name="task_open_due",
                condition=Q(is_completed=False, deleted_at=None),
            ),
            # done, but history has not yet said when
            models.Index(
                fields=["id"], name="task_unfolded", condition=Q(is_completed=True, completed_at=None)
            ),
        ]
