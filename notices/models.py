"""What is told to whom: notices, the steps of their chains, and a row for every delivery."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from team.links import by_whom


class Channel(models.TextChoices):
    PAGE = "page", _("bell in the portal")
    TELEGRAM = "telegram", "Telegram"
    EMAIL = "email", _("e-mail")


@keep_changes()
class Policy(models.Model):
    """What the admin allows; one row. ``kinds`` is ``{code: {"on", "loud", "must", "ahead", "after"}}``, minutes.

    ``started_at``: nothing that happened before is told. ``per_shift``: so many messages of a shift come singly, the
    rest in heaps.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    channels = models.JSONField(_("channels"), default=list)
    kinds = models.JSONField(_("kinds"), default=dict)
    per_shift = models.PositiveSmallIntegerField(_("single messages a shift"), default=3)
    started_at = models.DateTimeField(_("told since"), null=True)

    class Meta:
        verbose_name = _("policy of notices")
        verbose_name_plural = _("policies of notices")


@keep_changes(names=["employee"])
class Preference(models.Model):
    """What somebody wishes: channels in order, kinds that shall not ring, hours of quiet, and whether a digest."""

    employee = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    channels = models.JSONField(_("channels"), default=list)
    muted = models.JSONField(_("kinds that do not ring"), default=list)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)

    class Meta:
        verbose_name = _("wishes about notices")
        verbose_name_plural = _("wishes about notices")


