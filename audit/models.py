"""The audit: one row a change, written by triggers of the database and by nothing else, and never changed."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChangeQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "ChangeQuerySet":
        """For those who answer for all of it: changes name people, pay and who sees what."""
        return self if user.reads_changes else self.none()


class Change(models.Model):
    """``row`` of ``table`` before and after, whole, as JSON; secrets are masked. What wrote it is told by ``via``.

    ``at`` is the database's clock, which SALESOPS_NOW does not stop. ``user`` and ``user_name`` are empty for what the
    portal did by itself, ``name`` is the command or the task, ``token`` the API token that was used.
    """

    class Act(models.TextChoices):
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        REMOVED = "removed", _("removed")

    class Via(models.TextChoices):
        WEB = "web", _("on a page")
        API = "api", _("over the API")
        TASK = "task", _("by the portal itself")
        COMMAND = "command", _("by a command")
        DIRECT = "direct", _("past the portal, in the database")

    at = models.DateTimeField(_("when"))
    table = models.CharField(_("what"), max_length=63)
    row = models.TextField()
    act = models.CharField(_("act"), max_length=7, choices=Act)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    user = models.BigIntegerField(_("who"), null=True)
    user_name = models.TextField(blank=True)
    via = models.CharField(_("how"), max_length=7, choices=Via)
    name = models.TextField(blank=True)
    token = models.TextField(blank=True)
    address = models.TextField(blank=True)
    url = models.TextField(blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["-at", "-id"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["-at", "-id"], name="change_newest"),  # the page, and the API
            models.Index(fields=["table", "row", "-at"], name="change_of_row"),  # the same of one thing
            models.Index(fields=["user", "-at"], name="change_by_user"),  # the same of one person
        ]

    @property
    def differing(self) -> list[str]:
        """Names of the columns that differ; of what was added or removed, those that hold something."""
        before, after = self.before or {}, self.after or {}
        empty: tuple[Any, ...] = (None, "", [], {})
        return [
            name
            for name in {**before, **after}
            if before.get(name) != after.get(name)
            and not (before.get(name) in empty and after.get(name) in empty)
        ]
