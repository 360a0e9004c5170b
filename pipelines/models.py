"""The mirror of amoCRM and the machinery that keeps it.

Mirror rows say what amoCRM says and nothing else. They are written only through ``pipelines.sync.store`` and
``pipelines.history``; they are never deleted (``deleted_at``), because money and findings point at them. Remote ids
are the keys. Foreign keys inside the mirror carry no database constraint and may be null: a row may arrive before
its parent, and a parent may vanish for good.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

WON, LOST = 142, 143  # amoCRM's two closing statuses, the same numbers in every pipeline
FROM_FILE = datetime(
    1970, 1, 1, tzinfo=UTC
)  # ``updated_at`` of an imported row: whatever the API says is newer


def link(to: str, **options: Any) -> models.ForeignKey:
    """A foreign key inside the mirror: nullable, unconstrained, not indexed unless asked."""
    chosen: dict[str, Any] = {"null": True, "blank": True, "db_index": False, "related_name": "+"} | options
    return models.ForeignKey(to, models.DO_NOTHING, db_constraint=False, **chosen)


class Account(models.Model):
    """The amoCRM account that is mirrored, and the portal's credentials for it (encrypted at rest).

    ``pipelines`` are the ids of those whose deals are mirrored, null = all; ``mirrored_since`` is when somebody has
    chosen them and the first load was asked for; ``refused_at`` is since when amoCRM does not let the portal in.
    """

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"), blank=True)
    base_url = models.TextField(_("address"))
    currency = models.CharField(max_length=3, default="RUB")
    time_zone = models.CharField(max_length=64, default="Europe/Moscow")
    credentials = models.BinaryField(null=True, editable=False)
    pipelines = models.JSONField(null=True, editable=False)
    mirrored_since = models.DateTimeField(null=True, editable=False)
    refused_at = models.DateTimeField(null=True, editable=False)
    hook_secret = models.CharField(max_length=64, blank=True, editable=False)
    hooks_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name


class Pipeline(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    sort = models.IntegerField(default=0)
    is_main = models.BooleanField(default=False)
    is_archived = models.BooleanField(_("archived"), default=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ["sort", "id"]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """A status of one pipeline. Key ``pipeline:status``, since 142 and 143 repeat in every pipeline."""

    class Kind(models.TextChoices):
        INCOMING = "incoming", _("incoming")
        WORK = "work", _("in work")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    id = models.CharField(max_length=40, primary_key=True)
    pipeline = link("Pipeline", related_name="stages")
    status = models.BigIntegerField()
    name = models.TextField(_("name"))
    sort = models.IntegerField(default=0)
    color = models.CharField(max_length=9, blank=True)
    kind = models.CharField(max_length=8, choices=Kind)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["pipeline_id", "sort", "id"]

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A user of amoCRM. One who was removed there stays here with ``deleted_at``."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    is_active = models.BooleanField(_("active"), default=True)
    is_admin = models.BooleanField(default=False)
    group = models.TextField(_("group"), blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("amoCRM user")
        verbose_name_plural = _("amoCRM users")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CustomField(models.Model):
    """A custom field of deals: ``required_stages`` are the stage keys that demand it in amoCRM's own pages."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    type = models.CharField(max_length=32)
    sort = models.IntegerField(default=0)
    enums = models.JSONField(default=dict)  # {"enum id": "text"}
    required_stages = models.JSONField(default=list)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("deal field")
        verbose_name_plural = _("deal fields")
        ordering = ["sort", "id"]

    def __str__(self) -> str:
        return self.name