@keep_changes(names=["employee", "title"], ignored=["sent_at", "paused_until"])
class Address(models.Model):
    """Where a channel reaches somebody, or a group chat (without an employee).

    Nothing goes there before whoever asked for the link has confirmed on his page that the chat is his.
    ``stopped_at``: nothing arrives there any more, ``stopped_why`` says why. ``paused_until``: the other side asked to
    wait. ``sent_at`` is when it was last written to, which paces it.
    """

    class Chat(models.TextChoices):
        PRIVATE = "private", _("private chat")
        GROUP = "group", _("group chat")
        MAIL = "mail", _("mailbox")

    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    chat = models.CharField(_("kind of the chat"), max_length=7, choices=Chat, default=Chat.PRIVATE)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notice_addresses",
        verbose_name=_("employee"),
    )
    value = models.CharField(_("where"), max_length=254)
    thread = models.BigIntegerField(_("topic"), null=True, blank=True)
    title = models.CharField(_("title"), max_length=255, blank=True)
    linked_at = models.DateTimeField(_("linked at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    linked_by = by_whom(_("linked by"))
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    stopped_why = models.TextField(_("why stopped"), blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "value", "thread"], name="address_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.title or self.value


@keep_changes(names=["address", "kind"])
class Subscription(models.Model):
    """Which kinds a group chat gets, and about whose work: everybody's, or that of a head's people."""

    address = models.ForeignKey(
        Address, models.CASCADE, related_name="subscriptions", verbose_name=_("address")
    )
    kind = models.CharField(_("kind"), max_length=40)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("head"),
    )

    class Meta:
        verbose_name = _("subscription of a chat")
        verbose_name_plural = _("subscriptions of chats")
        constraints = [
            models.UniqueConstraint(
                fields=["address", "kind", "head"], name="subscription_once", nulls_distinct=False
            )
        ]


class LinkCode(models.Model):
    """A one-time code that binds a chat to ``employee`` (``group``: a group chat, on his word). Kept as a digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    group = models.BooleanField(default=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("code for a chat")
        verbose_name_plural = _("codes for chats")


class Notice(models.Model):
    """A fact that is told, once: (kind, key). ``at`` is its moment, ``until`` when it is stale.

    ``fixed_at``: it is so no more. ``answer`` is the last button that somebody pressed. The steps of its chain
    (`Step`) are planned when it is noted, so that a changed policy does not bend a running one.
    """

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    person_id = models.BigIntegerField(null=True)
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    finding = models.ForeignKey(
        "qc.Finding", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    deal = models.ForeignKey(
        "pipelines.Deal", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    values = models.JSONField(default=dict)
    noted_at = models.DateTimeField()
    fixed_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=10, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="notice_once")]
        indexes = [
            # is the finding told already: the reading of facts at every tick
            models.Index(fields=["finding", "kind"], name="notice_of_finding"),
            # what may have been fixed since: the same tick
            models.Index(fields=["at"], name="notice_open", condition=Q(fixed_at=None)),
        ]


class Step(models.Model):
    """A rung of a notice's chain with the moment at which it is due; ``done_at``: climbed, or no longer needed."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    audience = models.CharField(max_length=10)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    told = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("step of a notice")
        verbose_name_plural = _("steps of notices")
        constraints = [models.UniqueConstraint(fields=["notice", "number"], name="step_once")]
        indexes = [
            # steps that are due
            models.Index(fields=["due_at"], name="step_due", condition=Q(done_at=None)),
        ]


class DeliveryQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "DeliveryQuerySet":
        """An admin, a director and a controller see everybody's; others what was said to themselves, and a head what
        was said to his people."""
        if user.sees is None and user.role in ("admin", "director", "controller"):
            return self
        own = Q(employee=user)
        if user.role == "head" and user.sees:
            own |= Q(employee__person_id__in=user.sees)
        return self.filter(own)

    def bell_of(self, user: Any, now: Any) -> "DeliveryQuerySet":
        """What stands behind somebody's bell, the newest first."""
        rows = self.filter(employee=user, channel=Channel.PAGE, state=Delivery.State.SENT, due_at__lte=now)
        return rows.order_by("-due_at", "-id")


class Delivery(models.Model):
    """One message of a notice to one recipient on one channel.

    queued → sending (claimed, with a lease) → sent · failed (for good, with a reason) · unknown (nobody knows whether
    it arrived) · dropped (no longer needed). A repeat of what is unknown is a row of its own, ``copy`` 1 or 2.
    Several that go out as one message name the ``lead`` whose ``remote_id`` it is. ``shown`` and ``wanted`` are
    revisions: while they differ the message is to be edited.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waits")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("delivered")
        FAILED = "failed", _("not delivered")
        UNKNOWN = "unknown", _("not confirmed")
        DROPPED = "dropped", _("no longer needed")

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    recipient = models.CharField(max_length=30)  # "e:12" an employee, "a:7" a group chat
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="notice_deliveries"
    )
    address = models.ForeignKey(Address, models.SET_NULL, null=True, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    step = models.PositiveSmallIntegerField(default=0)
    copy = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    handed_at = models.DateTimeField(null=True)  # the moment before the first byte of this attempt left
    attempts = models.PositiveSmallIntegerField(default=0)
    lead = models.ForeignKey("self", models.SET_NULL, null=True, related_name="members")
    remote_id = models.CharField(max_length=120, blank=True)
    text = models.TextField(_("text"), blank=True)
    reason = models.TextField(_("reason"), blank=True)
    shown = models.PositiveSmallIntegerField(default=0)
    wanted = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-due_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "recipient", "channel", "copy"], name="delivery_once")
        ]
        indexes = [
            # what the sender claims next
            models.Index(fields=["due_at", "id"], name="delivery_due", condition=Q(state="queued")),
            # claims whose lease has run out; whether an address is being written to
            models.Index(fields=["address"], name="delivery_sending", condition=Q(state="sending")),
            # messages to be edited
            models.Index(
                fields=["address", "id"],
                name="delivery_to_edit",
                condition=Q(state="sent") & ~Q(wanted=F("shown")),
            ),
            # the bell; what somebody was told
            models.Index(fields=["employee", "channel", "-due_at"], name="delivery_of_person"),
            # how many messages went to an address this shift
            models.Index(fields=["address", "-sent_at"], name="delivery_by_address"),
        ]


class BotUpdate(models.Model):
    """What the bot has heard, kept before the other side is told that it was; handled once, with a lease."""

    update_id = models.BigIntegerField(primary_key=True)
    body = models.JSONField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("update of the bot")
        verbose_name_plural = _("updates of the bot")
        indexes = [
            models.Index(fields=["update_id"], name="update_waiting", condition=Q(handled_at=None)),
        ]


class ChannelState(models.Model):
    """How a channel as a whole stands: until when it rests, why it is stopped, and when it last worked.

    ``beat_at`` is the sender's heartbeat; ``name`` is the bot's user name.
    """

    channel = models.CharField(max_length=8, primary_key=True, choices=Channel)
    stopped_at = models.DateTimeField(null=True)
    stopped_why = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("state of a channel")
        verbose_name_plural = _("states of channels")


# Models that stand in files of their own.
from notices.alert_models import Alert as Alert
from notices.alert_models import AlertMute as AlertMute
from notices.decision_models import Decision as Decision
from notices.decision_models import DecisionDeal as DecisionDeal
from notices.decision_models import Hidden as Hidden
from notices.decision_models import KeptProposals as KeptProposals
from notices.report_models import Report as Report
from notices.silence_models import Silence as Silence
