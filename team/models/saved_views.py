"""Pages as somebody has set them up, under a name: his own, and those that he hands to a role."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from core import moment
from core.zone import local_day
from team.models.employees import Role

MOST = 50  # of one person
LONGEST_TITLE, LONGEST_ADDRESS = 60, 2_000
TO_ALL = (Role.DIRECTOR, Role.ADMIN)  # hand views to any role; a head to the managers he leads


def roles_to_share_with(user: Any) -> list[Role]:
    """The roles to which ``user`` may hand a view of his."""
    if user.role in TO_ALL:
        return list(Role)
    return [Role.MANAGER] if user.role == Role.HEAD else []


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: Any) -> "SavedViewQuerySet":
        """His own, and those handed to his role by whoever works here and may do so today. What they show is the pages'
        own affair: each reader sees his own rows there."""
        day = local_day(moment.now())
        given = Q(owner__role__in=TO_ALL)
        if user.role == Role.MANAGER and (head := user.head) is not None:
            given |= Q(owner=head, owner__role=Role.HEAD)
        here = Q(owner__is_active=True) & (Q(owner__left_on=None) | Q(owner__left_on__gte=day))
        return self.filter(Q(owner=user) | given & here & Q(role=user.role))


@keep_changes(names=["title"], only="{row}.role <> ''")  # what is a person's own concerns nobody else
class SavedView(models.Model):
    """``address``: path and query of a page of the portal, checked again whenever it is shown (`web.frame.view_pages`).

    ``role``: to whom it is handed; empty: nobody but its owner.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("whose")
    )
    title = models.CharField(_("name"), max_length=LONGEST_TITLE)
    address = models.CharField(_("address"), max_length=LONGEST_ADDRESS)
    role = models.CharField(_("for whom"), max_length=12, choices=Role, blank=True, default="")
    created_at = models.DateTimeField(_("made"))

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["title", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "title"], name="saved_view_by_name")]

    def __str__(self) -> str:
        return self.title