class LossReason(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    sort = models.IntegerField(default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("loss reason")
        verbose_name_plural = _("loss reasons")
        ordering = ["sort", "id"]

    def __str__(self) -> str:
        return self.name


class TaskType(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("task kind")
        verbose_name_plural = _("task kinds")

    def __str__(self) -> str:
        return self.name


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


class Visible(models.QuerySet):
    """Rows with a ``manager``: everybody sees what ``user.sees`` names (None = everything)."""

    def visible_to(self, user: Any) -> "Visible":
        people = user.sees
        return self if people is None else self.filter(manager_id__in=people)


class DealQuerySet(Visible):
    def alive(self) -> "DealQuerySet":
        return self.filter(deleted_at=None)

    def open(self) -> "DealQuerySet":
        return self.filter(deleted_at=None, closed_at=None)

    def with_moments(self) -> "DealQuerySet":
        """Adds ``stage_since`` (start of the present visit) and ``next_due_at`` (nearest due of an open task).

        The latter is read from the tasks themselves: amoCRM's ``closest_task_at`` lags when a task changes.
        """
        stay = Stay.objects.filter(deal=OuterRef("pk"), left_at=None).order_by("-entered_at")
        task = Task.objects.open().filter(deal=OuterRef("pk")).order_by("due_at")
        return self.annotate(
            stage_since=Subquery(stay.values("visit_since")[:1]),
            next_due_at=Subquery(task.values("due_at")[:1]),
        )


class Deal(models.Model):
    """A deal (lead in amoCRM's API). ``price`` in the account's currency; ``fields`` is ``{"field id": value}``."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    price = models.DecimalField(_("amount"), max_digits=15, decimal_places=2, default=0)
    pipeline = link("Pipeline")
    stage = link("Stage")
    manager = link("Person")
    contact = link("Contact")
    loss_reason = link("LossReason")
    created_by = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    next_task_at = models.DateTimeField(_("next task"), null=True, blank=True)
    tags = models.JSONField(default=list)
    fields = models.JSONField(default=dict)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ["-id"]
        indexes = [
            # deal lists and the desk: open deals of a stage or a manager, with the sum of their amounts
            models.Index(
                fields=["stage", "manager"],
                include=["id", "price", "pipeline"],
                name="deal_open_by_stage",
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
            models.Index(fields=["contact"], name="deal_by_contact"),
        ]

    def __str__(self) -> str:
        return self.name


class TaskQuerySet(Visible):
    def open(self) -> "TaskQuerySet":
        return self.filter(deleted_at=None, is_completed=False)


class Task(models.Model):
    """A task on a deal or a contact. Its text is not mirrored: it may hold a client's data.

    ``completed_at`` is folded from the task_completed event; where none came it is the row's own ``updated_at``,
    marked by ``completed_inferred``.
    """

    id = models.BigIntegerField(primary_key=True)
    deal = link("Deal", related_name="tasks")
    contact = link("Contact")
    manager = link("Person")
    kind = link("TaskType")
    created_by = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    due_at = models.DateTimeField(_("due"))
    is_completed = models.BooleanField(_("completed"), default=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_inferred = models.BooleanField(default=False, db_default=False)
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


class Event(models.Model):
    """One fact of history. ``before`` and ``after`` hold the bare value of the kind:

    stage → "pipeline:status"; owner → person id; price → number; deadline → ISO moment;
    field → {"field": id, "value": …}; created, deleted, restored, merged, completed → null.
    """

    class Kind(models.TextChoices):
        CREATED = "created", _("created")
        STAGE = "stage", _("stage changed")
        OWNER = "owner", _("owner changed")
        PRICE = "price", _("amount changed")
        FIELD = "field", _("field changed")
        DELETED = "deleted", _("deleted")
        RESTORED = "restored", _("restored")
        MERGED = "merged", _("merged")
        COMPLETED = "completed", _("task completed")
        DEADLINE = "deadline", _("deadline moved")

    id = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    entity = models.CharField(max_length=10)  # deal, task or contact
    entity_id = models.BigIntegerField()
    author = link("Person")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            # timelines of touched deals
            models.Index(fields=["entity_id", "entity", "at", "id"], name="event_by_entity"),
            models.Index(fields=["at"], name="event_by_time"),
        ]


class Touch(models.Model):
    """A contact with a client: when, by whom, of which kind, how long. Never what was said."""

    class Kind(models.TextChoices):
        CALL_IN = "call_in", _("incoming call")
        CALL_OUT = "call_out", _("outgoing call")
        MESSAGE_IN = "message_in", _("incoming message")
        MESSAGE_OUT = "message_out", _("outgoing message")
        NOTE = "note", _("note")

    id = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind)
    deal = link("Deal")
    contact = link("Contact")
    manager = link("Person")
    seconds = models.IntegerField(default=0)
    updated_at = models.DateTimeField()

    objects = Visible.as_manager()

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        indexes = [
            models.Index(fields=["deal", "at"], name="touch_by_deal"),  # the time line of a deal's card
            # calls of a period
            models.Index(fields=["manager", "at"], include=["kind", "seconds"], name="touch_by_manager"),
        ]


class Stay(models.Model):
    """A piece of a deal's life: one stage, one owner, half-open ``[entered_at, left_at)``.

    Folded from events by ``pipelines.history`` and rewritten whole for touched deals; every analysis reads it. A visit
    to a stage that changed owners has several pieces with one ``visit`` number and one ``visit_since``; the last piece
    of a finished visit carries ``next_stage``. A closing stage is the open last piece, like any other.
    """

    deal = link("Deal", related_name="stays", null=False)
    stage = link("Stage", null=False)
    manager = link("Person")
    visit = models.IntegerField()
    visit_since = models.DateTimeField()
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    next_stage = link("Stage")
    inferred = models.BooleanField(default=False)  # the event of entering never came

    objects = Visible.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["deal", "entered_at"], name="stay_by_deal"),
            # time in stage and conversion of a period
            models.Index(
                fields=["stage", "entered_at"],
                include=["left_at", "next_stage", "manager"],
                name="stay_by_stage",
            ),
            # stage_since of open lists
            models.Index(
                fields=["deal"], include=["visit_since"], name="stay_now", condition=Q(left_at=None)
            ),
        ]


class Cursor(models.Model):
    """How far one entity is mirrored. ``as_of``: everything amoCRM knew at that moment is here.

    ``position`` is the next page or window of an unfinished first load; it moves only after its page is stored.
    """

    class State(models.TextChoices):
        NEW = "new", _("not loaded yet")
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


class Touched(models.Model):
    """A note that a deal's story has changed; it stays until the deal has been folded and handed on for judgement."""

    deal_id = models.BigIntegerField(db_index=True)


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
    """One comparison of the whole mirror with amoCRM (`pipelines.reconcile`). At most one is unfinished.

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
