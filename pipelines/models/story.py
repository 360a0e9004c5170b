"""What has happened: events, touches, and the stays they fold into."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipelines.models.links import link
from pipelines.models.visible import Visible


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
            # what somebody has moved from stage to stage, and tasks that he has put off: rules of people
            models.Index(
                fields=["author", "kind", "at"],
                name="event_by_author",
                condition=Q(kind__in=["stage", "deadline"], author__isnull=False),
            ),
        ]


class Touch(models.Model):
    """A contact with a client: when, by whom, of which kind, how long. Never what was said."""

    class Kind(models.TextChoices):
        CALL_IN = "call_in", _("incoming call")
        CALL_OUT = "call_out", _("outgoing call")
        MESSAGE_IN = "message_in", _("incoming message")
        MESSAGE_OUT = "message_out", _("outgoing message")
        NOTE = "note", _("note")

    class Result(models.IntegerChoices):
        """How a call went, as telephony says it."""

        MESSAGE = 1, _("left a message")
        LATER = 2, _("to call back later")
        ABSENT = 3, _("not in place")
        TALKED = 4, _("talked")
        WRONG = 5, _("wrong number")
        NO_ANSWER = 6, _("no answer")
        BUSY = 7, _("line busy")

    id = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind)
    deal = link("Deal")
    contact = link("Contact")
    manager = link("Person")
    seconds = models.IntegerField(default=0)
    result = models.SmallIntegerField(null=True, choices=Result)
    updated_at = models.DateTimeField()

    objects = Visible.as_manager()

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        indexes = [
            models.Index(fields=["deal", "at"], name="touch_by_deal"),  # the time line of a deal's card
            # calls on the client's card, for the deals of his that were open then
            models.Index(
                fields=["contact", "at"],
                name="touch_by_contact",
                condition=Q(deal=None, contact__isnull=False),
            ),
            # calls of a period
            models.Index(fields=["manager", "at"], include=["kind", "seconds"], name="touch_by_manager"),
        ]


class Stay(models.Model):
    """A piece of a deal's life: one stage, one owner, half-open ``[entered_at, left_at)``.

    Folded from events by ``timeline.folding`` and rewritten whole for touched deals; every analysis reads it. A visit
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
            # time in stage and conversion of a period; the picture of visits on a regulation
            models.Index(
                fields=["stage", "entered_at"],
                include=["left_at", "next_stage", "manager", "deal", "visit_since", "inferred"],
                name="stay_by_stage",
            ),
            # whose deals a month's open cases stand on: without it, all stays are looked through for one person
            models.Index(fields=["manager", "left_at"], include=["deal", "stage"], name="stay_by_manager"),
        ]
