"""The account that is mirrored, and its dictionaries: what deals and tasks refer to."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from core import account
from pipelines.models.links import link


class AccountQuerySet(models.QuerySet["Account"]):
    """Whatever writes the account here lets the process forget what it knew of it."""

    def update(self, **values: Any) -> int:
        account.forget()
        return super().update(**values)

    def bulk_create(self, *rows: Any, **options: Any) -> list["Account"]:
        account.forget()
        return super().bulk_create(*rows, **options)


@keep_changes(
    names=["name"],
    secret=["credentials", "hook_secret"],
    ignored=["loaded_at", "refused_at", "hooks_since"],
)
class Account(models.Model):
    """The amoCRM account that is mirrored, and the portal's credentials for it (encrypted at rest).

    ``time_zone`` is the account's own, ``chosen_zone`` the one that an administrator wants the portal to go by instead;
    ``loss_field`` is the deal field by which people say why a deal was lost, beside amoCRM's own list of reasons;
    ``pipelines`` are the ids of those whose deals are mirrored, null = all; ``mirrored_since`` is when somebody has
    chosen them and the first load was asked for; ``loaded_at`` is when that load was folded and judged; ``refused_at``
    is since when amoCRM does not let the portal in; ``wants_hooks`` is whether amoCRM shall ring here.
    """

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"), blank=True)
    base_url = models.TextField(_("address"))
    currency = models.CharField(_("currency"), max_length=3, default="RUB")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    chosen_zone = models.CharField(
        _("chosen time zone"), max_length=64, blank=True, default="", db_default="", editable=False
    )
    loss_field = models.BigIntegerField(_("field of the loss reason"), null=True, blank=True, editable=False)
    credentials = models.BinaryField(_("key to amoCRM"), null=True, editable=False)
    pipelines = models.JSONField(_("mirrored pipelines"), null=True, editable=False)
    mirrored_since = models.DateTimeField(_("mirrored since"), null=True, editable=False)
    loaded_at = models.DateTimeField(null=True, editable=False)
    refused_at = models.DateTimeField(null=True, editable=False)
    wants_hooks = models.BooleanField(_("hooks are wanted"), default=True, editable=False)
    hook_secret = models.CharField(_("secret of hooks"), max_length=64, blank=True, editable=False)
    hooks_since = models.DateTimeField(null=True, editable=False)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        account.forget()
        super().save(*args, **options)


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


class PipelineKindQuerySet(models.QuerySet["PipelineKind"]):
    def update(self, **values: Any) -> int:
        account.forget()
        return super().update(**values)


@keep_changes(names=["pipeline"])
class PipelineKind(models.Model):
    """What a pipeline is for, as an administrator has said; one without a row sells. ``pipeline``: its id.

    Only results of pipelines that sell are wins and losses; in those of robots nobody works.
    """

    class Kind(models.TextChoices):
        SALES = "sales", _("sales")
        SERVICE = "service", _("service")
        SUPPLY = "supply", _("supply and delivery")
        ROBOT = "robot", _("robot")

    pipeline = models.BigIntegerField(_("pipeline"), primary_key=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.SALES)

    objects = PipelineKindQuerySet.as_manager()

    class Meta:
        verbose_name = _("kind of a pipeline")
        verbose_name_plural = _("kinds of pipelines")

    def __str__(self) -> str:
        return f"{self.pipeline}: {self.kind}"

    def save(self, *args: Any, **options: Any) -> None:
        account.forget()
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        account.forget()
        return super().delete(*args, **options)


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
